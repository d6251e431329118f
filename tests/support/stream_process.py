"""The stream service as a process whose whole environment a test chooses: lost AWS, short times, wrong settings."""

import asyncio
import json
import os
import signal
import socket
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from cli.local_aws import local_environment
from cli.ports import HOST, find_port
from cli.processes import Child
from tests.support.services import ONE_ADDRESS, Service

PATIENCE = 45.0
"""Seconds to the end of a process, at most: ECS gives it sixty."""


def environment_of(*, endpoint_url: str, table: str, topic_arn: str, **settings: object) -> dict[str, str]:
    """The environment of a stream service; settings by their names, such as drain_seconds=1."""
    chosen = {
        "event_log_table": table,
        "notice_topic_arn": topic_arn,
        "stream_access": "public",
        "host": HOST,
        "port": find_port(0, purpose="a stream service", option="another port"),
        "drain_seconds": 0.2,
        **settings,
    }
    variables = {f"TAILRACE_{name.upper()}": str(value) for name, value in chosen.items()}
    return local_environment(os.environ, endpoint_url=endpoint_url) | ONE_ADDRESS | variables


def with_port(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment for one more service, on a port of its own."""
    return {**environment, "TAILRACE_PORT": str(find_port(0, purpose="a stream service", option="another port"))}


@asynccontextmanager
async def stream_service(environment: Mapping[str, str], *, status: str = "ready") -> AsyncIterator[Service]:
    """Run a stream service until the context ends; wait for what `/readyz` shall say first."""
    output: deque[str] = deque(maxlen=5000)
    child = Child("stream_service", environment=environment, on_line=output.append)
    service = Service(url=f"http://{HOST}:{environment['TAILRACE_PORT']}", child=child, output=output)
    try:
        await expect(service, f"it was {status}", lambda: readiness(service) == status)
        yield service
    finally:
        child.kill()
        child.stop(patience=10)


async def expect(service: Service, what: str, condition: Callable[[], bool]) -> None:
    """Wait until a condition holds of a service, in a thread: what else the test serves goes on meanwhile."""
    await asyncio.to_thread(service.expect, what, condition)


def readiness(service: Service) -> str | None:
    """What `/readyz` says, or None where nothing answers."""
    try:
        return str(httpx.get(f"{service.url}/readyz", trust_env=False, timeout=5).json()["status"])
    except httpx.HTTPError:
        return None


def metric(service: Service, name: str, **labels: str) -> float:
    """One number of `/metrics`."""
    text = httpx.get(f"{service.url}/metrics", trust_env=False, timeout=20).text
    [value] = (
        sample.value
        for each in text_string_to_metric_families(text)
        for sample in each.samples
        if (sample.name, sample.labels) == (f"tailrace_{name}", labels)
    )
    return value


def resident_bytes(service: Service) -> int:
    """The memory that the process holds."""
    (line,) = (
        line for line in Path(f"/proc/{service.child.pid}/status").read_text().splitlines() if line.startswith("VmRSS:")
    )
    return int(line.split()[1]) * 1024


def interrupt(service: Service, number: signal.Signals = signal.SIGTERM) -> None:
    """Send the process a signal, unless it has just ended."""
    with suppress(ProcessLookupError):
        os.kill(service.child.pid, number)


async def exit_code(service: Service) -> int:
    """Wait until the process has ended; whoever drains clients meanwhile is not held up."""
    deadline = time.monotonic() + PATIENCE
    while service.child.exit_code is None:
        assert time.monotonic() < deadline, "It has not ended:\n" + "\n".join(service.output)
        await asyncio.sleep(0.02)
    return service.child.exit_code


def events_of(service: Service) -> list[str]:
    """What the process has logged, without the fields."""
    return [str(json.loads(line)["event"]) for line in service.output if line.startswith("{")]


class Proxy:
    """A TCP port in front of a server: it can refuse, hang, or let through."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.removeprefix("http://").partition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.hangs = False
        self.port = find_port(0, purpose="a proxy", option="another port")
        self.url = f"http://{HOST}:{self.port}"

    async def open(self) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._serve, HOST, self.port)

    async def close(self) -> None:
        """Refuse from now on, and cut what is there."""
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)  # what was accepted just now begins to be served
        for writer in tuple(self._writers):
            writer.transport.abort()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(ConnectionError), self._open_until_done(writer):
            server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
            with self._open_until_done(server_writer):
                await asyncio.gather(self._pass(reader, server_writer), self._pass(server_reader, writer))

    @contextmanager
    def _open_until_done(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            while self.hangs:  # noqa: ASYNC110 (a test decides)
                await asyncio.sleep(0.02)
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxy_before(target: str, *, listening: bool = True) -> AsyncIterator[Proxy]:
    """Put a proxy in front of a server until the context ends."""
    proxy = Proxy(target)
    if listening:
        await proxy.open()
    try:
        yield proxy
    finally:
        proxy.hangs = False
        await proxy.close()


@contextmanager
def silent_server() -> Iterator[str]:
    """A server that takes connections and never says a word; yields its URL."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind((HOST, 0))
        listener.listen(512)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
