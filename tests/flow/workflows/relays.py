"""Workflows that send what their request asks for; there are many, so that each test has streams of its own."""

import asyncio
from collections.abc import Mapping
from typing import Any

from tailrace import Pd, Workflow

RELAYS = 60


def _request(pd: Pd) -> Mapping[str, Any]:
    body: Mapping[str, Any] = pd.steps["trigger"]["event"]["body"]
    return body


def _relay(number: int) -> Workflow:
    workflow = Workflow(f"p_relay_{number}")

    @workflow.step
    def first(pd: Pd) -> None:
        for channel, payload in _request(pd)["events"]:
            pd.send.sse(channel=channel, payload=payload)

    @workflow.step
    async def second(pd: Pd) -> None:
        await asyncio.sleep(_request(pd).get("seconds", 0))
        for channel, payload in _request(pd).get("more", []):
            await pd.send.sse(channel=channel, payload=payload)

    @workflow.step
    def third(pd: Pd) -> None:
        if _request(pd).get("fail"):
            pd.send.sse(channel="c", payload="the last words")
            raise RuntimeError("as asked for")

    return workflow


globals().update({f"relay_{number}": _relay(number) for number in range(RELAYS)})
