"""From a run to a socket, on one machine: where the time goes in `tailrace dev`, stage by stage."""

import asyncio
import json
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import httpx

from benchmarks.paths import Numbers
from tailrace.dynamodb import DynamoDBTable
from tailrace.event import WorkflowId
from tests.support.aws import EmulatedAws, aws_clients_of
from tests.support.dev import Dev, running_dev

RUNS = 40
WARM_UP = 10
"""Runs whose times don't count."""
PATIENCE = 60.0
_HALF = 0.5
"""Places are stamped in whole milliseconds, rounded down: half of one is what that takes away."""
STREAM = "p_timed"
_WORKFLOW = """
import time

from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("p_timed")


@workflow.step
def tell_the_time(pd: Pd) -> None:
    pd.send.sse(channel="times", payload={"stepped_at": time.time()})
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event at its client; times in epoch seconds."""

    position: int
    stepped_at: float
    came_at: float


def measure() -> Numbers:
    """Measure once."""
    with tempfile.TemporaryDirectory() as folder, running_dev(Path(folder)) as dev:
        dev.write_workflow("timed", _WORKFLOW)
        return _measure(dev)


def _measure(dev: Dev) -> Numbers:
    arrivals: list[Arrival] = []
    watching = threading.Thread(target=_watch, args=(dev, arrivals))
    posted: list[float] = []
    _run(dev, posted)  # the first life of the stream begins before anybody watches
    watching.start()
    for index in range(1, RUNS):
        if index == WARM_UP:
            lag_before = _lag(dev)
        _run(dev, posted)
    watching.join(PATIENCE)
    lag, number = (after - before for before, after in zip(lag_before, _lag(dev), strict=True))
    return _stages(posted, arrivals, _recorded(dev), 1000 * lag / number)


def _run(dev: Dev, posted: list[float]) -> None:
    posted.append(time.time())
    url = f"{dev.system.api_url}/pipelines/{STREAM}/events"
    headers = {"Authorization": f"Bearer {dev.system.api_key}", "Prefer": "wait=60"}
    httpx.post(url, headers=headers, json={}, timeout=PATIENCE, verify=False).raise_for_status()  # noqa: S501 - plain HTTP


def _watch(dev: Dev, arrivals: list[Arrival]) -> None:
    with dev.stream(STREAM) as events:
        for event in events:
            position = int(event.id.rpartition("-")[2])
            arrivals.append(Arrival(position, json.loads(event.data)["stepped_at"], time.time()))
            if position == RUNS:
                return


def _lag(dev: Dev) -> tuple[float, float]:
    """Seconds from the log to the hub, of all notices together, and how many those were."""
    lines = httpx.get(f"{dev.system.stream_url}/metrics", timeout=PATIENCE).text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if line.startswith("tailrace_notice_lag_seconds_"))
    return float(values["tailrace_notice_lag_seconds_sum"]), float(values["tailrace_notice_lag_seconds_count"])


def _recorded(dev: Dev) -> dict[int, float]:
    """When each event was given its place, in epoch seconds."""
    client = aws_clients_of(EmulatedAws(endpoint_url=dev.system.aws_endpoint_url)).dynamodb
    table = DynamoDBTable(client=client, table_name=dev.system.event_log_table)
    page = asyncio.run(table.query(WorkflowId(STREAM)))
    table.close()
    return {item.position: (item.recorded_at + _HALF) / 1000 for item in page.items}


def _stages(posted: list[float], arrivals: list[Arrival], recorded: dict[int, float], lag_ms: float) -> Numbers:
    counted = [arrival for arrival in arrivals if arrival.position > WARM_UP]
    before = [1000 * (arrival.stepped_at - posted[arrival.position - 1]) for arrival in counted]
    appended = [1000 * (recorded[arrival.position] - arrival.stepped_at) for arrival in counted]
    after = [1000 * (arrival.came_at - recorded[arrival.position]) - lag_ms for arrival in counted]
    altogether = sorted(1000 * (arrival.came_at - posted[arrival.position - 1]) for arrival in counted)
    return {
        "ms from the request to the step: gateway and API (mean)": [fmean(before)],
        "ms from the step to a place in the log: the run's end (mean)": [fmean(appended)],
        "ms from there to the hub: put, SNS, SQS, all emulated (mean)": [lag_ms],
        "ms from the hub to the client (mean)": [fmean(after)],
        "ms altogether, mean": [fmean(altogether)],
        "ms altogether, median": [altogether[len(altogether) // 2]],
        "ms altogether, the slowest": [altogether[-1]],
    }
