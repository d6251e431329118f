"""Keys that are kept in Secrets Manager: its client, and the keys of tokens, which API and stream service share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import boto3
from botocore.config import Config

from tailrace.aws import AWS_TROUBLES, checked
from tailrace.errors import InvalidTokenKeys
from tailrace.refreshed import Refreshed
from tailrace.tokens import SharedKeys

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

QUICK = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 2, "mode": "standard"})
"""For calls that a request waits for."""
_Value = TypeVar("_Value")


def secrets_client() -> "SecretsManagerClient":
    """Make a client that gives up within seconds."""
    return checked(boto3.client("secretsmanager", config=QUICK))


def shared_keys(client: "SecretsManagerClient", arn: str, take: Callable[[SharedKeys], _Value]) -> Refreshed[_Value]:
    """What `take` takes of the keys in a secret, followed when they change."""

    def read() -> _Value:
        return take(SharedKeys.parse(client.get_secret_value(SecretId=arn).get("SecretString", "")))

    return Refreshed(read, name="token_keys", troubles=(*AWS_TROUBLES, InvalidTokenKeys))
