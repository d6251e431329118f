"""Makes tokens: what a subscriber shows to follow one stream for a while."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from lambdas.workflow_api.problems import Problem
from tailrace.access import Access
from tailrace.event import WorkflowId
from tailrace.refreshed import Refreshed
from tailrace.tokens import SharedKeys, TokenKey, sign


@dataclass(frozen=True, slots=True)
class Minted:
    """A token, and when its time is over: epoch seconds."""

    token: str
    expires_at: int


class Mint:
    """Signs with the key that the secret says signs now."""

    def __init__(self, keys: Refreshed[SharedKeys] | None, *, now: Callable[[], float] = time.time) -> None:
        """`keys` is None where streams are public."""
        self._keys = keys
        self._now = now

    async def make(
        self, workflow_id: WorkflowId, *, seconds: int, channels: frozenset[str], subscriber: str | None
    ) -> Minted:
        """A token for one stream; without a name, its subscriber gets one made up.

        Raises:
            Problem: 409 where streams are public, 503 where the keys cannot be read.
        """
        expires_at = int(self._now()) + seconds
        access = Access(
            subscriber=subscriber or uuid4().hex, expires_at=expires_at, streams=(workflow_id,), channels=channels
        )
        return Minted(sign(access, await self._signing_key()), expires_at)

    async def _signing_key(self) -> TokenKey:
        if self._keys is None:
            detail = "The streams of this stage are public: they take no token."
            raise Problem(HTTPStatus.CONFLICT, "streams-are-public", detail)
        if self._keys.is_due():
            await asyncio.to_thread(self._keys.refresh)
        keys = self._keys.value
        if keys is None:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "keys-unreadable",
                "The API cannot read the keys for tokens at the moment; its log says why.",
                headers={"Retry-After": "15"},
            )
        return keys.signing
