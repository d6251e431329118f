"""Processes of a measurement: each on a core of its own, and stopped by its own pid, with what it has started."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from benchmarks.posts import HOST

SERVER_CORE = 0
GENERATOR_CORE = 1
PATIENCE = 20.0
_PAUSE = 0.02
_GRACE = 0.7


class NotStarted(Exception):
    """A server did not come up; its message says what it printed."""


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """A command that runs on one core, where the machine has that one and can be told."""
    taskset = shutil.which("taskset")
    if taskset is None or (os.cpu_count() or 1) <= core:
        return list(command)
    return [taskset, "-c", str(core), *command]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on just now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind((HOST, 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


@contextmanager
def process(
    command: Sequence[str], *, core: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the context ends; what it prints goes to a file."""
    with log.open("ab") as output:
        running = _start(pinned(core, command), output, {**os.environ, **(environment or {})})
        try:
            yield running
        finally:
            _stop(running)


def _start(command: list[str], output: IO[bytes], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the benchmark's own servers
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, process_group=0
    )


def _stop(running: subprocess.Popen[bytes]) -> None:
    children = descendants(running.pid)
    running.terminate()
    try:
        running.wait(_GRACE)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
    for pid in children:
        _kill_orphan(pid)


def _kill_orphan(pid: int) -> None:
    """End a process that should have ended with its parent."""
    try:
        os.kill(pid, 9)
    except ProcessLookupError:
        return


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have."""
    found: list[int] = []
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:  # it has ended, or this is no Linux
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


def wait_for_port(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until somebody listens on a port.

    Raises:
        NotStarted: the process has ended, or took too long.
    """
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and running.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(_PAUSE)
    raise NotStarted(f"{running.args!r} does not listen on {port}: {log.read_text(errors='replace')[-500:]}")
