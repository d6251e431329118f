"""The load generator is an instrument: what it says about a server must be so."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from benchmarks.generator import Failed, Load, measure
from benchmarks.running import BUILD
from benchmarks.servers import COALESCING_FLOOR, FLOOR, Server
from tests.benchmarks.served import served

pytestmark = pytest.mark.skipif(not (BUILD / "sseload").exists(), reason="needs a C compiler: make build/bench/sseload")

_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_GENTLE = ("-y",)


class Faulty:
    """A server that gives each event to its clients as often as `copies` says, in chunks of some bytes."""

    def __init__(
        self, *, copies: dict[int, int], chunk: int, status: bytes = b"200 OK", refuses: int = 0, closes: int = 0
    ) -> None:
        self._copies = copies
        self._refuses = refuses
        self._closes = closes
        self._chunk = chunk
        self._head = _HEAD.replace(b"200 OK", status)
        self._writers: list[asyncio.StreamWriter] = []
        self._turned_away: list[asyncio.StreamWriter] = []
        self._number = 0

    async def follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if self._refuses > 0:
            self._refuses -= 1
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            self._turned_away.append(writer)
            return
        writer.write(self._head)
        if self._closes > 0:
            self._closes -= 1
            writer.close()
            self._turned_away.append(writer)
            return
        self._writers.append(writer)

    def publish(self, _stream: str, payloads: list[str]) -> None:
        for payload in payloads:
            self._number += 1
            for _ in range(self._copies.get(self._number, 1)):
                self._write(f"data: {payload}\n\n".encode())

    def _write(self, frame: bytes) -> None:
        pieces = [frame[start : start + self._chunk] for start in range(0, len(frame), self._chunk)]
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        for writer in self._writers:
            writer.write(chunks)

    def abort(self) -> None:
        for writer in (*self._writers, *self._turned_away):
            writer.transport.abort()


@contextmanager
def busy_while_idle() -> Iterator[int]:
    """A process that uses its CPU all the time."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield busy.pid
    finally:
        busy.kill()
        busy.wait()


@pytest.mark.parametrize("server", [FLOOR, COALESCING_FLOOR], ids=lambda server: server.name)
def test_every_event_of_every_client_is_counted(server: Server) -> None:
    with server.running() as floor:
        measured = measure(
            floor, [Load(50, seconds=0.2), Load(500, batch=10, seconds=0.2)], clients=20, options=_GENTLE
        )

    assert [stage.wanted for stage in measured.stages] == [200, 2000]
    assert [stage.delivered for stage in measured.stages] == [200, 2000]
    assert [stage.missing + stage.doubled for stage in measured.stages] == [0, 0]
    assert all(stage.cpu_us_each > 0 for stage in measured.stages)


def test_what_idle_clients_cost_is_measured_before_anything_is_published() -> None:
    with busy_while_idle() as pid, served(Faulty(copies={}, chunk=100)) as faulty:
        measured = measure(
            replace(faulty, pids=(pid,)), [Load(50, seconds=0.2)], clients=5, idle_seconds=1, options=_GENTLE
        )

    assert measured.connected.idle_cpu_us > 0
    assert measured.stages[0].delivered == 50


@pytest.mark.parametrize("chunk", [3, 1000])
def test_missing_and_doubled_events_are_told_however_the_body_is_cut(chunk: int) -> None:
    with served(Faulty(copies={3: 0, 4: 0, 7: 2}, chunk=chunk)) as faulty:
        measured = measure(faulty, [Load(100, seconds=0.1)], clients=5, options=_GENTLE)

    (stage,) = measured.stages
    assert (stage.wanted, stage.delivered, stage.missing, stage.doubled) == (50, 40, 10, 5)
    assert not stage.sustained


def test_clients_that_are_refused_are_no_measurement() -> None:
    with served(Faulty(copies={}, chunk=100, status=b"503 Full")) as full, pytest.raises(Failed, match="503"):
        measure(full, [Load(10, seconds=0.1)], clients=2)


def test_clients_that_are_refused_or_closed_ask_again_where_they_are_told_to() -> None:
    with served(Faulty(copies={}, chunk=100, refuses=3, closes=2)) as faulty:
        measured = measure(faulty, [Load(100, seconds=0.1)], clients=10, options=(*_GENTLE, "-b"))

    assert (measured.connected.open, measured.connected.refused, measured.connected.closed) == (10, 3, 2)
    assert measured.stages[0].delivered == 100


def test_clients_that_are_closed_are_no_measurement() -> None:
    with served(Faulty(copies={}, chunk=100, closes=1)) as faulty, pytest.raises(Failed, match="1 of 2"):
        measure(faulty, [Load(10, seconds=0.1)], clients=2)
