"""Clients that people use, each in a process of its own; where its library does not come back, the next one does."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import quote

from tailrace.node_executable import find_node
from tests.faults.history import History
from tests.wire.clients import NODE_CLIENTS

_AGAIN = 1.0
_LINE = 8 * 1024 * 1024
_CHANNELS = ("a", "b", "$sync", "$gap")
_PYTHON = ("httpx-sse", "sseclient-py", "launchdarkly-eventsource")
_NODE = ("eventsource", "undici")


def libraries() -> list[str]:
    """The libraries that are here; those of Node.js are where `make test` has installed them."""
    return [*_PYTHON, *(_NODE if (NODE_CLIENTS / "node_modules").is_dir() else ())]


class LibraryClient:
    """Follows a stream by a library for as long as `run` does."""

    def __init__(self, library: str, history: History, *, url: str) -> None:
        self.history = history
        self._library = library
        self._url = f"{url}/pipelines/{history.stream}/sse"
        self._process: Process | None = None

    def vanish(self) -> bool:
        """Kill the process; another comes with the id that this one heard last. False where there is none."""
        if self._process is None or self._process.returncode is not None:
            return False
        with suppress(ProcessLookupError):
            self._process.kill()
        return True

    async def run(self) -> None:
        """Follow, until cancelled."""
        while True:
            cursor = f"?last_event_id={quote(self.history.last_id)}" if self.history.last_id else ""
            await self._follow(self._url + cursor)
            await asyncio.sleep(_AGAIN)

    async def _follow(self, address: str) -> None:
        command, folder = self._command(address)
        self.history.connect()
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=PIPE, stderr=DEVNULL, limit=_LINE)
        self._process = process
        assert process.stdout is not None
        try:
            while line := await process.stdout.readline():
                with suppress(json.JSONDecodeError):  # it was killed while it wrote
                    heard = json.loads(line)
                    if heard["event"] != "message":  # some libraries report a keepalive as one
                        self.history.hear(heard["event"], heard["data"], heard["id"])
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _command(self, address: str) -> tuple[Sequence[str], str | None]:
        if self._library in _PYTHON:
            return (sys.executable, "-m", "tests.wire.follow", self._library, address), None
        return (
            (str(find_node()), "--no-warnings", "follow.mjs", self._library, address, *_CHANNELS),
            str(NODE_CLIENTS),
        )
