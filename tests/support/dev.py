"""`tailrace dev` as a process, seen as its user sees it: by what it prints, writes and serves."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from httpx_sse import ServerSentEvent, connect_sse

from cli.running_system import RunningSystem

PATIENCE = 60.0

_READY = "Tailrace is ready"
_LAST_OF_BANNER = "curl -N"
_RELOADED = "api_started"
_PROC = Path("/proc")
_GREETING = """
from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("ID")


@workflow.step
def greet(pd: Pd) -> None:
    pd.send.sse(channel="greetings", payload={"text": "TEXT"})
"""


def greeting(workflow_id: str, text: str) -> str:
    """A workflow's module that sends one text."""
    return _GREETING.replace("ID", workflow_id).replace("TEXT", text)


class Dev:
    """A running `tailrace dev`, by what it has printed."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "cli", "dev", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def system(self) -> RunningSystem:
        """What it has written to `.tailrace/dev.json`."""
        system = RunningSystem.find(self.folder / ".tailrace" / "dev.json")
        assert system is not None
        return system

    def printed(self, text: str) -> int:
        """How often a text was printed."""
        return sum(text in line for line in self.lines)

    def expect(self, condition: Callable[[], object]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None or condition(), "\n".join(self.lines)
            assert time.monotonic() < deadline, "\n".join(self.lines)
            time.sleep(0.05)

    def stop(self, signal_number: int) -> int:
        """Stop it by a signal, and return its exit code."""
        self.process.send_signal(signal_number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end."""
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def write_workflow(self, name: str, text: str) -> None:
        """Write a workflow's file; wait until it was taken up."""
        before = self.printed(_RELOADED)
        (self.folder / "workflows" / f"{name}.py").write_text(text)
        self.expect(lambda: self.printed(_RELOADED) > before)

    def post(self, workflow_id: str, *, prefer: str = "wait=60") -> httpx.Response:
        """Run a workflow."""
        return httpx.post(
            f"{self.system.api_url}/pipelines/{workflow_id}/events",
            headers={"Authorization": f"Bearer {self.system.api_key}", "Prefer": prefer},
            content='{"name": "Luke Skywalker"}',
            timeout=PATIENCE,
        )

    @contextmanager
    def stream(self, workflow_id: str) -> Iterator[Iterator[ServerSentEvent]]:
        """Follow a workflow's stream; control events are left out."""
        url = f"{self.system.stream_url}/pipelines/{workflow_id}/sse"
        with httpx.Client(timeout=PATIENCE) as client, connect_sse(client, "GET", url) as stream:
            yield (event for event in stream.iter_sse() if not event.event.startswith("$"))

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))


@contextmanager
def running_dev(folder: Path, *options: str, workflows: Path | None = None) -> Iterator[Dev]:
    """Run a new project in a folder on free ports until the context ends.

    It has a copy of the given workflows, or else the workflow `p_hello` alone.
    """
    if workflows is None:
        (folder / "workflows").mkdir()
        (folder / "workflows" / "hello.py").write_text(greeting("p_hello", "first"))
    else:
        shutil.copytree(workflows, folder / "workflows", ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    dev = Dev(folder, "--port", "0", *options)
    try:
        dev.expect(lambda: dev.printed(_READY) and dev.printed(_LAST_OF_BANNER))
        yield dev
    finally:
        if dev.process.poll() is None:
            dev.process.send_signal(signal.SIGINT)
        dev.wait()


def children_of(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [child for child, parent, _ in _processes() if parent == pid]


def command_of(pid: int) -> str:
    """A process's command line; empty where it has ended."""
    return next((command for process, _, command in _processes() if process == pid), "")


def runs(pid: int) -> bool:
    """Whether a process has not ended."""
    return command_of(pid) != ""


def _processes() -> Iterator[tuple[int, int, str]]:
    """Every process's id, its parent's, and its command; those that have ended and were not waited for are left out."""
    if not _PROC.exists():
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        for line in listing.stdout.splitlines():
            pid, parent, command = line.split(maxsplit=2)
            yield int(pid), int(parent), command
        return
    for process in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if command:
                yield int(process.name), int(parent), command
