"""The web server in front of an ASGI application of ours on this machine, made to be replaced while requests come.

What is used of uvicorn's inside (`HttpToolsProtocol.shutdown`, its `cycle` and `loop`) is used here alone;
pyproject.toml pins its minor release.
"""

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stream_service.bare_answers import NO_HTTP

_CONNECTIONS = 1000
_GRACE = 30
"""Seconds that requests get to end when the server is told to stop: as long as one may take."""
_FIRST_REQUEST = 1.0
"""Seconds that a connection gets, then, to bring the request that it was made for."""


class _PatientProtocol(HttpToolsProtocol):
    """Does not close a connection that was accepted just before the end, and whose request is still on its way."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's signature
        """Refuse what is no HTTP, with the headers that every answer has."""
        self.transport.write(NO_HTTP)
        self.transport.close()

    def shutdown(self) -> None:
        """Close the connection once its request has been answered."""
        if not self.cycle:  # None until its first request has begun
            self.loop.call_later(_FIRST_REQUEST, super().shutdown)
        else:
            super().shutdown()


def web_server(application: ASGIApp) -> uvicorn.Server:
    """Make a server for sockets that are handed to it: no log of its own, and it stops once open requests ended."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=_PatientProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # A connection that was kept for further requests would be closed just when one is sent.
            headers=[("Connection", "close")],
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
    )
