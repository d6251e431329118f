"""`tailrace keys` over a running `tailrace dev` and over a deployed stage, as its user types it."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from lambdas.workflow_api.key_ring import KeyRing
from tests.cli.test_deployment import deploy
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.command import Ended, tailrace
from tests.support.dev import Dev, greeting, running_dev
from tests.support.keys import keep_ring


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("project")) as dev:
        yield dev


def status(dev: Dev, key: str, method: str = "GET", path: str = "/pipelines") -> int:
    answer = httpx.request(
        method, f"{dev.system.api_url}{path}", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=30
    )
    return answer.status_code


def test_a_key_is_added_used_and_revoked_while_the_first_one_goes_on(dev: Dev) -> None:
    added = tailrace("keys", "add", "ci", "--workflow", "p_hello", "--verb", "run", folder=dev.folder)
    key = added.out.strip()

    assert (added.code, added.out) == (0, f"{key}\n")
    assert "ci  run  p_hello" in added.err
    dev.expect(lambda: status(dev, key, "POST", "/pipelines/p_hello/events") == 200)
    assert status(dev, key) == 403
    assert status(dev, dev.system.api_key) == 200

    revoked = tailrace("keys", "revoke", "ci", folder=dev.folder)

    assert (revoked.code, revoked.out) == (0, "")
    assert "'ci' is revoked" in revoked.err
    assert [line.split()[0] for line in tailrace("keys", "list", folder=dev.folder).out.splitlines()] == ["first"]


def test_the_list_says_what_each_key_may_and_shows_none(dev: Dev) -> None:
    added = tailrace("keys", "add", "shop", "--workflow", "p_shop_*", "--workflow", "p_hello", folder=dev.folder)

    listed = tailrace("keys", "list", folder=dev.folder)
    described = json.loads(tailrace("keys", "list", "--json", folder=dev.folder).out)
    tailrace("keys", "revoke", "shop", folder=dev.folder)

    first, shop = listed.out.splitlines()
    assert first.startswith("first  run, read, clear, mint  *  20")
    assert shop.startswith("shop   run, read  p_shop_*, p_hello  20")
    assert [each["name"] for each in described] == ["first", "shop"]
    assert described[1]["workflows"] == ["p_shop_*", "p_hello"]
    assert added.out.strip() not in listed.out + json.dumps(described)


def test_a_key_with_a_rate_is_refused_beyond_it_and_the_others_are_not(dev: Dev) -> None:
    added = tailrace("keys", "add", "till", "--rate", "1", folder=dev.folder)
    key = added.out.strip()
    listed = tailrace("keys", "list", folder=dev.folder)

    assert "1 a minute" in added.err
    assert "till" in listed.out
    assert "1 a minute" in listed.out
    dev.expect(lambda: status(dev, key) == 429)
    assert status(dev, dev.system.api_key) == 200
    tailrace("keys", "revoke", "till", folder=dev.folder)


def test_command_whose_key_was_revoked_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    with running_dev(tmp_path) as dev:
        tailrace("keys", "revoke", "first", folder=tmp_path)
        dev.write_workflow("another", greeting("p_another", "first"))  # the API that runs from here on never knew it

        refused = [tailrace(*command, folder=tmp_path) for command in (["list"], ["invoke", "p_hello"])]
        given = tailrace("list", "--key", "another", folder=tmp_path)
        key = tailrace("keys", "add", "me", folder=tmp_path).out.strip()

        assert [each.code for each in refused] == [1, 1]
        assert all("was revoked: make another with `tailrace keys add NAME`" in each.err for each in refused)
        assert "Make one with `tailrace keys first`" in given.err
        dev.expect(lambda: tailrace("list", folder=tmp_path, variables={"TAILRACE_API_KEY": key}).code == 0)


@pytest.mark.parametrize("rate", ["0", "60001", "many"])
def test_a_rate_that_cannot_be_kept_makes_no_key(dev: Dev, rate: str) -> None:
    assert tailrace("keys", "add", "till", "--rate", rate, folder=dev.folder).code != 0
    assert "till" not in tailrace("keys", "list", folder=dev.folder).out


@pytest.fixture
def secret(aws_clients: AwsClients) -> str:
    """A stage's secret, as CloudFormation makes it."""
    return keep_ring(aws_clients.secretsmanager, KeyRing())


@pytest.fixture
def stage(emulated_aws: EmulatedAws, secret: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stage that was deployed, and has no keys yet."""
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    name = f"s{uuid4().hex[:8]}"
    deploy(name, {"ApiUrl": "http://127.0.0.1:1", "StreamUrl": "http://127.0.0.1:1", "ApiKeySecret": secret})
    return name


def texts_of(clients: AwsClients, secret: str) -> list[str]:
    """The text of each version that AWS keeps of a secret, the one that counts first."""
    client = clients.secretsmanager
    kept = client.list_secret_version_ids(SecretId=secret, IncludeDeprecated=True)["Versions"]
    kept.sort(key=lambda version: "AWSCURRENT" not in version.get("VersionStages", []))
    return [client.get_secret_value(SecretId=secret, VersionId=each["VersionId"])["SecretString"] for each in kept]


def of_stage(stage: str, *arguments: str, folder: Path) -> Ended:
    return tailrace(*arguments, "--stage", stage, folder=folder)


def test_a_stage_gets_its_first_key_once_and_keeps_hashes_alone(
    stage: str, secret: str, aws_clients: AwsClients, tmp_path: Path
) -> None:
    made = of_stage(stage, "keys", "first", folder=tmp_path)
    key = made.out.strip()
    again = of_stage(stage, "keys", "first", folder=tmp_path)
    added = of_stage(stage, "keys", "add", "ci", folder=tmp_path).out.strip()

    assert (made.code, made.out) == (0, f"{key}\n")
    assert key.startswith("tailrace_")
    assert (again.code, again.out) == (1, "")
    assert "There are keys already" in again.err
    texts = texts_of(aws_clients, secret)
    ring = KeyRing.of(texts[0])
    assert [ring.find(each.encode()) for each in (key, added)] == list(ring)
    assert [kept.name for kept in ring] == ["first", "ci"]
    assert not any(each in text for text in texts for each in (key, added))


def test_a_key_for_some_workflows_may_be_the_first_there_is(stage: str, tmp_path: Path) -> None:
    of_stage(stage, "keys", "add", "shop", "--workflow", "p_shop_*", folder=tmp_path)

    listed = of_stage(stage, "keys", "list", folder=tmp_path)

    assert [line.split()[0] for line in listed.out.splitlines()] == ["shop"]


def test_a_command_that_takes_a_key_asks_for_it(stage: str, tmp_path: Path) -> None:
    of_stage(stage, "keys", "first", folder=tmp_path)

    result = of_stage(stage, "list", folder=tmp_path)

    assert result.code == 1
    assert f"The key to the stage {stage} is not known" in result.err
    assert "--key, or set TAILRACE_API_KEY" in result.err


def test_who_revokes_the_last_key_is_told(stage: str, tmp_path: Path) -> None:
    of_stage(stage, "keys", "first", folder=tmp_path)

    revoked = of_stage(stage, "keys", "revoke", "first", folder=tmp_path)

    assert revoked.code == 0
    assert "nobody can use the API until you add another" in revoked.err
    assert of_stage(stage, "keys", "list", folder=tmp_path).out.startswith("There are no keys")
