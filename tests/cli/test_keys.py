"""`tailrace keys` over a running `tailrace dev` and over a deployed stage, as its user types it."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import boto3
import httpx
import pytest
from botocore.config import Config

from cli.errors import CommandError
from cli.key_secret import KeySecret
from cli.preparation import keep_key
from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import Verb, make_key
from tests.cli.test_deployment import deploy
from tests.faults.garbage_faults import GARBAGE
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of
from tests.support.command import Ended, tailrace
from tests.support.dev import Dev, running_dev
from tests.support.one_answer import answering


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running_dev(tmp_path_factory.mktemp("project")) as dev:
        yield dev


@pytest.fixture
def secret(aws_clients: AwsClients) -> KeySecret:
    client = aws_clients.secretsmanager
    return KeySecret(client=client, arn=keep_key(client, f"keys-{uuid4().hex}", "of-the-deployment"))


def status(dev: Dev, key: str, method: str = "GET", path: str = "/pipelines") -> int:
    answer = httpx.request(
        method, f"{dev.system.api_url}{path}", headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=30
    )
    return answer.status_code


def test_keys_of_what_runs_no_more_are_asked_for_with_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "local")
    config = Config(proxies={}, retries={"total_max_attempts": 1})
    with socket.socket() as nobody_listens:
        nobody_listens.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody_listens.getsockname()[1]}"
        client = boto3.client("secretsmanager", endpoint_url=url, region_name="us-east-1", config=config)
        with pytest.raises(CommandError, match="can't be had") as told:
            KeySecret(client=client, arn="gone").read()

    assert "`tailrace dev`" in told.value.hint


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
    assert first == "first  run, read, clear, mint  *  with the deployment"
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


@pytest.mark.parametrize("rate", ["0", "60001", "many"])
def test_a_rate_that_cannot_be_kept_makes_no_key(dev: Dev, rate: str) -> None:
    assert tailrace("keys", "add", "till", "--rate", rate, folder=dev.folder).code != 0
    assert "till" not in tailrace("keys", "list", folder=dev.folder).out


@pytest.fixture
def stage(emulated_aws: EmulatedAws, aws_clients: AwsClients, monkeypatch: pytest.MonkeyPatch) -> str:
    """A deployed stage, whose secret is the key that it was deployed with."""
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    name = f"s{uuid4().hex[:8]}"
    arn = keep_key(aws_clients.secretsmanager, f"keys-{uuid4().hex}", "of-the-deployment")
    deploy(name, {"ApiUrl": "http://127.0.0.1:1", "StreamUrl": "http://127.0.0.1:1", "ApiKeySecret": arn})
    return name


def of_stage(stage: str, *arguments: str, folder: Path) -> Ended:
    return tailrace(*arguments, "--stage", stage, folder=folder)


def test_the_keys_of_a_stage_are_managed_with_its_first_key_among_them(stage: str, tmp_path: Path) -> None:
    key = of_stage(stage, "keys", "add", "ci", folder=tmp_path).out.strip()

    arn = boto3.client("cloudformation").describe_stacks(StackName=f"Tailrace-{stage}-WorkflowApi")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in arn["Stacks"][0]["Outputs"]}
    text = boto3.client("secretsmanager").get_secret_value(SecretId=outputs["ApiKeySecret"], VersionStage="AWSCURRENT")[
        "SecretString"
    ]
    ring = KeyRing.of(text)
    assert {kept.name for kept in ring} == {"first", "ci"}
    assert ring.find(b"of-the-deployment") is not None
    assert ring.find(key.encode()) is not None
    assert "of-the-deployment" not in text
    assert key not in text


def test_a_stage_whose_keys_are_hashes_asks_for_a_key(stage: str, tmp_path: Path) -> None:
    of_stage(stage, "keys", "add", "ci", folder=tmp_path)

    result = of_stage(stage, "list", folder=tmp_path)

    assert result.code == 1
    assert f"The keys of the stage {stage} are kept as hashes" in result.err
    assert "--key or TAILRACE_API_KEY" in result.err


def test_who_revokes_the_last_key_is_told(stage: str, tmp_path: Path) -> None:
    revoked = of_stage(stage, "keys", "revoke", "first", folder=tmp_path)

    assert revoked.code == 0
    assert "nobody can use the API until you add another" in revoked.err
    assert of_stage(stage, "keys", "list", folder=tmp_path).out.startswith("There are no keys")


def test_what_others_change_at_the_same_time_is_not_lost(secret: KeySecret) -> None:
    both_have_read = threading.Barrier(2)
    waited = threading.local()

    def add(name: str) -> None:
        def with_key(ring: KeyRing) -> KeyRing:
            if not hasattr(waited, "once"):
                waited.once = True
                both_have_read.wait(60)
            return ring.with_key(make_key(name, workflows=["*"], verbs=Verb, created_at=datetime.now(UTC))[1])

        secret.change(with_key)

    with ThreadPoolExecutor(2) as people:
        list(people.map(add, ["one", "other"]))

    assert {key.name for key in secret.read()} == {"first", "one", "other"}


def test_a_change_gives_up_where_others_are_always_faster(secret: KeySecret) -> None:
    def while_another_changes(ring: KeyRing) -> KeyRing:
        name = f"k{len(ring.keys)}"
        secret.change(
            lambda it: it.with_key(make_key(name, workflows=["*"], verbs=Verb, created_at=datetime.now(UTC))[1])
        )
        return ring

    with pytest.raises(CommandError, match="all the time"):
        secret.change(while_another_changes)


def test_a_secret_that_holds_something_else_is_one_sentence_and_is_left_alone(aws_clients: AwsClients) -> None:
    arn = keep_key(aws_clients.secretsmanager, f"keys-{uuid4().hex}", '{"user": "admin"}')
    secret = KeySecret(client=aws_clients.secretsmanager, arn=arn)

    with pytest.raises(CommandError, match="no ring of API keys"):
        secret.change(lambda ring: ring)

    kept = aws_clients.secretsmanager.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")
    assert kept["SecretString"] == '{"user": "admin"}'


@pytest.mark.parametrize("answer", [*GARBAGE, (200, b"{}")], ids=str)
def test_answer_that_is_none_of_the_secrets_is_one_sentence(answer: tuple[int, bytes]) -> None:
    with answering(*answer) as strange:
        secret = KeySecret(client=aws_clients_of(strange).secretsmanager, arn="arn")

        with pytest.raises(CommandError, match="The keys can't be had"):
            secret.read()
        with pytest.raises(CommandError, match="The keys can't be had"):
            secret.change(lambda ring: ring)
