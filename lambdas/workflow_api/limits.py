"""How many requests one caller may make in a minute: a stranger, by address; a key, where it has a limit of its own."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Protocol

from lambdas.workflow_api.keys import ApiKey
from lambdas.workflow_api.metrics import RunMetrics
from lambdas.workflow_api.problems import Problem
from tailrace.addresses import SITE_BYTES, client_bytes, parse_address
from tailrace.errors import TailraceError

logger = logging.getLogger(__name__)

MINUTE = 60
PATIENCE = 1.0
"""Seconds that a request waits for being counted, before it is let through without."""
PAUSE = 15.0
"""Seconds for which nothing is counted after that: requests must not wait one after the other."""


class NotCounted(TailraceError):
    """A request could not be counted."""


class RequestCounts(Protocol):
    """Counts that all who serve the API share."""

    async def add(self, caller: str, minute: int) -> int:
        """Count one more request in this minute since 1970, and return how many they are now; may raise NotCounted."""


class Limits:
    """Lets callers make their requests, and refuses more.

    Who has been refused is remembered until the minute is over, so that a flood costs nothing but its answers: by each
    instance of the function, and at most as many callers as it answers requests in a minute.
    """

    def __init__(
        self,
        *,
        counts: RequestCounts,
        requests_per_address: int,
        metrics: RunMetrics,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`requests_per_address` is what strangers may make in a minute; 0 for as many as they like."""
        self._counts = counts
        self._requests_per_address = requests_per_address
        self._metrics = metrics
        self._now = now
        self._refused: tuple[int, set[str]] = (0, set())
        self._paused_until = 0.0

    async def admit_stranger(self, address: str | None) -> None:
        """Take a request that shows no key; raises a Problem, 429, where its address has made too many."""
        if self._requests_per_address:
            await self._admit(f"address#{_client(address)}", self._requests_per_address, "from this address")

    async def admit_key(self, key: ApiKey) -> None:
        """Take a request with a key; raises a Problem, 429, where the key has a limit and has reached it."""
        if key.rate is not None:
            await self._admit(f"key#{key.name}", key.rate, f"with the key {key.name!r}")

    async def _admit(self, caller: str, at_most: int, which: str) -> None:
        now = self._now()
        minute = int(now // MINUTE)
        refused = self._refused_in(minute)
        if caller not in refused:
            if await self._count(caller, minute) <= at_most:
                return
            refused.add(caller)
            self._metrics.caller_refused(caller.partition("#")[0])
        raise _too_many(which, at_most, seconds=(minute + 1) * MINUTE - now)

    def _refused_in(self, minute: int) -> set[str]:
        since, refused = self._refused
        if since != minute:
            refused = set()
            self._refused = (minute, refused)
        return refused

    async def _count(self, caller: str, minute: int) -> int:
        """How many requests these are; 0 where nobody can tell: whoever comes is then let through."""
        if self._now() < self._paused_until:
            return 0
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._counts.add(caller, minute)
        except (NotCounted, TimeoutError) as error:
            self._paused_until = self._now() + PAUSE
            logger.error("requests_not_counted", extra={"error": str(error) or "no answer in time"})  # noqa: TRY400 (the cause stays)
            return 0


def _client(text: str | None) -> str:
    """Those who share it count as one: an IPv4 address, or the first 64 bits of an IPv6 one."""
    address = parse_address(text or "")
    if address is None:
        return "unknown"
    shared = client_bytes(address)
    if len(shared) == SITE_BYTES:
        return f"{ip_address(shared + bytes(SITE_BYTES))}/{8 * SITE_BYTES}"
    return str(ip_address(shared))


def _too_many(which: str, at_most: int, *, seconds: float) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too-many-requests",
        f"Too many requests have come {which}: {at_most:,} a minute are admitted. Send this one again later.",
        headers={"Retry-After": str(max(1, math.ceil(seconds)))},
    )
