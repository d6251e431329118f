"""AWS on this machine: moto's server, in a process of its own, reached by boto3 like AWS itself.

It serves programs of this machine, and no pages: moto itself lets those of any origin read what it keeps, such as the
API's key. It begins to listen before it has loaded: who starts it takes the port and hands it over, and requests wait
meanwhile.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from cli.ports import HOST

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_THIS_MACHINE = frozenset({HOST, "localhost"})
_REFUSAL = b"This is emulated AWS, for programs of this machine, not for pages.\n"


class OneAtATime:
    """Lets one request in at a time, except those that wait for a message.

    moto is not atomic across its threads: two of them can pass the same condition of a put, and a message that arrives
    while another is deleted can be lost. A receive waits inside moto without holding anything, so it may stay outside.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if _may_wait(environ):
            return self._application(environ, start_response)
        with self._lock:
            return self._application(environ, start_response)


class ForPrograms:
    """Refuses what a browser sends for a page, which names the page's origin or, by a trick of DNS, the page's host."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        if "HTTP_ORIGIN" in environ or "HTTP_SEC_FETCH_SITE" in environ or _host(environ) not in _THIS_MACHINE:
            start_response("403 Forbidden", [("Content-Type", "text/plain"), ("Content-Length", str(len(_REFUSAL)))])
            return [_REFUSAL]
        return self._application(environ, start_response)


def _host(environ: dict[str, Any]) -> str:
    host: str = environ.get("HTTP_HOST", "")
    return host.rpartition(":")[0] or host


def _may_wait(environ: dict[str, Any]) -> bool:
    # Without a target it is SQS's older protocol, which names its action in the body.
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    return "/sqs/" in environ.get("HTTP_AUTHORIZATION", "") and (not target or target.endswith(".ReceiveMessage"))


class _QuietHandler(MotoRequestHandler):
    """Keeps the log of requests to itself; errors are still told."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def main() -> None:
    """Serve on the listening socket that was handed over, until told to stop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="the descriptor of the listening socket")
    descriptor = parser.parse_args().fd
    signal.signal(signal.SIGTERM, _stop)
    application = ForPrograms(OneAtATime(DomainDispatcherApplication(create_backend_app)))
    server = make_server(HOST, 0, application, threaded=True, request_handler=_QuietHandler, fd=descriptor)
    server.serve_forever()


if __name__ == "__main__":
    main()
