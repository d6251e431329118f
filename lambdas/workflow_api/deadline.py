"""How long a run may take, so that it ends, and lets out what it sent, before the platform ends it."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

SYNCHRONOUS = 28.0
"""Seconds: API Gateway gives up after 30, and what was sent needs a moment to be appended."""
ASYNCHRONOUS = 15 * 60.0
"""Seconds: no function may take longer."""
START = 15.0
"""Seconds that a function may take to start, and to read what it must before a run; Lambda gives a start ten of them.

A request that is older has been long on its way: whether API Gateway counts from its first byte or from its last one,
AWS does not say, and who sends slowly must not find the run's time used up.
"""
RESERVE = 2.0
"""Seconds that are kept of the function's own time, for the same."""

AFTERWARDS = 30.0
"""Seconds for what follows a run: an append that meets failures, a notice, keeping the answer."""


class LambdaContext(Protocol):
    """What is used of the context that Lambda hands to a function."""

    @property
    def aws_request_id(self) -> str:
        """The invocation's id, under which Lambda logs it."""

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still take."""


def seconds_for_run(context: LambdaContext | None, *, at_most: float) -> float:
    """How many seconds from now a run may take; without a context, as many as are allowed at most."""
    if context is None:
        return at_most
    left = max(0.0, context.get_remaining_time_in_millis() / 1000 - RESERVE)
    return min(left, at_most)


def seconds_for_answer(scope: Mapping[str, Any], *, now: Callable[[], float] = time.time) -> float:
    """How many seconds from now a run may take for which somebody waits, by its request's ASGI scope.

    API Gateway counts from when the request came: a function that it waits for while it starts has less of that time,
    and Lambda does not take its start from what it may take itself.
    """
    gateway = scope.get("aws.event", {}).get("requestContext", {})
    passed = now() - gateway["timeEpoch"] / 1000 if "timeEpoch" in gateway else 0.0
    waited = min(max(0.0, passed), START)  # the two clocks are two machines'
    return seconds_for_run(scope.get("aws.context"), at_most=SYNCHRONOUS - waited)


def seconds_of_lease(context: LambdaContext | None, *, run: float) -> float:
    """How many seconds from now a try that may run for so long is sure to have ended, be it by a crash."""
    lease = run + AFTERWARDS
    return lease if context is None else min(lease, context.get_remaining_time_in_millis() / 1000)
