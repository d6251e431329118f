"""The keys' secret, changed by several at once, and over a network that loses answers."""

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from cli.errors import CommandError
from cli.key_secret import KeySecret
from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import Verb, make_key
from tests.faults.garbage_faults import GARBAGE
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of
from tests.support.keys import keep_ring, ring_of
from tests.support.one_answer import answering

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
MOVE = "secretsmanager.UpdateSecretVersionStage"
PROXYS_FAILURE = ClientError(
    {"Error": {"Code": "503", "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 503}},  # type: ignore[typeddict-item]
    "UpdateSecretVersionStage",
)


@pytest.fixture
def client(emulated_aws: EmulatedAws) -> "SecretsManagerClient":
    """A client of one person's own."""
    return aws_clients_of(emulated_aws).secretsmanager


@pytest.fixture
def empty(aws_clients: AwsClients) -> str:
    """A secret without keys, as CloudFormation makes it."""
    return keep_ring(aws_clients.secretsmanager, KeyRing())


@pytest.fixture
def secret(client: "SecretsManagerClient") -> KeySecret:
    """A secret that has its first key."""
    return KeySecret(client=client, arn=keep_ring(client, ring_of("the-first-key")))


def adding(name: str) -> Callable[[KeyRing], KeyRing]:
    kept = make_key(name, workflows=["*"], verbs=Verb, created_at=NOW)[1]
    return lambda ring: ring.with_key(kept)


def names(secret: KeySecret) -> list[str]:
    return sorted(key.name for key in secret.read())


def together(aws: EmulatedAws, arn: str, *works: Callable[[KeySecret], object]) -> list[object]:
    """Let people work on a secret, each of whom has read it before one of them writes."""
    all_have_read = threading.Barrier(len(works))

    def work(do: Callable[[KeySecret], object]) -> object:
        client, waited = aws_clients_of(aws).secretsmanager, threading.Event()

        def wait_once(**_: object) -> None:
            if not waited.is_set():
                waited.set()
                all_have_read.wait(60)

        client.meta.events.register("before-call.secretsmanager.PutSecretValue", wait_once)
        return do(KeySecret(client=client, arn=arn))

    with ThreadPoolExecutor(len(works)) as people:
        return list(people.map(work, works))


def test_what_others_change_at_the_same_time_is_not_lost(
    emulated_aws: EmulatedAws, client: "SecretsManagerClient"
) -> None:
    arn = keep_ring(client, ring_of("the-first-key"))

    together(emulated_aws, arn, lambda it: it.change(adding("one")), lambda it: it.change(adding("other")))

    assert names(KeySecret(client=client, arn=arn)) == ["first", "one", "other"]


def test_of_two_who_make_the_first_key_at_once_one_gets_it(
    emulated_aws: EmulatedAws, client: "SecretsManagerClient", empty: str
) -> None:
    make = partial(KeySecret.make_first, created_at=NOW)

    made = together(emulated_aws, empty, make, make)

    [key] = [each for each in made if each is not None]
    [kept] = KeySecret(client=client, arn=empty).read()
    assert KeyRing((kept,)).find(str(key).encode()) == kept


def test_a_key_that_is_added_while_the_first_one_is_made_is_not_lost(
    emulated_aws: EmulatedAws, client: "SecretsManagerClient", empty: str
) -> None:
    [first, _] = together(emulated_aws, empty, lambda it: it.make_first(NOW), lambda it: it.change(adding("shop")))

    # Whoever is later finds a key: another is added to the first, but none is the first beside another.
    assert names(KeySecret(client=client, arn=empty)) == (["shop"] if first is None else ["first", "shop"])


def test_the_first_key_is_made_once_and_nothing_is_written_again(client: "SecretsManagerClient", empty: str) -> None:
    secret = KeySecret(client=client, arn=empty)
    key = secret.make_first(NOW)
    version = client.get_secret_value(SecretId=empty, VersionStage="AWSCURRENT")["VersionId"]

    assert key is not None
    assert secret.make_first(NOW) is None
    assert client.get_secret_value(SecretId=empty, VersionStage="AWSCURRENT")["VersionId"] == version
    assert secret.read().find(key.encode()) is not None


@pytest.mark.parametrize("lost_by", [ReadTimeoutError(endpoint_url="https://aws"), PROXYS_FAILURE], ids=["cut", "503"])
def test_the_first_key_is_told_though_the_answer_was_lost(
    client: "SecretsManagerClient", empty: str, lost_by: Exception
) -> None:
    lost = iter([lost_by])

    def lose(**_: object) -> None:
        if error := next(lost, None):
            raise error

    client.meta.events.register(f"after-call.{MOVE}", lose)
    secret = KeySecret(client=client, arn=empty)

    key = secret.make_first(NOW)

    assert next(lost, None) is None
    assert key is not None
    assert [kept.name for kept in secret.read()] == ["first"]
    assert secret.read().find(key.encode()) is not None


def test_a_key_is_added_once_though_the_answer_was_lost_and_the_next_try_was_refused(
    secret: KeySecret, client: "SecretsManagerClient"
) -> None:
    """So it is where botocore tries again by itself: the label has moved, and the second try fails."""
    refusal = {"Error": {"Code": "InvalidParameterException", "Message": "It is not current any more."}}
    lost = iter([ClientError(refusal, "UpdateSecretVersionStage")])  # type: ignore[arg-type]

    def lose(**_: object) -> None:
        if error := next(lost, None):
            raise error

    client.meta.events.register(f"after-call.{MOVE}", lose)

    secret.change(adding("ci"))

    assert next(lost, None) is None
    assert names(secret) == ["ci", "first"]


def test_where_the_key_could_not_be_made_current_none_is_told_and_the_next_try_makes_it(
    client: "SecretsManagerClient", empty: str
) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "No."}}, "UpdateSecretVersionStage")

    secret = KeySecret(client=client, arn=empty)
    client.meta.events.register(f"before-call.{MOVE}", refuse)
    with pytest.raises(CommandError, match="AccessDenied") as error:
        secret.make_first(NOW)
    client.meta.events.unregister(f"before-call.{MOVE}", refuse)

    assert "UpdateSecretVersionStage" in error.value.hint
    assert names(secret) == []
    assert secret.make_first(NOW) is not None
    assert names(secret) == ["first"]


def test_a_change_gives_up_where_others_are_always_faster(secret: KeySecret) -> None:
    def while_another_changes(ring: KeyRing) -> KeyRing:
        secret.change(adding(f"k{len(ring.keys)}"))
        return adding("mine")(ring)

    with pytest.raises(CommandError, match="all the time"):
        secret.change(while_another_changes)


@pytest.mark.parametrize("text", ['{"user": "admin"}', "a-key-by-itself"])
def test_a_secret_that_holds_something_else_is_one_sentence_and_is_left_alone(
    client: "SecretsManagerClient", empty: str, text: str
) -> None:
    client.put_secret_value(SecretId=empty, SecretString=text)
    secret = KeySecret(client=client, arn=empty)

    with pytest.raises(CommandError, match="no ring of API keys") as error:
        secret.make_first(NOW)

    assert "begin anew" in error.value.hint
    assert text not in str(error.value)
    assert client.get_secret_value(SecretId=empty, VersionStage="AWSCURRENT")["SecretString"] == text


@pytest.mark.parametrize("answer", [*GARBAGE, (200, b"{}")], ids=str)
def test_answer_that_is_none_of_the_secrets_is_one_sentence(answer: tuple[int, bytes]) -> None:
    with answering(*answer) as strange:
        secret = KeySecret(client=aws_clients_of(strange).secretsmanager, arn="arn")

        with pytest.raises(CommandError, match="The keys can't be had"):
            secret.read()
        with pytest.raises(CommandError, match="The keys can't be had"):
            secret.change(lambda ring: ring)


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
