"""Where the API finds its keys: in Secrets Manager, followed when they change."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import ApiKey, InvalidKey
from lambdas.workflow_api.problems import Problem
from tailrace.aws import AWS_TROUBLES, needed
from tailrace.refreshed import IN_DOUBT, Refreshed

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

FRESH = 60.0
"""For how long, in seconds, keys that were read are used without reading them again: a revoked one dies within it."""


class Keys(Protocol):
    """The keys that requests may bring."""

    async def find(self, key: bytes) -> ApiKey | None:
        """Who a key is, None for an unknown one; raises a Problem where that can't be told."""

    @property
    def empty(self) -> bool:
        """Whether there were no keys at all when one was looked for last."""


class StoredRing(NamedTuple):
    """A ring as Secrets Manager holds it."""

    ring: KeyRing
    version: str


def read_ring(client: "SecretsManagerClient", secret: str) -> StoredRing:
    """Read the keys of a secret.

    Raises:
        InvalidKey: it holds none.
        One of AWS_TROUBLES: Secrets Manager did not answer, or refused.
    """
    answer = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    version = needed(answer, "VersionId")
    return StoredRing(KeyRing.of(answer.get("SecretString", "")), version)


class SecretKeys:
    """`Keys` in Secrets Manager.

    Read once, and again when older than a minute; sooner where a request brings an unknown one. While they cannot be
    read, the last ones serve for an hour. May be shared by threads and their event loops.
    """

    def __init__(self, *, client: "SecretsManagerClient", arn: str, now: Callable[[], float] = time.time) -> None:
        self._stored = Refreshed(
            lambda: read_ring(client, arn).ring,
            name="api_keys",
            troubles=(*AWS_TROUBLES, InvalidKey),
            now=now,
        )

    async def find(self, key: bytes) -> ApiKey | None:
        """Who a key is; raises a Problem where keys have never been read, or not for an hour."""
        if (found := await self._find(key, FRESH)) is None:
            found = await self._find(key, IN_DOUBT)  # it may be new
        if self._stored.value is None:
            raise _unreadable()
        return found

    @property
    def empty(self) -> bool:
        """Whether there were no keys at all when they were read last."""
        return self._stored.value == KeyRing()

    async def _find(self, key: bytes, age: float) -> ApiKey | None:
        if self._stored.is_due(age):
            await asyncio.to_thread(self._stored.refresh, age)
        ring = self._stored.value
        return ring.find(key) if ring is not None else None


def _unreadable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "keys-unreadable",
        "The API cannot read its own keys at the moment; its log says why.",
        headers={"Retry-After": "15"},
    )
