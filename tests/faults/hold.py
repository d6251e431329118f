"""Holds one call of a process, so that the process can be killed at a place that is known."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tests.faults.aws_call import DYNAMODB, SNS, AwsAnswer, AwsCall, Forward, Unanswered


class Hold:
    """An `AwsFault` that keeps the first call that matches, until it is let go or dropped."""

    def __init__(self, matches: Callable[[AwsCall], bool]) -> None:
        self._matches = matches
        self._caught = asyncio.Event()
        self._decided: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def __call__(self, call: AwsCall, forward: Forward) -> AwsAnswer:
        """Answer a call."""
        if self._caught.is_set() or self._decided.done() or not self._matches(call):
            return await forward(call)
        self._caught.set()
        if await self._decided:
            return await forward(call)
        raise Unanswered

    async def caught(self, patience: float) -> bool:
        """Wait until a call is held; False where none comes in time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._caught.wait(), patience)
        return self._caught.is_set()

    def decide(self, *, forward: bool) -> None:
        """Let the held call reach AWS, however late; or drop it."""
        if not self._decided.done():
            self._decided.set_result(forward)


def append_to(table: str) -> Callable[[AwsCall], bool]:
    """Match the put by which a run appends."""
    return lambda call: call.action == "PutItem" and call.service == DYNAMODB and call.says["TableName"] == table


def notice_of(topic_arn: str) -> Callable[[AwsCall], bool]:
    """Match the publishing of a notice."""
    return lambda call: (call.service, call.action, call.says.get("TopicArn")) == (SNS, "Publish", topic_arn)


def end_in(table: str) -> Callable[[AwsCall], bool]:
    """Match the put that keeps what came of a run."""

    def matches(call: AwsCall) -> bool:
        item = call.says.get("Item", {})
        return append_to(table)(call) and item.get("status") == {"S": "COMPLETED"}

    return matches
