"""A server that stands where AWS should be, and has one answer to everything."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.support.aws import EmulatedAws


@contextmanager
def answering(status: int, body: bytes) -> Iterator[EmulatedAws]:
    """Serve it until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as the base class calls it)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        try:
            yield EmulatedAws(endpoint_url=f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
