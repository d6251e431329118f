"""The servers that are measured, and how each is started."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from benchmarks.peers.pushpin import pushpin
from benchmarks.processes import SERVER_CORE, descendants, free_ports, process, wait_for_port
from benchmarks.running import BUILD, PEERS_PYTHON, ROOT, Running, fill

NGINX_MODULES = Path("/usr/lib/nginx/modules")

Start: TypeAlias = Callable[[Path], AbstractContextManager[Running]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to measure: its name in the tables, and how to run it in a folder of its own."""

    name: str
    title: str
    start: Start
    missing: Callable[[], str | None]
    """Why it can't run here; None where it can."""
    replays: bool = True
    """Whether a client that connects gets the newest events."""
    options: tuple[str, ...] = ()
    """For the generator."""

    @contextmanager
    def running(self) -> Iterator[Running]:
        """Run it until the context ends."""
        # A short path: sockets of the Unix kind have room for about a hundred characters.
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, self.start(Path(folder)) as running:
            yield running


@contextmanager
def _tailrace(folder: Path) -> Iterator[Running]:
    port, posts_port = free_ports(2)
    command = [sys.executable, "-m", "benchmarks.tailrace_server", str(port), str(posts_port)]
    with _single(command, folder, port=port, posts_port=posts_port) as running:
        yield running


@contextmanager
def _sse_starlette(folder: Path) -> Iterator[Running]:
    port, posts_port = free_ports(2)
    command = [str(PEERS_PYTHON), "-m", "benchmarks.peers.sse_starlette_server", str(port), str(posts_port)]
    with _single(command, folder, port=port, posts_port=posts_port) as running:
        yield running


@contextmanager
def _nchan(folder: Path) -> Iterator[Running]:
    (port,) = free_ports(1)
    configuration = fill("nchan.conf", folder, port=port, modules=NGINX_MODULES)
    command = ["nginx", "-c", str(configuration), "-p", str(folder)]
    with _single(command, folder, port=port, posts_port=port) as running:
        yield running


@contextmanager
def _floor(folder: Path, *, coalesces: bool) -> Iterator[Running]:
    (port,) = free_ports(1)
    environment = {"COALESCE": "1"} if coalesces else {}
    with _single([str(BUILD / "floor"), str(port)], folder, port=port, posts_port=port, more=environment) as running:
        yield running


@contextmanager
def _single(
    command: Sequence[str], folder: Path, *, port: int, posts_port: int, more: Mapping[str, str] | None = None
) -> Iterator[Running]:
    log = folder / "server.log"
    environment = {"PYTHONPATH": str(ROOT), **(more or {})}
    with process(command, core=SERVER_CORE, log=log, environment=environment) as server:
        wait_for_port(port, server, log)
        wait_for_port(posts_port, server, log)
        yield Running(port=port, posts_port=posts_port, pids=(server.pid, *descendants(server.pid)))


def _program(*names: str) -> str | None:
    absent = [name for name in names if shutil.which(name) is None]
    return f"{' and '.join(absent)} not installed" if absent else None


def _nchan_missing() -> str | None:
    module = NGINX_MODULES / "ngx_nchan_module.so"
    return _program("nginx") or (None if module.exists() else "nginx's module nchan not installed")


def _built() -> str | None:
    return None if (BUILD / "floor").exists() else "not built"


def _peers_environment() -> str | None:
    return None if PEERS_PYTHON.exists() else f"no {PEERS_PYTHON.relative_to(ROOT)}"


TAILRACE = Server(name="tailrace", title="**Tailrace**", start=_tailrace, missing=lambda: None)
FLOOR = Server(
    name="floor",
    title="C, a send per event and client",
    start=partial(_floor, coalesces=False),
    missing=_built,
    replays=False,
)
COALESCING_FLOOR = Server(
    name="floorc",
    title="C, a send per turn and client",
    start=partial(_floor, coalesces=True),
    missing=_built,
    replays=False,
)
NCHAN = Server(name="nchan", title="nginx + nchan", start=_nchan, missing=_nchan_missing, options=("-1",))
PUSHPIN = Server(
    name="pushpin",
    title="pushpin",
    start=pushpin,
    missing=lambda: _program("pushpin", "zurl", "nginx") or _peers_environment(),
    replays=False,
    # With many on their way at once it answers some with 502; by sixteens it accepts no fewer a second. It also loses a
    # few while one of its processes hands them to another: all these ask again, and count as closed.
    options=("-w", "16", "-b"),
)
SSE_STARLETTE = Server(name="sse", title="sse-starlette", start=_sse_starlette, missing=_peers_environment)

SERVERS = (TAILRACE, NCHAN, PUSHPIN, SSE_STARLETTE, COALESCING_FLOOR, FLOOR)
