"""The stream service as it is deployed, but for SQS: notices are posted, and go on as a decoded message would.

POST /publish/{workflow id}    a payload a line; all lines are one batch
"""

import sys
import time

import uvloop
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry

from stream_service.api import Door, create_app
from stream_service.hub import Bounds, Hub
from stream_service.pacer import Pacer
from stream_service.pulse import Pulse
from stream_service.reader import Reader
from stream_service.server import make_server
from stream_service.settings import Settings
from tailrace.codec import encode_events, pack
from tailrace.event import Batch, Event, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import Notice, decode_notice, encode_notice
from tailrace.table import Item
from tailrace.testing import InMemoryTable

GENERATION = "bench"
RETENTION = 30 * 24 * 3600


class Publisher:
    """Gives events their places, and puts the first of each stream into the log, where its ring will look."""

    def __init__(self, hub: Hub, table: InMemoryTable) -> None:
        self._hub = hub
        self._table = table
        self._next: dict[WorkflowId, int] = {}

    def publish(self, workflow_id: WorkflowId, payloads: list[str]) -> None:
        """Publish one batch."""
        position = self._next.get(workflow_id, 1)
        self._next[workflow_id] = position + len(payloads)
        now = time.time()
        batch = Batch(
            workflow_id=workflow_id,
            generation=GENERATION,
            position=Position(position),
            count=len(payloads),
            events=tuple(Event("tick", payload) for payload in payloads),
            batch_id=f"{position}:0",
            recorded_at=int(now * 1000),
        )
        if position <= 1000:
            self._table.items[workflow_id][position] = _item(batch, now)
        notice = decode_notice(encode_notice(batch))
        if isinstance(notice, Notice):
            self._hub.offer(notice)


def _item(batch: Batch, now: float) -> Item:
    return Item(
        workflow_id=batch.workflow_id,
        position=batch.position,
        generation=batch.generation,
        count=batch.count,
        batch_id=batch.batch_id,
        recorded_at=batch.recorded_at,
        expires_at=int(now) + RETENTION,
        events=pack(encode_events(batch.events)),
    )


def make_app(settings: Settings) -> FastAPI:
    """Make the service's own application, and the route that stands for the queue."""
    table = InMemoryTable()
    reader = Reader(EventLog(table=table))
    hub = Hub(ask=reader.ask, bounds=settings.bounds, due=Pacer(every=settings.pass_milliseconds / 1000).due)
    publisher = Publisher(hub, table)
    app = create_app(hub=hub, door=Door(hub), pulse=Pulse(), registry=CollectorRegistry(), settings=settings)

    @app.post("/publish/{workflow_id}")
    async def publish(workflow_id: str, request: Request) -> Response:
        publisher.publish(WorkflowId(workflow_id), (await request.body()).decode().split("\n"))
        return Response(status_code=204)

    return app


async def serve(port: int) -> None:
    """Serve until killed."""
    settings = Settings(
        event_log_table="bench", notice_topic_arn="arn:aws:sns:local:0:bench", max_connections=50_000, port=port
    )
    server = make_server(
        make_app(settings),
        host="0.0.0.0",
        port=port,
        silence_seconds=90,
        take_over=settings.take_over,
        on_signal=lambda: setattr(server, "should_exit", True),
    )
    await server.serve()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
