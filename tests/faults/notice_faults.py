"""What may befall notices between topic and task: lost, doubled, late, overtaken; and SNS or SQS that refuse."""

import asyncio
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeAlias

from tailrace.errors import InvalidNotice
from tailrace.notice import Notice, decode_notice
from tests.faults.aws_call import SNS, SQS, AwsAnswer, AwsCall, AwsFault, Forward, failure
from tests.faults.plan import Kind
from tests.faults.tally import Strikes

Message: TypeAlias = dict[str, Any]
_LATE = (1.0, 6.0)


def is_notice(text: str) -> bool:
    """Whether a message is a notice: canaries and rubbish are none."""
    try:
        return isinstance(decode_notice(text), Notice)
    except InvalidNotice:
        return False


def refusal(service: str, strikes: Strikes) -> AwsFault:
    """SNS or SQS that refuses every call."""

    async def fault(call: AwsCall, forward: Forward) -> AwsAnswer:
        if call.service == service and strikes.strike():
            # A refusal that costs nothing would be asked for without end, by those that never give up.
            await asyncio.sleep(0.05)
            return failure(call, "ServiceUnavailable", HTTPStatus.SERVICE_UNAVAILABLE)
        return await forward(call)

    return fault


NOTICE_FAULTS = frozenset({Kind.NOTICE_DROPPED, Kind.NOTICE_DOUBLED, Kind.NOTICE_DELAYED, Kind.NOTICE_REORDERED})
REFUSALS = {Kind.SNS_REFUSES: SNS, Kind.SQS_REFUSES: SQS}


class NoticeFault:
    """Changes what SQS answers to those who receive.

    A message that is kept back when the fault ends comes back by itself, when its visibility time-out is over.
    """

    def __init__(self, strikes: Strikes, *, now: Callable[[], float] = time.monotonic) -> None:
        self._strikes = strikes
        self._now = now
        self._late: list[tuple[float, Message]] = []
        """Messages that are kept back, each until a time."""

    async def __call__(self, call: AwsCall, forward: Forward) -> AwsAnswer:
        """Answer a call."""
        answer = await forward(call)
        if (call.service, call.action) != (SQS, "ReceiveMessage") or not answer.is_one:
            return answer
        passed: list[Message] = []
        for message in answer.says.get("Messages", []):
            if is_notice(message["Body"]) and self._strikes.strike():
                passed += await self._befall(message, call, forward)
            else:
                passed.append(message)
                passed += self._take(lambda _: self._strikes.kind is Kind.NOTICE_REORDERED)
        passed += self._take(lambda at: at <= self._now())
        return answer.saying({"Messages": passed} if passed else {})

    async def _befall(self, message: Message, call: AwsCall, forward: Forward) -> list[Message]:
        """Return what still comes of a message at once."""
        until = self._now() + self._strikes.chance.uniform(*_LATE)
        match self._strikes.kind:
            case Kind.NOTICE_DROPPED:
                parameters = {"QueueUrl": call.says["QueueUrl"], "ReceiptHandle": message["ReceiptHandle"]}
                await forward(call.instead("DeleteMessage", **parameters))
            case Kind.NOTICE_DOUBLED:
                self._late.append((until, message))
                return [message, message]
            case _:  # delayed, or overtaken: the next that passes comes first
                self._late.append((until, message))
        return []

    def _take(self, due: Callable[[float], bool]) -> list[Message]:
        taken = [message for at, message in self._late if due(at)]
        self._late = [(at, message) for at, message in self._late if not due(at)]
        return taken
