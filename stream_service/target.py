"""Watches this task's own target: a load balancer that lets go of a task says so to those who ask, and to nobody else.

ECS takes a task's target out of its group, and sends the signal to stop only when the load balancer has cut what was
left of the target's connections. A stream never ends by itself: whoever waits for the signal has all of them cut in
one moment.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

import boto3
from botocore.config import Config

from stream_service.threads import in_daemon_thread
from tailrace.aws import AWS_TROUBLES, checked, needed

logger = logging.getLogger(__name__)

CALL_SECONDS = 5.0
"""An answer takes so long at most; then it is asked for again."""
JITTER = 0.25
"""Tasks that began together shall not ask together."""
_MOST_DOUBLINGS = 3
_CONNECT_SECONDS = 2.0


class Balancers(Protocol):
    """What is used of boto3's client for load balancers."""

    def describe_target_health(self, **request: object) -> Mapping[str, Any]:
        """Say how targets stand."""


def balancers_client() -> Balancers:
    """Make a client that tries once: whoever watches asks again anyway."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=CALL_SECONDS - _CONNECT_SECONDS,
        retries={"total_max_attempts": 1, "mode": "standard"},
    )
    client: Balancers = checked(boto3.client("elbv2", config=config))
    return client


class Standing(Enum):
    """How a target stands with its load balancer."""

    UNKNOWN = auto()
    """Not in the group: not yet, or not any more."""
    REGISTERED = auto()
    DRAINING = auto()
    """It gets no new connections, and will have the old ones cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A task as its load balancer knows it."""

    balancers: Balancers
    group_arn: str
    address: str
    port: int

    def standing(self) -> Standing:
        """Ask the load balancer; blocks for CALL_SECONDS at most.

        Raises:
            One of AWS_TROUBLES: it did not say; ask again.
        """
        target = {"Id": self.address, "Port": self.port}
        answer = self.balancers.describe_target_health(TargetGroupArn=self.group_arn, Targets=[target])
        for described in needed(answer, "TargetHealthDescriptions"):
            health = described["TargetHealth"]
            if health["State"] == "draining":
                return Standing.DRAINING
            if health.get("Reason") != "Target.NotRegistered":
                return Standing.REGISTERED
        return Standing.UNKNOWN


class TargetWatch:
    """Asks again and again, until the load balancer lets go of the task."""

    def __init__(self, target: Target, *, every: float, let_go: Callable[[], None]) -> None:
        """`let_go` is called once, in the event loop."""
        self._target = target
        self._every = every
        self._let_go = let_go
        self._registered = False

    async def run(self) -> None:
        """Watch; return once the load balancer has let go."""
        failures = 0
        while True:
            await asyncio.sleep(self._pause_after(failures))
            try:
                standing = await in_daemon_thread(self._target.standing, name="target")
            except AWS_TROUBLES as error:
                failures += 1
                logger.warning("target_not_seen", extra={"error": str(error)})
            else:
                failures = 0
                if self._is_let_go(standing):
                    break
        logger.info("target_let_go")
        self._let_go()

    def _is_let_go(self, standing: Standing) -> bool:
        """A task is not in its group before it is ready: only one that was there can have been let go."""
        if standing is Standing.REGISTERED and not self._registered:
            self._registered = True
            logger.info("target_registered")
        return standing is Standing.DRAINING or (standing is Standing.UNKNOWN and self._registered)

    def _pause_after(self, failures: int) -> float:
        pause: float = self._every * 2 ** min(failures, _MOST_DOUBLINGS)
        return pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, not a secret
