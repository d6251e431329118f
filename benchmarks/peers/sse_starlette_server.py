"""sse-starlette as its users write it: FastAPI, and a queue for each client.

`python -m benchmarks.peers.sse_starlette_server PORT POSTS_PORT`
"""

import asyncio
import sys
from collections import defaultdict, deque
from collections.abc import AsyncIterator

import uvicorn
import uvloop
from fastapi import FastAPI
from sse_starlette import EventSourceResponse, ServerSentEvent

from benchmarks.posts import HOST, take_posts

REPLAY = 100
PING_SECONDS = 60
"""As rare as Tailrace's keepalives here: at the fifteen by default, some measurements have one, and others none."""


class Stream:
    """The newest events of a stream, and a queue for each client."""

    def __init__(self) -> None:
        self.newest: deque[ServerSentEvent] = deque(maxlen=REPLAY)
        self.queues: set[asyncio.Queue[ServerSentEvent]] = set()
        self.number = 0

    def publish(self, payload: str) -> None:
        """Give an event to every client."""
        self.number += 1
        event = ServerSentEvent(payload, id=str(self.number))
        self.newest.append(event)
        for queue in self.queues:
            queue.put_nowait(event)

    async def follow(self) -> AsyncIterator[ServerSentEvent]:
        """Replay, then live."""
        queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue()
        for event in self.newest:
            queue.put_nowait(event)
        self.queues.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self.queues.discard(queue)


async def serve(port: int, posts_port: int) -> None:
    """Serve until a signal."""
    streams: defaultdict[str, Stream] = defaultdict(Stream)
    app = FastAPI(openapi_url=None)

    @app.get("/pipelines/{stream_id}/sse")
    async def follow(stream_id: str) -> EventSourceResponse:
        return EventSourceResponse(streams[stream_id].follow(), ping=PING_SECONDS)

    def publish(stream_id: str, payloads: list[str]) -> None:
        for payload in payloads:
            streams[stream_id].publish(payload)

    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        log_level="error",
        backlog=4096,
        timeout_graceful_shutdown=1,
    )
    await take_posts(posts_port, publish)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
