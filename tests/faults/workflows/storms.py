"""The storm's workflows: each sends as many events as its trigger asks for, in the name of the run that it gives."""

import random
from collections.abc import Mapping
from typing import Any

from tailrace import Pd, Workflow
from tests.faults.runs import run_payload
from tests.faults.world import STREAMS


def _storm(stream: str) -> Workflow:
    workflow = Workflow(stream)

    @workflow.step
    def send(pd: Pd) -> None:
        asked: Mapping[str, Any] = pd.steps["trigger"]["event"]["body"]
        for place in range(asked["events"]):
            fill = random.Random(f"{asked['run']} {place}").randbytes(asked["size"]).hex()
            pd.send.sse(channel="ab"[place % 2], payload=run_payload(asked["run"], place, fill))

    return workflow


globals().update({stream: _storm(stream) for stream in STREAMS})
