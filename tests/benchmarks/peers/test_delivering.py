"""A peer is measured once it delivers, and not before."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.peers.delivering import EVENTS, wait_until_delivering
from benchmarks.processes import GENERATOR_CORE, NotStarted, free_ports, process
from benchmarks.running import Running
from tests.benchmarks.served import served


class Waking:
    """A server that closes its first clients, each behind so many events, and keeps those after them."""

    def __init__(self, *, closes_behind: list[int]) -> None:
        self._closes_behind = closes_behind
        self._client: asyncio.StreamWriter | None = None
        self._sent = 0
        self.clients = 0

    async def follow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.clients += 1
        self._client, self._sent = writer, 0
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self._close_if_due()

    def publish(self, _stream: str, payloads: list[str]) -> None:
        if self._client is not None:
            self._client.write("".join(f"data: {payload}\n\n" for payload in payloads).encode())
            self._sent += len(payloads)
            self._close_if_due()

    def _close_if_due(self) -> None:
        if self._client is not None and self._closes_behind and self._closes_behind[0] == self._sent:
            self._closes_behind.pop(0)
            self._client.close()
            self._client = None

    def abort(self) -> None:
        if self._client is not None:
            self._client.transport.abort()


def test_clients_come_until_one_has_got_all_its_events(tmp_path: Path) -> None:
    server = Waking(closes_behind=[0, 1, EVENTS - 1])

    with served(server) as waking, process(["sleep", "60"], core=GENERATOR_CORE, log=tmp_path / "log") as alive:
        wait_until_delivering(waking, alive, tmp_path / "log")

    assert server.clients == 4


def test_server_that_has_ended_is_not_waited_for(tmp_path: Path) -> None:
    port, posts_port = free_ports(2)

    with process(["true"], core=GENERATOR_CORE, log=tmp_path / "log") as ended:
        ended.wait()
        with pytest.raises(NotStarted, match="does not deliver"):
            wait_until_delivering(Running(port=port, posts_port=posts_port, pids=()), ended, tmp_path / "log")
