"""A client that goes without a word, as one whose link breaks does: the kernel finds it, since nobody else can."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from stream_service import heart
from stream_service.service import SILENCE_MARGIN_SECONDS
from stream_service.settings import Settings
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import follow

pytestmark = [
    pytest.mark.usefixtures("path"),
    pytest.mark.skipif(sys.platform != "linux", reason="TCP_USER_TIMEOUT and network namespaces are Linux's."),
]

OURS, THEIRS = "198.18.201.1", "198.18.201.2"
"""Of the addresses that are kept for measuring network devices: no network here has them."""
CLIENT = """
import socket, sys
client = socket.create_connection((sys.argv[1], int(sys.argv[2])))
client.sendall(b"GET /pipelines/p_a/sse HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
while client.recv(65536): pass
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A network namespace with one link to this machine."""

    namespace: str

    def start_client(self, port: int) -> "subprocess.Popen[bytes]":
        """Follow a stream from the other end of the link."""
        inside = ("ip", "netns", "exec", self.namespace)
        return subprocess.Popen((*inside, sys.executable, "-c", CLIENT, OURS, str(port)))

    def break_down(self) -> None:
        """Let nothing through any more, in both directions, and tell nobody."""
        ip("-n", self.namespace, "link", "set", "inside", "down")


def ip(*arguments: str) -> None:
    """Run `ip`; skip the test where that may not be."""
    try:
        subprocess.run(("ip", *arguments), check=True, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("There is no `ip` here, which makes network namespaces.")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"No network namespace may be made here: {error.stderr.strip()}")


@pytest.fixture
def link() -> Iterator[Link]:
    name = f"tailrace-{uuid4().hex[:6]}"
    ip("netns", "add", name)
    try:
        ip("link", "add", name, "type", "veth", "peer", "name", "inside", "netns", name)
        ip("addr", "add", f"{OURS}/30", "dev", name)
        ip("link", "set", name, "up")
        ip("-n", name, "addr", "add", f"{THEIRS}/30", "dev", "inside")
        ip("-n", name, "link", "set", "inside", "up")
        yield Link(name)
    finally:
        # What was refused above need not be there. A namespace outlives its name while a dying socket is in it.
        for thing in ("link", "netns"):
            subprocess.run(("ip", thing, "delete", name), check=False, capture_output=True)


async def test_accepted_socket_is_probed_and_given_up_after_the_time_set() -> None:
    rim = Rim()
    async with serving(rim.app, silence_seconds=7.5) as (url, server), follow(url, "p_a") as client:
        await client.next()

        (connection,) = server.server_state.connections
        sock = connection.transport.get_extra_info("socket")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 2
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 2
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 7500


def test_client_that_went_without_a_word_is_found_within_two_minutes() -> None:
    settings: Settings = some_settings()

    # At the latest, the next keepalive is the first that stays unacknowledged.
    assert settings.keepalive_seconds + settings.slow_client_seconds + SILENCE_MARGIN_SECONDS < 120


async def test_client_whose_link_broke_is_counted_no_more(link: Link) -> None:
    rim = Rim(settings=some_settings(keepalive_seconds=0.2))
    async with serving(rim.app, host=OURS, silence_seconds=2.0) as (url, _):
        keepalives = asyncio.create_task(heart.keep_alive(rim.hub, every=0.2))
        client = link.start_client(int(url.rpartition(":")[2]))
        try:
            await eventually(lambda: rim.hub.connections == 1)

            link.break_down()

            await eventually(lambda: rim.hub.connections == 0)
            async with httpx.AsyncClient(trust_env=False) as observer:
                assert "tailrace_connections 0.0" in (await observer.get(f"{url}/metrics")).text
        finally:
            keepalives.cancel()
            with suppress(asyncio.CancelledError):
                await keepalives
            os.kill(client.pid, 9)
            client.wait()
