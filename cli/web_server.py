"""The web server in front of an ASGI application of ours on this machine, made to be replaced while requests come.

What is used of uvicorn's inside (`HttpToolsProtocol.shutdown`, its `cycle` and `loop`) is used here alone, beside what
`BoundedProtocol` overrides; pyproject.toml pins its minor release.
"""

import uvicorn
from starlette.types import ASGIApp

from stream_service.bounded_protocol import BoundedProtocol

REQUEST_SECONDS = 30.0
"""How long a client may take to send a whole request."""
_CONNECTIONS = 1000
_GRACE = 30
"""Seconds that requests get to end when the server is told to stop: as long as one may take."""
_FIRST_REQUEST = 1.0
"""Seconds that a connection gets, then, to bring the request that it was made for."""


class _PatientProtocol(BoundedProtocol):
    """Does not close a connection that was accepted just before the end, and whose request is still on its way."""

    def shutdown(self) -> None:
        """Close the connection once its request has been answered."""
        if not self.cycle:  # None until its first request has begun
            self.loop.call_later(_FIRST_REQUEST, super().shutdown)
        else:
            super().shutdown()


def web_server(application: ASGIApp, *, request_seconds: float = REQUEST_SECONDS) -> uvicorn.Server:
    """Make a server for sockets that are handed to it: no log of its own, and it stops once open requests ended."""

    class Protocol(_PatientProtocol):
        pass

    Protocol.request_seconds = request_seconds
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # nothing is in front: what names another address, the client wrote itself
            server_header=False,
            # A connection that was kept for further requests would be closed just when one is sent.
            headers=[("Connection", "close")],
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
    )
