"""The stream service's rim in this process: an application on a real socket, over a log in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from fastapi import FastAPI

from stream_service.api import Door, create_app
from stream_service.feed import Feed
from stream_service.guard import Guard
from stream_service.history import History
from stream_service.hub import Hub
from stream_service.lags import Lags
from stream_service.metrics import ServiceMetrics
from stream_service.pulse import Pulse
from stream_service.queue import Queue
from stream_service.reader import Reader
from stream_service.server import DrainingServer, make_server
from stream_service.settings import Settings
from stream_service.shares import Shares
from stream_service.unwritten import Delivered
from tailrace.event import Batch, Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.notice import Notice, decode_notice, encode_notice

TOPIC = "arn:aws:sns:us-east-1:123456789012:notices"
PATIENCE = 45.0
take_over = True
"""Whether servers give their connections away; modules whose tests must hold on both paths set it."""


async def eventually(condition: Callable[[], bool], *, patience: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110 (what is waited for knows no asyncio)
            await asyncio.sleep(0.005)


def some_settings(**changes: object) -> Settings:
    """Settings that need no environment; tests make all their requests from one address."""
    needed = {"event_log_table": "EventLog", "notice_topic_arn": TOPIC, "stream_access": "public"}
    return Settings.model_validate({**needed, "requests_per_second": 100_000, **changes})


def notice_of(batch: Batch) -> Notice:
    """What the feed would bring."""
    notice = decode_notice(encode_notice(batch))
    assert isinstance(notice, Notice)
    return notice


@dataclass(slots=True)
class Rim:
    """The parts, without a feed that runs: tests offer notices themselves."""

    settings: Settings = field(default_factory=some_settings)
    table: InMemoryTable = field(default_factory=InMemoryTable)
    log: EventLog = field(init=False)
    reader: Reader = field(init=False)
    hub: Hub = field(init=False)
    door: Door = field(init=False)
    guard: Guard = field(default_factory=lambda: Guard(None))
    feed: Feed = field(init=False)
    pulse: Pulse = field(init=False)
    lags: Lags = field(init=False)
    shares: Shares = field(init=False)
    metrics: ServiceMetrics = field(init=False)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.log = EventLog(table=self.table)
        self.reader = Reader(self.log)
        self.lags = Lags()
        self.hub = Hub(ask=self.reader.ask, bounds=self.settings.bounds, delivered=self._delivered)
        self.door = Door(self.hub)
        self.feed = _idle_feed()
        self.pulse = Pulse()
        self.shares = Shares(self.settings)
        self.metrics = ServiceMetrics(
            hub=self.hub,
            reader=self.reader,
            feed=self.feed,
            pulse=self.pulse,
            lags=self.lags,
            shares=self.shares,
        )
        self.app = create_app(
            hub=self.hub,
            history=History(self.reader),
            door=self.door,
            guard=self.guard,
            shares=self.shares,
            pulse=self.pulse,
            registry=self.metrics.registry,
            settings=self.settings,
        )

    def _delivered(self, batch: Delivered) -> None:
        self.lags.delivered(batch.recorded_at)

    async def publish(self, workflow_id: str, *payloads: object, channel: str = "c") -> tuple[Batch, ...]:
        """Append a batch, and bring its notice."""
        events = [Event.of(channel, payload) for payload in payloads]
        batches = await self.log.append(WorkflowId(workflow_id), events, batch_id=uuid4().hex)
        for batch in batches:
            self.hub.offer(notice_of(batch))
        return batches


def _idle_feed() -> Feed:
    """A feed that is never run, so that its queue needs no AWS."""
    nothing: Any = None
    queue = Queue(sqs=nothing, sns=nothing, topic_arn=TOPIC, name="none")
    return Feed(queue, deliver=lambda _: None, in_doubt=lambda: None, receivers=1)


@asynccontextmanager
async def serving(
    app: FastAPI,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    request_seconds: float = 20.0,
    silence_seconds: float = 60.0,
    on_signal: Callable[[], None] = lambda: None,
) -> AsyncIterator[tuple[str, DrainingServer]]:
    """Serve an application on a port, or on a free one; yields the URL and the server."""
    server = make_server(
        app,
        host=host,
        port=port,
        request_seconds=request_seconds,
        silence_seconds=silence_seconds,
        take_over=take_over,
        on_signal=on_signal,
    )
    served = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started or served.done())
        yield f"http://{host}:{server.servers[0].sockets[0].getsockname()[1]}", server
    finally:
        server.should_exit = True
        for connection in tuple(server.server_state.connections):
            connection.transport.abort()  # a stream never ends by itself
        await served
