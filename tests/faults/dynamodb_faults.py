"""What DynamoDB does when it is not well: it throttles, fails, is silent, or writes and cannot say so."""

import asyncio
from http import HTTPStatus

from tests.faults.aws_call import DYNAMODB, AwsAnswer, AwsCall, AwsFault, Forward, Unanswered, failure
from tests.faults.plan import Kind
from tests.faults.tally import Strikes

SILENCE = 6.0
"""Seconds: longer than our clients wait for an answer."""
_SLOW = (0.3, 2.0)
_SHORT_PAGE = 3
_WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem"})


def dynamodb_fault(strikes: Strikes) -> AwsFault:
    """Make the fault of this kind."""
    act = DYNAMODB_FAULTS[strikes.kind]
    struck: set[bytes] = set()
    """The writes whose answers were lost: AWS's client tries each once more, and hears of that no more either."""

    async def fault(call: AwsCall, forward: Forward) -> AwsAnswer:
        if call.service != DYNAMODB or not _concerns(strikes.kind, call):
            return await forward(call)
        if strikes.strike(certainly=call.body in struck):
            if strikes.kind is Kind.DYNAMODB_LOSES_ANSWER:
                struck.add(call.body)
            return await act(call, forward, strikes)
        return await forward(call)

    return fault


def _concerns(kind: Kind, call: AwsCall) -> bool:
    match kind:
        case Kind.DYNAMODB_LOSES_ANSWER:
            return call.action in _WRITES
        case Kind.DYNAMODB_SLOW:
            return call.action == "Query"
        case Kind.DYNAMODB_PAGES:
            return call.action == "Query" and "Limit" not in call.says
        case _:
            return True


async def _throttle(call: AwsCall, _forward: Forward, _strikes: Strikes) -> AwsAnswer:
    return failure(call, "ProvisionedThroughputExceededException")


async def _fail(call: AwsCall, forward: Forward, strikes: Strikes) -> AwsAnswer:
    """Answer 500, after having done what was asked or not: nobody can tell."""
    if strikes.chance.random() < 0.5:
        await forward(call)
    return failure(call, "InternalServerError", HTTPStatus.INTERNAL_SERVER_ERROR)


async def _be_silent(call: AwsCall, forward: Forward, strikes: Strikes) -> AwsAnswer:
    """Say nothing until nobody waits any more; do what was asked before that, after it, or never."""
    when = strikes.chance.choice(["before", "after", "never"])
    if when == "before":
        await forward(call)
    await asyncio.sleep(SILENCE)
    if when == "after":
        await forward(call)
    raise Unanswered


async def _lose_answer(call: AwsCall, forward: Forward, _strikes: Strikes) -> AwsAnswer:
    await forward(call)
    raise Unanswered


async def _be_slow(call: AwsCall, forward: Forward, strikes: Strikes) -> AwsAnswer:
    answer = await forward(call)
    await asyncio.sleep(strikes.chance.uniform(*_SLOW))
    return answer


async def _answer_short(call: AwsCall, forward: Forward, _strikes: Strikes) -> AwsAnswer:
    """Answer few items at once, as if they were large."""
    return await forward(call.saying(Limit=_SHORT_PAGE))


async def _be_away(call: AwsCall, _forward: Forward, _strikes: Strikes) -> AwsAnswer:
    return failure(call, "ServiceUnavailable", HTTPStatus.SERVICE_UNAVAILABLE)


DYNAMODB_FAULTS = {
    Kind.DYNAMODB_THROTTLES: _throttle,
    Kind.DYNAMODB_FAILS: _fail,
    Kind.DYNAMODB_SILENT: _be_silent,
    Kind.DYNAMODB_LOSES_ANSWER: _lose_answer,
    Kind.DYNAMODB_SLOW: _be_slow,
    Kind.DYNAMODB_PAGES: _answer_short,
    Kind.DYNAMODB_AWAY: _be_away,
}
