"""Notices through SQS's own client and the feed, to the hub: from a queue that is never empty, and from emulated SQS.

`python -m benchmarks.paths.through_sqs` measures once, on the core that it was given, and prints JSON.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.paths import Numbers
from benchmarks.paths.full_queue import STREAMS, stream_name
from benchmarks.paths.intake import WATCHED, answer_at_once, watched_hub
from benchmarks.paths.notices import batch_at, notices
from benchmarks.posts import HOST
from benchmarks.processes import GENERATOR_CORE, SERVER_CORE, free_ports, pinned, process, wait_for_port
from benchmarks.recent_table import RecentTable
from benchmarks.running import ROOT
from stream_service.feed import Feed
from stream_service.hub import Hub
from stream_service.queue import Queue
from stream_service.reader import Reader
from tailrace.event_log import EventLog
from tailrace.notice import Canary, Notice
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of, emulated_aws_server

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

FROM_FULL_QUEUE = 6_000
FROM_EMULATOR = 200
RECEIVERS = 3
PATIENCE = 60.0
_AT_ONCE = 10


def measure() -> Numbers:
    """Measure once, in a process on the servers' core."""
    command = pinned(SERVER_CORE, [sys.executable, "-m", "benchmarks.paths.through_sqs"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=4 * PATIENCE, check=True)  # noqa: S603 - ours
    found: Numbers = json.loads(done.stdout)
    return found


async def _measure() -> Numbers:
    full_wall, full_cpu = await _from_full_queue()
    emulated_wall, _ = await _from_emulator()
    return {
        "notices/s through SQS's client and the feed, the queue never empty": [FROM_FULL_QUEUE / full_wall],
        "µs of CPU for one of those": [1e6 * full_cpu / FROM_FULL_QUEUE],
        "notices/s from emulated SQS, which is the bound": [FROM_EMULATOR / emulated_wall],
    }


class OpenQueue(Queue):
    """A queue that is there already."""

    def open(self, *, gone: str | None = None) -> str:  # noqa: ARG002 - as the queue's
        """Say where it is."""
        return f"http://{HOST}/1/full"

    def remove(self) -> None:
        """Leave it."""


async def _from_full_queue() -> tuple[float, float]:
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "queue.log"
        command = [sys.executable, "-m", "benchmarks.paths.full_queue", str(port), str(FROM_FULL_QUEUE)]
        with process(command, core=GENERATOR_CORE, log=log) as server:
            wait_for_port(port, server, log)
            clients = aws_clients_of(EmulatedAws(endpoint_url=f"http://{HOST}:{port}"))
            queue = OpenQueue(sqs=clients.sqs, sns=clients.sns, topic_arn="arn:aws:sns:local:0:full", name="full")
            hub = watched_hub(answer_at_once, *(stream_name(index) for index in range(STREAMS)))
            return await _take(queue, hub, FROM_FULL_QUEUE)


async def _from_emulator() -> tuple[float, float]:
    """Few messages: the emulator goes through all that wait for each that it hands out."""
    with emulated_aws_server() as aws:
        clients = aws_clients_of(aws)
        topic = clients.sns.create_topic(Name="notices")["TopicArn"]
        queue = Queue(sqs=clients.sqs, sns=clients.sns, topic_arn=topic, name="bench")
        _fill(clients, await asyncio.to_thread(queue.open))
        # A message that comes out of order leaves a hole, which the log fills: as in the service.
        hub = watched_hub(Reader(EventLog(table=_table())).ask, WATCHED)
        return await _take(queue, hub, FROM_EMULATOR)


async def _take(queue: Queue, hub: Hub, number: int) -> tuple[float, float]:
    """Run a feed until so many notices have come; seconds by the clock, and of CPU."""
    counts, done = count(1), asyncio.Event()

    def deliver(notice: Notice | Canary) -> None:
        if isinstance(notice, Notice):
            hub.offer(notice)
        if next(counts) == number:
            done.set()

    feed = Feed(queue, deliver=deliver, in_doubt=lambda: None, receivers=RECEIVERS)
    wall, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(feed.run())
    try:
        await asyncio.wait_for(done.wait(), PATIENCE)
        return time.perf_counter() - wall, time.process_time() - cpu
    finally:
        running.cancel()
        await feed.close()


def _table() -> RecentTable:
    table = RecentTable()
    for position in range(1, FROM_EMULATOR + 1):
        table.record(batch_at(position, workflow_id=WATCHED))
    return table


def _fill(clients: AwsClients, url: str) -> None:
    texts = list(notices(FROM_EMULATOR, workflow_id=WATCHED))
    for start in range(0, FROM_EMULATOR, _AT_ONCE):
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(index), "MessageBody": text} for index, text in enumerate(texts[start : start + _AT_ONCE])
        ]
        clients.sqs.send_message_batch(QueueUrl=url, Entries=entries)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_measure())))
