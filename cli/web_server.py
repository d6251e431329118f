"""The web server in front of an ASGI application of ours on this machine."""

import uvicorn
from starlette.types import ASGIApp

_CONNECTIONS = 1000
_GRACE = 30
"""Seconds that requests get to end when the server is told to stop: as long as one may take."""


def web_server(application: ASGIApp) -> uvicorn.Server:
    """Make a server for sockets that are handed to it: no log of its own, and it stops once open requests ended."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            log_config=None,
            access_log=False,
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GRACE,
        )
    )
