"""Where the API finds its keys: in Secrets Manager, followed when they change."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.keys import ApiKey, InvalidKey
from lambdas.workflow_api.problems import Problem

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

logger = logging.getLogger(__name__)

FRESH = 60.0
"""For how long, in seconds, keys that were read are used without reading them again: a revoked one dies within it."""
REFUSALS_AFTER = 15.0
"""How old, in seconds, keys must be to be read again because a request brought an unknown one: it may be new."""
MAX_AGE = 60 * 60.0
"""For how long, in seconds, keys are used that cannot be read again."""


class Keys(Protocol):
    """The keys that requests may bring."""

    async def find(self, key: bytes) -> ApiKey | None:
        """Who a key is, None for an unknown one; raises a Problem where that can't be told."""


class StoredRing(NamedTuple):
    """A ring as Secrets Manager holds it."""

    ring: KeyRing
    version: str


def read_ring(client: "SecretsManagerClient", secret: str) -> StoredRing:
    """Read the keys of a secret.

    Raises:
        InvalidKey: it holds none.
        BotoCoreError, ClientError: Secrets Manager did not answer, or refused.
    """
    answer = client.get_secret_value(SecretId=secret, VersionStage="AWSCURRENT")
    return StoredRing(KeyRing.of(answer.get("SecretString", "")), answer["VersionId"])


class SecretKeys:
    """`Keys` in Secrets Manager.

    Read once, and again when older than a minute; sooner where a request brings an unknown one. While they cannot be
    read, the last ones serve for an hour. May be shared by threads and their event loops.
    """

    def __init__(self, *, client: "SecretsManagerClient", arn: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._arn = arn
        self._now = now
        self._reading = threading.Lock()
        self._ring = KeyRing()
        self._read_at = self._tried_at = float("-inf")

    async def find(self, key: bytes) -> ApiKey | None:
        """Who a key is; raises a Problem where keys have never been read, or not for an hour."""
        await self._refresh(FRESH)
        if self._ring.find(key) is None:
            await self._refresh(REFUSALS_AFTER)
        if self._now() - self._read_at > MAX_AGE:
            raise _unreadable()
        return self._ring.find(key)

    async def _refresh(self, age: float) -> None:
        if self._is_due(age):
            await asyncio.to_thread(self._read_if_due, age)

    def _is_due(self, age: float) -> bool:
        # Wall clock: a frozen function's monotonic clock stands still. A failed try counts too, or an outage of
        # Secrets Manager would be met with a call for each request.
        return self._now() - self._read_at >= age and self._now() - self._tried_at >= min(age, REFUSALS_AFTER)

    def _read_if_due(self, age: float) -> None:
        with self._reading:  # who comes meanwhile waits for the answer, and need not ask any more
            if not self._is_due(age):
                return
            try:
                self._ring = read_ring(self._client, self._arn).ring
                self._read_at = self._now()
            except (BotoCoreError, ClientError, InvalidKey) as error:
                logger.error("api_keys_unreadable", extra={"secret": self._arn, "error": str(error)})  # noqa: TRY400
            finally:
                self._tried_at = self._now()  # not before: until then, others wait for what comes of it


def _unreadable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "keys-unreadable",
        "The API cannot read its own keys at the moment; its log says why.",
        headers={"Retry-After": "15"},
    )
