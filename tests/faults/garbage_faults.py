"""What something else than AWS says in AWS's place: a proxy's text or page, with a status of its own choice."""

import asyncio
from http import HTTPStatus

from tests.faults.aws_call import AwsAnswer, AwsCall, AwsFault, Forward
from tests.faults.tally import Strikes

GARBAGE = (
    (HTTPStatus.OK, b"hello"),
    (HTTPStatus.OK, b"<html><body>It works!</body></html>"),
    (HTTPStatus.BAD_GATEWAY, b"<!DOCTYPE html><p>Bad gateway"),
    (HTTPStatus.SERVICE_UNAVAILABLE, b"upstream connect error or disconnect/reset before headers"),
)


def garbage(strikes: Strikes) -> AwsFault:
    """Every service's calls are answered with garbage, having been carried out or not: nobody can tell."""

    async def fault(call: AwsCall, forward: Forward) -> AwsAnswer:
        if not strikes.strike():
            return await forward(call)
        if strikes.chance.random() < 0.5:
            await forward(call)
        await asyncio.sleep(0.05)  # as a refusal's, which would else be asked for without end
        status, body = strikes.chance.choice(GARBAGE)
        return AwsAnswer(status=status, headers=(("Content-Type", "text/plain"),), body=body)

    return fault
