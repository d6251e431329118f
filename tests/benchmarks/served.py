"""Runs a small server of a test's own, in a thread, where a benchmark would find one to measure."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from benchmarks.posts import HOST, take_posts
from benchmarks.processes import free_ports
from benchmarks.running import Running


class PushServer(Protocol):
    """A server that hands on what is posted to it."""

    async def follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a client."""

    def publish(self, stream: str, payloads: list[str], /) -> None:
        """Take a post."""

    def abort(self) -> None:
        """Cut the clients that are left."""


@contextmanager
def served(server: PushServer) -> Iterator[Running]:
    """Serve on free ports until the context ends."""
    port, posts_port = free_ports(2)
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()
    serving = _serve(server, port, posts_port, started, stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()
    try:
        assert started.wait(10)
        yield Running(port=port, posts_port=posts_port, pids=())
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(server: PushServer, port: int, posts_port: int, started: threading.Event, stop: asyncio.Event) -> None:
    streams = await asyncio.start_server(server.follow, HOST, port)
    posts = await take_posts(posts_port, server.publish)
    started.set()
    await stop.wait()
    posts.close()
    streams.close()
    server.abort()
