"""Real clients of event streams, all alike: each follows a stream, and tells every event that its library reports."""

import asyncio
import json
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tailrace.node_executable import find_node
from tests.support.browser import chromium, needs_chromium
from tests.support.frames import frames_in
from tests.support.rim import eventually

NODE_CLIENTS = Path(__file__).parent / "node"
_ROOT = Path(__file__).parents[2]
_LINE = 1024 * 1024
_LISTEN = """
([address, channels]) => {
  window.heard = [];
  window.stream = new EventSource(address);
  for (const channel of new Set(["message", ...channels])) {
    stream.addEventListener(channel, ({ type, data, lastEventId }) =>
      heard.push({ event: type, data, id: lastEventId }));
  }
}
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a library reports it."""

    event: str
    data: str
    id: str


@dataclass(slots=True)
class Follower:
    """What a client has heard so far."""

    events: list[Heard] = field(default_factory=list)

    async def until(self, count: int) -> None:
        """Wait for so many events."""
        await eventually(lambda: len(self.events) >= count)


Client: TypeAlias = Callable[[str, Sequence[str]], AbstractAsyncContextManager[Follower]]
"""Follows an address, and listens to channels, where the library wants to know them."""


@asynccontextmanager
async def _process(command: Sequence[str], *, cwd: Path = _ROOT) -> AsyncIterator[asyncio.StreamReader]:
    """Run a command until the context ends."""
    process = await asyncio.create_subprocess_exec(*command, cwd=cwd, stdout=PIPE, limit=_LINE)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def _reading(read: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Read beside the test, until the context ends."""
    task = asyncio.create_task(read())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _telling(command: Sequence[str], *, cwd: Path = _ROOT) -> AsyncIterator[Follower]:
    """Run a client that prints what it hears as lines of JSON."""
    follower = Follower()
    async with _process(command, cwd=cwd) as output:

        async def read() -> None:
            while line := await output.readline():
                follower.events.append(Heard(**json.loads(line)))

        async with _reading(read):
            yield follower


def python(library: str) -> Client:
    """A client in Python."""
    return lambda address, _: _telling([sys.executable, "-m", "tests.wire.follow", library, address])


def node(library: str) -> Client:
    """A client in Node.js."""
    return lambda address, channels: _telling(
        [str(find_node()), "--no-warnings", "follow.mjs", library, address, *channels], cwd=NODE_CLIENTS
    )


@asynccontextmanager
async def curl(address: str, _: Sequence[str] = ()) -> AsyncIterator[Follower]:
    """`curl -N`, whose output is the stream itself: everything between keepalives must be whole frames."""
    follower = Follower()
    async with _process([str(shutil.which("curl")), "--silent", "--no-buffer", address]) as output:

        async def read() -> None:
            begin = await output.readline()
            assert begin.startswith(b"retry: ")
            frame = b""
            while line := await output.readline():
                frame += b"" if line == b":keepalive\n" else line
                if line == b"\n":
                    follower.events += [Heard(each.channel, each.payload, str(each.id)) for each in frames_in(frame)]
                    frame = b""

        async with _reading(read):
            yield follower


@asynccontextmanager
async def browser(address: str, channels: Sequence[str]) -> AsyncIterator[Follower]:
    """Chromium's EventSource, in a page of another origin."""
    follower = Follower()
    async with chromium() as running:
        page = await running.new_page()
        await page.evaluate(_LISTEN, [address, list(channels)])

        async def read() -> None:
            while True:
                for each in await page.evaluate("heard.splice(0)"):
                    follower.events.append(Heard(**each))
                await asyncio.sleep(0.02)

        async with _reading(read):
            yield follower


needs_node_clients = pytest.mark.skipif(
    not (NODE_CLIENTS / "node_modules").is_dir(),
    reason="the clients of Node.js are not installed here: `make test` does it where npm is",
)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")

RECONNECTING = [
    pytest.param(browser, id="chromium", marks=needs_chromium),
    pytest.param(node("eventsource"), id="node-eventsource", marks=needs_node_clients),
    pytest.param(node("undici"), id="node-undici", marks=needs_node_clients),
    pytest.param(python("launchdarkly-eventsource"), id="launchdarkly-eventsource"),
]
"""Clients that come back by themselves, as the standard wants it."""
CLIENTS = [
    *RECONNECTING,
    pytest.param(python("httpx-sse"), id="httpx-sse"),
    pytest.param(python("sseclient-py"), id="sseclient-py"),
    pytest.param(curl, id="curl", marks=needs_curl),
]
