"""Clients that ask for page after page of history, and read them as slowly as they can."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import pytest

from stream_service.history_page import PAGE_BYTES
from stream_service.page_answer import KERNEL_BYTES
from stream_service.shares import PAGES, PAGES_PER_ADDRESS
from tests.support.rim import Rim, eventually, serving, some_settings

pytestmark = pytest.mark.usefixtures("path")

PATH = "/streams/p_a/events?after=0-0&limit=1000"
SECONDS = 1.0
EVER = 1000.0
SLOW, OTHER = "198.51.100.1", "198.51.100.2"


@dataclass(slots=True)
class Readers:
    """Clients with small sockets, which read nothing by themselves."""

    url: str
    sockets: list[socket.socket] = field(default_factory=list)

    async def ask(self, address: str) -> None:
        """Ask for a page, as from an address."""
        place = urlsplit(self.url)
        sock = socket.socket()
        self.sockets.append(sock)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, (place.hostname, place.port))
        asked = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nViewer-Address: {address}\r\n\r\n"
        await loop.sock_sendall(sock, asked.encode())

    def sip(self) -> None:
        """Read a little, so that none of them seems to be gone."""
        for sock in self.sockets:
            with suppress(BlockingIOError, ConnectionError):
                sock.recv(1024)


@pytest.fixture(params=[EVER])
async def rim(request: pytest.FixtureRequest) -> Rim:
    """A service that waits for its clients for so long."""
    return Rim(settings=some_settings(address_header="Viewer-Address", slow_client_seconds=request.param))


@pytest.fixture
async def readers(rim: Rim) -> AsyncIterator[Readers]:
    async with serving(rim.app) as (url, _):
        for _ in range(40):
            await rim.publish("p_a", "x" * 30_000)
        readers = Readers(url)
        yield readers
        for sock in readers.sockets:
            sock.close()


def pages_of(rim: Rim, address: str) -> int:
    return rim.shares.pages_of_addresses._taken.get(bytes(map(int, address.split("."))), 0)


async def answer_of(readers: Readers, address: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        return await client.get(readers.url + PATH, headers={"Viewer-Address": address})


async def test_one_address_has_eight_pages_on_their_way_and_others_are_served(rim: Rim, readers: Readers) -> None:
    for _ in range(PAGES_PER_ADDRESS):
        await readers.ask(SLOW)
    await eventually(lambda: pages_of(rim, SLOW) == PAGES_PER_ADDRESS)

    refused, served = await answer_of(readers, SLOW), await answer_of(readers, OTHER)

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert refused.headers["content-type"] == "application/problem+json"
    assert rim.shares.requests_refused == 1
    assert served.status_code == 200
    assert len(served.content) > PAGE_BYTES > 4 * KERNEL_BYTES


async def test_all_together_have_sixty_four(rim: Rim, readers: Readers) -> None:
    for number in range(PAGES):
        await readers.ask(f"203.0.113.{number}")
    await eventually(lambda: rim.shares.pages_of_all.full(None))

    refused = await answer_of(readers, OTHER)

    assert refused.status_code == 429
    assert "for pages of history" in refused.json()["detail"]


@pytest.mark.parametrize("rim", [SECONDS], indirect=True)
async def test_who_reads_a_page_too_slowly_is_cut_and_gives_its_place_back(
    rim: Rim, readers: Readers, caplog: pytest.LogCaptureFixture
) -> None:
    await readers.ask(SLOW)
    await eventually(lambda: pages_of(rim, SLOW) == 1)

    async with asyncio.timeout(45):
        while pages_of(rim, SLOW):
            readers.sip()
            await asyncio.sleep(SECONDS / 20)

    assert not rim.shares.pages_of_all._taken
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    readers.sockets[0].setblocking(True)
    with readers.sockets[0].makefile("rb") as rest:
        assert len(rest.read()) < PAGE_BYTES // 2


async def test_who_goes_away_in_the_middle_of_a_page_gives_its_place_back_at_once(rim: Rim, readers: Readers) -> None:
    await readers.ask(SLOW)
    await eventually(lambda: pages_of(rim, SLOW) == 1)

    readers.sockets[0].close()

    await eventually(lambda: not pages_of(rim, SLOW) and not rim.shares.pages_of_all._taken)
