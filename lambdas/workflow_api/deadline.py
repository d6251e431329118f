"""How long a run may take, so that it ends, and lets out what it sent, before the platform ends it."""

from typing import Protocol

SYNCHRONOUS = 28.0
"""Seconds: API Gateway gives up after 30, and what was sent needs a moment to be appended."""
ASYNCHRONOUS = 15 * 60.0
"""Seconds: no function may take longer."""
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


def seconds_of_lease(context: LambdaContext | None, *, run: float) -> float:
    """How many seconds from now a try that may run for so long is sure to have ended, be it by a crash."""
    lease = run + AFTERWARDS
    return lease if context is None else min(lease, context.get_remaining_time_in_millis() / 1000)
