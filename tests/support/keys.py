"""The API's keys as a stage has them once its first key was made."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import first_key

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_MADE_AT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)


def ring_of(key: str) -> KeyRing:
    """A ring whose one key may do everything."""
    return KeyRing((first_key(key, created_at=_MADE_AT),))


def keep_ring(client: "SecretsManagerClient", ring: KeyRing) -> str:
    """Make a secret for a ring, and return its ARN."""
    return client.create_secret(Name=f"keys-{uuid4().hex}", SecretString=ring.text())["ARN"]
