"""A server that says what a test wrote down, byte by byte: what no well-behaved service does on demand."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.ports import HOST, listen, port_of

STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
SILENT = b"(stays open)"
"""An answer that ends with this is never ended by the server."""


def answer(status: str, body: bytes = b"", *, content_type: str = "application/json") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return head.encode() + b"\r\n\r\n" + body


@dataclass(slots=True)
class ScriptedServer:
    """Where it is, and the heads of the requests that came, in small letters."""

    url: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def scripted_server(answers: Sequence[bytes]) -> Iterator[ScriptedServer]:
    """Answer one connection after the other, each with the next of the answers; then refuse."""
    with listen(0, purpose="a test", option="another port") as listener:
        server = ScriptedServer(url=f"http://{HOST}:{port_of(listener)}")
        open_ones: list[socket.socket] = []
        thread = threading.Thread(target=_serve, args=(listener, answers, server, open_ones))
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in open_ones:
                connection.close()


def _serve(
    listener: socket.socket, answers: Sequence[bytes], server: ScriptedServer, open_ones: list[socket.socket]
) -> None:
    for text in answers:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        head = b""
        while b"\r\n\r\n" not in head and (part := connection.recv(65536)):
            head += part
        server.requests.append(head.decode().lower())
        connection.sendall(text.removesuffix(SILENT))
        if text.endswith(SILENT):
            open_ones.append(connection)
        else:
            connection.close()
