import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.key_source import SecretKeys
from lambdas.workflow_api.keys import Verb, make_key
from lambdas.workflow_api.problems import Problem
from tests.support.keys import keep_ring, ring_of

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

MINUTE = 60.0


class Clock:
    def __init__(self) -> None:
        self.time = 1_767_225_600.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def secrets_manager() -> Iterator["SecretsManagerClient"]:
    with mock_aws():
        yield boto3.client(
            "secretsmanager", region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local"
        )


@pytest.fixture
def arn(secrets_manager: "SecretsManagerClient") -> str:
    return keep_ring(secrets_manager, ring_of("first-key"))


@pytest.fixture
def keys(secrets_manager: "SecretsManagerClient", arn: str, clock: Clock) -> SecretKeys:
    return SecretKeys(client=secrets_manager, arn=arn, now=clock)


@pytest.fixture
def reads(secrets_manager: "SecretsManagerClient") -> Counter[str]:
    """How often the secret was read."""
    counter: Counter[str] = Counter()

    def count(**_: object) -> None:
        counter["GetSecretValue"] += 1

    secrets_manager.meta.events.register("before-call.secretsmanager.GetSecretValue", count)
    return counter


async def name_of(keys: SecretKeys, key: bytes) -> str | None:
    found = await keys.find(key)
    return found.name if found else None


async def test_a_secret_is_read_at_the_first_request(keys: SecretKeys) -> None:
    assert await name_of(keys, b"first-key") == "first"
    assert await name_of(keys, b"second-key") is None


async def test_a_secret_is_not_read_again_for_a_minute(
    keys: SecretKeys, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await keys.find(b"first-key")
    secrets_manager.put_secret_value(SecretId=arn, SecretString=ring_of("second-key").text())

    clock.time += 50
    assert await keys.find(b"first-key")
    clock.time += 10
    assert await keys.find(b"first-key") is None
    assert await keys.find(b"second-key")


async def test_a_key_is_admitted_as_soon_as_it_is_used_and_another_one_as_before(
    keys: SecretKeys, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await keys.find(b"first-key")
    ring = ring_of("first-key")
    key, ci = make_key("ci", workflows=["p_hello"], verbs=[Verb.RUN], created_at=datetime.now(UTC))
    secrets_manager.put_secret_value(SecretId=arn, SecretString=ring.with_key(ci).text())

    clock.time += 16
    assert await keys.find(key.encode()) == ci
    assert await name_of(keys, b"first-key") == "first"


async def test_unknown_keys_cannot_make_the_secret_be_read_for_each_request(
    keys: SecretKeys, reads: Counter[str], clock: Clock
) -> None:
    for _ in range(60):
        assert await keys.find(b"wrong") is None
        clock.time += 1

    assert reads["GetSecretValue"] <= 5


async def test_requests_that_come_together_read_the_secret_once_and_all_wait_for_it(
    keys: SecretKeys, reads: Counter[str]
) -> None:
    found = await asyncio.gather(*(name_of(keys, b"first-key") for _ in range(20)))

    assert found == ["first"] * 20
    assert reads["GetSecretValue"] == 1


async def test_keys_that_cannot_be_read_again_serve_for_an_hour(
    keys: SecretKeys, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await keys.find(b"first-key")
    secrets_manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    clock.time += 50 * MINUTE
    assert await keys.find(b"first-key")
    clock.time += 11 * MINUTE
    with pytest.raises(Problem) as caught:
        await keys.find(b"first-key")
    assert caught.value.status == 503


@pytest.mark.parametrize("text", [" ", "a-key-by-itself", '{"ci": {}}'])
async def test_a_secret_that_holds_no_keys_admits_nobody(
    keys: SecretKeys,
    arn: str,
    secrets_manager: "SecretsManagerClient",
    text: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secrets_manager.put_secret_value(SecretId=arn, SecretString=text)

    with pytest.raises(Problem) as caught:
        await keys.find(text.encode())

    assert caught.value.status == 503
    assert caught.value.headers == {"Retry-After": "15"}
    assert "value_not_read" in caplog.messages


async def test_an_empty_ring_admits_nobody_says_so_and_is_no_failure(
    keys: SecretKeys, arn: str, secrets_manager: "SecretsManagerClient", caplog: pytest.LogCaptureFixture
) -> None:
    secrets_manager.put_secret_value(SecretId=arn, SecretString=KeyRing().text())

    assert await keys.find(b"first-key") is None
    assert keys.empty
    assert "value_not_read" not in caplog.messages


async def test_the_first_key_of_all_is_admitted_within_seconds(
    keys: SecretKeys, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    secrets_manager.put_secret_value(SecretId=arn, SecretString=KeyRing().text())
    assert await keys.find(b"first-key") is None
    secrets_manager.put_secret_value(SecretId=arn, SecretString=ring_of("first-key").text())

    clock.time += 16
    assert await name_of(keys, b"first-key") == "first"
    assert not keys.empty
