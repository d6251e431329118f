"""The command `tailrace` as a process: run to its end, or followed line by line."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from unittest.mock import patch

from cli.__main__ import main

PATIENCE = 60.0

_ROOT = Path(__file__).parents[2]


def environment(**more: str) -> dict[str, str]:
    """An environment without colours, in which the command finds nothing but what a test says."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TAILRACE_")}
    return {**ours, "PYTHONPATH": str(_ROOT), "COLUMNS": "200", "NO_COLOR": "1", **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A command that has ended: its exit code, and what it has printed."""

    code: int
    out: str
    err: str


def tailrace(*arguments: str, folder: Path, given: str = "", variables: Mapping[str, str] | None = None) -> Ended:
    """Run a command to its end, in this process: another one would take a second to load."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        chdir(folder),
        patch.dict(os.environ, environment(**(variables or {})), clear=True),
        patch.object(sys, "argv", ["tailrace", *arguments]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return Ended(code=code, out=out.getvalue(), err=err.getvalue())


class Following:
    """A command that goes on until it is stopped, by what it has printed."""

    def __init__(
        self,
        command: list[str],
        *,
        folder: Path,
        variables: Mapping[str, str] | None = None,
        complete_environment: Mapping[str, str] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(**(variables or {})) if complete_environment is None else complete_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._readers = [
            threading.Thread(target=_read, args=(self.process.stdout, self.lines)),
            threading.Thread(target=_read, args=(self.process.stderr, self.notes)),
        ]
        for reader in self._readers:
            reader.start()

    def expect(self, condition: Callable[[], object], *, patience: float = PATIENCE) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + patience
        while not condition():
            ended = self.process.poll() is not None
            assert not ended or condition(), self._output()
            assert time.monotonic() < deadline, self._output()
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> int:
        """Stop it by a signal, to it alone; return its exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def _output(self) -> str:
        return "\n".join(["", *self.lines, "on standard error:", *self.notes])


@contextmanager
def following(*arguments: str, folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Following]:
    """Run a command of `tailrace` until the context ends."""
    with _running([sys.executable, "-m", "cli", *arguments], folder, variables) as command:
        yield command


@contextmanager
def program(*command: str, folder: Path, variables: Mapping[str, str] | None = None) -> Iterator[Following]:
    """Run any other program until the context ends."""
    with _running(list(command), folder, variables) as running:
        yield running


@contextmanager
def _running(command: list[str], folder: Path, variables: Mapping[str, str] | None) -> Iterator[Following]:
    running = Following(command, folder=folder, variables=variables)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.wait()


def _read(output: IO[str] | None, lines: list[str]) -> None:
    assert output is not None
    with output:
        lines.extend(line.rstrip("\n") for line in output)
