"""Who may use the API: everybody who sends its key as `Authorization: Bearer <key>`."""

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError
from fastapi import Request

from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.settings import fits_a_header

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

logger = logging.getLogger(__name__)

FRESH = 5 * 60.0
"""For how long, in seconds, a key that was read is used without reading it again."""
REFUSALS_AFTER = 15.0
"""How old, in seconds, a key must be to be read again because a request brought another one: it may be the new one."""
MAX_AGE = 60 * 60.0
"""For how long, in seconds, a key is used that cannot be read again."""


class ApiKey(Protocol):
    """The key that requests must bring."""

    async def admits(self, key: bytes) -> bool:
        """Whether this is the key; takes as long for a wrong one as for the right one."""


class FixedKey:
    """An `ApiKey` that never changes."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    async def admits(self, key: bytes) -> bool:
        """Whether this is the key."""
        return hmac.compare_digest(self._key, key)


class SecretKey:
    """An `ApiKey` in Secrets Manager, followed when it is rotated.

    Read once, and again when older than five minutes; sooner where a request brings another key. While it cannot be
    read, the last one serves for an hour.
    """

    def __init__(self, *, client: "SecretsManagerClient", arn: str, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._arn = arn
        self._now = now
        self._key = b""
        self._read_at = self._tried_at = float("-inf")

    async def admits(self, key: bytes) -> bool:
        """Whether this is the key; raises a Problem where it has never been read, or not for an hour."""
        await self._refresh(FRESH)
        if not hmac.compare_digest(self._key, key):
            await self._refresh(REFUSALS_AFTER)
        if self._now() - self._read_at > MAX_AGE:
            raise _unreadable()
        return hmac.compare_digest(self._key, key)

    async def _refresh(self, age: float) -> None:
        # Wall clock: a frozen function's monotonic clock stands still. A failed try counts too, or an outage of
        # Secrets Manager would be met with a call for each request.
        if self._now() - self._read_at < age or self._now() - self._tried_at < min(age, REFUSALS_AFTER):
            return
        self._tried_at = self._now()
        try:
            self._key = await asyncio.to_thread(self._read)
            self._read_at = self._now()
        except (BotoCoreError, ClientError, ValueError) as error:
            logger.error("api_key_unreadable", extra={"secret": self._arn, "error": str(error)})  # noqa: TRY400

    def _read(self) -> bytes:
        key = self._client.get_secret_value(SecretId=self._arn).get("SecretString", "").strip()
        if not fits_a_header(key):
            raise ValueError("The secret's text is no key: it is empty, or more than ASCII without spaces.")
        return key.encode()


def authorizer(api_key: ApiKey) -> Callable[[Request], Awaitable[None]]:
    """Make the dependency that lets a request through only with the key."""

    async def authorize(request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise _unauthorized("Send the API's key as `Authorization: Bearer <key>`.", challenge="Bearer")
        if not await api_key.admits(key.strip().encode()):
            raise _unauthorized("This is not the API's key.", challenge='Bearer error="invalid_token"')

    return authorize


def _unauthorized(detail: str, *, challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, "unauthorized", detail, headers={"WWW-Authenticate": challenge})


def _unreadable() -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "key-unreadable",
        "The API cannot read its own key at the moment; its log says why.",
        headers={"Retry-After": "15"},
    )
