"""The stream service as it is deployed, but for SQS: notices are posted, and go on as a decoded message would.

`python -m benchmarks.tailrace_server PORT POSTS_PORT`; GET /reads says how often the table was queried.
"""

import asyncio
import sys
import time

import uvloop
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from benchmarks.posts import HOST, take_posts
from benchmarks.recent_table import RecentTable
from stream_service import heart
from stream_service.api import Door, create_app
from stream_service.garbage import collect_rarely
from stream_service.guard import Guard
from stream_service.history import History
from stream_service.hub import Hub
from stream_service.pacer import Pacer
from stream_service.pulse import READY_AFTER, Pulse
from stream_service.reader import Reader
from stream_service.server import make_server
from stream_service.settings import Settings
from stream_service.shares import Shares
from stream_service.sweeper import Sweeper
from tailrace.event import Batch, Event, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import Notice, decode_notice, encode_notice

GENERATION = "bench"
SILENCE_SECONDS = 75.0
KEEPALIVE_SECONDS = 60.0
"""As long as may be: they would fall into some measurements, and not into others."""


class Publisher:
    """Gives events their places, and each batch to the table and to the hub, as an API and a queue would."""

    def __init__(self, hub: Hub, table: RecentTable) -> None:
        self._hub = hub
        self._table = table
        self._next: dict[WorkflowId, int] = {}

    def publish(self, stream: str, payloads: list[str]) -> None:
        """Publish one batch."""
        workflow_id = WorkflowId(stream)
        position = self._next.get(workflow_id, 1)
        self._next[workflow_id] = position + len(payloads)
        batch = Batch(
            workflow_id=workflow_id,
            generation=GENERATION,
            position=Position(position),
            count=len(payloads),
            events=tuple(Event("tick", payload) for payload in payloads),
            batch_id=f"{position}:0",
            recorded_at=int(time.time() * 1000),
        )
        self._table.record(batch)
        notice = decode_notice(encode_notice(batch))
        if isinstance(notice, Notice):
            self._hub.offer(notice)


def healthy_pulse() -> Pulse:
    """The pulse of a feed whose canaries have come back."""
    pulse = Pulse()
    for _ in range(READY_AFTER):
        pulse.came_back(pulse.next_number())
    return pulse


def make_app(settings: Settings, *, hub: Hub, reader: Reader, table: RecentTable, pulse: Pulse) -> FastAPI:
    """Make the service's own application, and the route that tells of the table."""
    app = create_app(
        hub=hub,
        history=History(reader),
        door=Door(hub),
        guard=Guard(None),
        shares=Shares(settings),
        pulse=pulse,
        registry=CollectorRegistry(),
        settings=settings,
    )

    @app.get("/reads")
    async def reads() -> int:
        return table.reads

    return app


async def serve(port: int, posts_port: int) -> None:
    """Serve until a signal."""
    settings = Settings(
        event_log_table="bench",
        notice_topic_arn="arn:aws:sns:local:0:bench",
        stream_access="public",
        host=HOST,
        max_connections=50_000,
        streams_per_address=50_000,
        requests_per_second=100_000,
        keepalive_seconds=KEEPALIVE_SECONDS,
    )
    table = RecentTable()
    reader = Reader(EventLog(table=table))
    pacer = Pacer(every=settings.pass_milliseconds / 1000)
    hub = Hub(ask=reader.ask, bounds=settings.bounds, due=pacer.due, spread=pacer.spread)
    pulse = healthy_pulse()
    sweeper = Sweeper(hub, pulse, pace=settings.pace, underway=lambda: reader.sweeps)

    def stop() -> None:
        server.should_exit = server.force_exit = True  # nobody waits for a polite end here

    server = make_server(
        make_app(settings, hub=hub, reader=reader, table=table, pulse=pulse),
        host=HOST,
        port=port,
        request_seconds=settings.request_seconds,
        silence_seconds=SILENCE_SECONDS,
        take_over=settings.take_over,
        on_signal=stop,
    )
    collect_rarely()
    await take_posts(posts_port, Publisher(hub, table).publish)
    async with asyncio.TaskGroup() as parts:
        others = [
            parts.create_task(reader.run()),
            parts.create_task(pacer.run()),
            parts.create_task(sweeper.run()),
            parts.create_task(heart.tick(hub)),
            parts.create_task(heart.keep_alive(hub, every=settings.keepalive_seconds)),
        ]
        await server.serve()
        for other in others:
            other.cancel()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
