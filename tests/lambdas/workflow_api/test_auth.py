from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from lambdas.workflow_api.auth import FixedKey, SecretKey
from lambdas.workflow_api.problems import Problem

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
    return secrets_manager.create_secret(Name="api-key", SecretString="first\n")["ARN"]


@pytest.fixture
def key(secrets_manager: "SecretsManagerClient", arn: str, clock: Clock) -> SecretKey:
    return SecretKey(client=secrets_manager, arn=arn, now=clock)


async def test_a_fixed_key_admits_itself_alone() -> None:
    key = FixedKey("first")

    assert await key.admits(b"first")
    assert not await key.admits(b"firs")
    assert not await key.admits("fürst".encode())


async def test_a_secret_is_read_at_the_first_request(key: SecretKey) -> None:
    assert await key.admits(b"first")
    assert not await key.admits(b"second")


async def test_a_secret_is_not_read_again_for_five_minutes(
    key: SecretKey, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await key.admits(b"first")
    secrets_manager.put_secret_value(SecretId=arn, SecretString="second")

    clock.time += 4 * MINUTE
    assert await key.admits(b"first")
    clock.time += 2 * MINUTE
    assert not await key.admits(b"first")
    assert await key.admits(b"second")


async def test_a_rotated_key_is_admitted_as_soon_as_it_is_used(
    key: SecretKey, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await key.admits(b"first")
    secrets_manager.put_secret_value(SecretId=arn, SecretString="second")

    clock.time += 16
    assert await key.admits(b"second")
    assert not await key.admits(b"first")


async def test_wrong_keys_cannot_make_the_secret_be_read_for_each_request(
    key: SecretKey, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    reads = 0

    def count(**_: object) -> None:
        nonlocal reads
        reads += 1

    secrets_manager.meta.events.register("before-call.secretsmanager.GetSecretValue", count)
    for _ in range(60):
        assert not await key.admits(b"wrong")
        clock.time += 1

    assert reads <= 5


async def test_a_key_that_cannot_be_read_again_serves_for_an_hour(
    key: SecretKey, arn: str, secrets_manager: "SecretsManagerClient", clock: Clock
) -> None:
    await key.admits(b"first")
    secrets_manager.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)

    clock.time += 50 * MINUTE
    assert await key.admits(b"first")
    clock.time += 11 * MINUTE
    with pytest.raises(Problem) as caught:
        await key.admits(b"first")
    assert caught.value.status == 503


@pytest.mark.parametrize("text", [" ", "two words"])
async def test_a_secret_that_is_no_key_admits_nobody(
    key: SecretKey, arn: str, secrets_manager: "SecretsManagerClient", text: str
) -> None:
    secrets_manager.put_secret_value(SecretId=arn, SecretString=text)

    with pytest.raises(Problem) as caught:
        await key.admits(text.encode())

    assert caught.value.status == 503
    assert caught.value.headers == {"Retry-After": "15"}
