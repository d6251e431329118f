"""uvicorn, with the two things that long streams need of it: a signal that drains first, and a way to cut a client.

What is used of uvicorn's inside (`handle_exit`, `HttpToolsProtocol.on_message_begin`, its `scope` and `transport`) is
used here alone; pyproject.toml pins its minor release.
"""

import asyncio
from collections.abc import Callable
from types import FrameType

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "tailrace.transport"
"""The ASGI extension through which a response reaches its connection's transport."""


class TransportProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, which also tells the application its transport."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class DrainingServer(uvicorn.Server):
    """A server that drains at the first signal, and stops at the second."""

    def __init__(self, config: uvicorn.Config, *, drain: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain = drain
        self._told = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's signature
        """Hear a signal: uvicorn alone would wait for open streams, which never end."""
        # Signals are not kept for uvicorn to raise again at the end: a drained service exits with 0.
        if self._told:
            self.force_exit = self.should_exit
            self.should_exit = True
        else:
            self._told = True
            self._drain()


def make_server(app: FastAPI, *, host: str, port: int, drain: Callable[[], None]) -> DrainingServer:
    """Make a server for the application; `drain` is called in the event loop, once."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=TransportProtocol,
        ws="none",
        loop="uvloop",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_config=None,
        server_header=False,
        date_header=False,
        backlog=4096,
        timeout_graceful_shutdown=2,
    )
    loop = asyncio.get_running_loop()

    def drain_in_loop() -> None:
        loop.call_soon_threadsafe(drain)

    return DrainingServer(config, drain=drain_in_loop)
