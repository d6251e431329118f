"""Waits until a server delivers: of one that is several processes, all may listen and not know each other yet."""

import socket
import subprocess
import time
from itertools import count
from pathlib import Path

from benchmarks.posts import HOST
from benchmarks.processes import PATIENCE, NotStarted
from benchmarks.running import Running

EVENTS = 5
"""One is not enough: a connection that one process could not tell another of ends only behind its first events."""
_WITHIN = 2.0
_PAUSE = 0.05


def wait_until_delivering(running: Running, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until one client has got a few events, one after another, each on a stream that nobody else follows.

    Raises:
        NotStarted: the process has ended, or took too long.
    """
    deadline = time.monotonic() + PATIENCE
    for attempt in count():
        if _delivers(running, f"p_probe-{attempt}"):
            return
        if time.monotonic() > deadline or server.poll() is not None:
            raise NotStarted(f"{server.args!r} does not deliver: {log.read_text(errors='replace')[-500:]}")
        time.sleep(_PAUSE)


def _delivers(running: Running, stream: str) -> bool:
    ask = f"GET /pipelines/{stream}/sse HTTP/1.1\r\nHost: {HOST}\r\nAccept: text/event-stream\r\n\r\n"
    try:
        with _connected(running.port) as client, _connected(running.posts_port) as publisher:
            client.sendall(ask.encode())
            _read_until(b"\r\n\r\n", client)
            for number in range(EVENTS):
                payload = f"probe {number}"
                head = f"POST /publish/{stream} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(payload)}\r\n\r\n"
                publisher.sendall(f"{head}{payload}".encode())
                _read_until(payload.encode(), client)
    except OSError:
        return False
    return True


def _connected(port: int) -> socket.socket:
    return socket.create_connection((HOST, port), timeout=_WITHIN)


def _read_until(expected: bytes, client: socket.socket) -> None:
    seen = b""
    while expected not in seen:
        data = client.recv(1 << 16)
        if not data:
            raise ConnectionResetError("closed by the server")
        seen += data
