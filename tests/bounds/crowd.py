"""Thousands of clients of event streams in one thread: they ask, count what comes, and keep nothing."""

import selectors
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PATIENCE = 120.0
_PIECE = 256 * 1024
_AT_ONCE = 200


class Member:
    """One client, and how often it was sent what is looked for."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.found = 0
        self.ended = False
        self._tail = b""

    def read(self, marker: bytes) -> None:
        """Take what has come, and count the markers in it, also those that came in two pieces."""
        try:
            data = self.sock.recv(_PIECE)
        except BlockingIOError:
            return
        except ConnectionResetError:
            data = b""
        self.ended = not data
        joined = self._tail + data
        self.found += joined.count(marker)
        self._tail = joined[-(len(marker) - 1) :]


class Crowd:
    """Clients that read as soon as something comes; none of them, while nobody waits for anything."""

    def __init__(self, url: str, *, marker: bytes, receive_buffer: int | None = None) -> None:
        place = urlsplit(url)
        self._address = (place.hostname, place.port)
        self._marker = marker
        self._receive_buffer = receive_buffer
        self._selector = selectors.DefaultSelector()
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._selector.close()
        for member in self.members:
            member.sock.close()

    def join(self, streams: Iterable[str]) -> None:
        """Let a client come for each stream named."""
        for number, stream in enumerate(streams, 1):
            sock = socket.socket(socket.AF_INET)
            if self._receive_buffer is not None:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
                # As over Ethernet: for the packets of the loopback, the kernel keeps a megabyte for each connection.
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 1400)
            sock.connect(self._address)
            sock.sendall(f"GET /pipelines/{stream}/sse HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            sock.setblocking(False)
            member = Member(sock)
            self.members.append(member)
            self._selector.register(sock, selectors.EVENT_READ, member)
            if number % _AT_ONCE == 0:
                self._read(0)

    def read_until(self, what: str, condition: Callable[[], bool]) -> None:
        """Read until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"Not in time: {what}."
            self._read(0.2)

    def _read(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            member: Member = key.data
            member.read(self._marker)
            if member.ended:
                self._selector.unregister(member.sock)
