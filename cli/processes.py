"""A child process: its output line by line, its end told, and stopped by its own pid."""

import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO

_MAX_LINE = 1024 * 1024
"""Bytes; a longer line is told in pieces."""


class Child:
    """A Python module that runs beside this process, and ends at the latest when this process is gone."""

    def __init__(
        self,
        module: str,
        *arguments: str,
        environment: Mapping[str, str],
        on_line: Callable[[str], None],
        on_end: Callable[["Child"], None] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        self.module = module
        self._on_end = on_end
        # In a process group of its own: a Ctrl-C at the terminal is for the parent, which stops its children in order.
        self._process = subprocess.Popen(  # noqa: S603 (our own modules, by this interpreter)
            [sys.executable, "-u", "-m", "cli.child", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=descriptors,
            process_group=0,
        )
        self._reader = threading.Thread(target=self._read, args=(on_line,), name=f"{module} output", daemon=True)
        self._reader.start()
        self._waiter = threading.Thread(target=self._wait, name=f"{module} end", daemon=True)
        self._waiter.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll()

    def terminate(self) -> None:
        """Tell it to stop, and don't wait."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def stop(self, *, patience: float) -> int:
        """Tell it to stop, wait up to `patience` seconds, then kill it; return its exit code."""
        self._process.terminate()
        if not self.ends_within(patience):
            self._process.kill()
        code = self._process.wait()
        self._waiter.join()
        return code

    def ends_within(self, seconds: float | None) -> bool:
        """Wait for its end, for so many seconds or for as long as it takes; say whether it has come."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _read(self, on_line: Callable[[str], None]) -> None:
        output = self._process.stdout
        assert output is not None  # noqa: S101 (asked for above)
        while line := output.readline(_MAX_LINE):
            on_line(line.decode(errors="replace").rstrip("\r\n"))

    def _wait(self) -> None:
        self._process.wait()
        # A grandchild may hold the output open: what is left of it is read for a moment, not for ever.
        self._reader.join(1.0)
        _close(self._process.stdin)
        if not self._reader.is_alive():
            _close(self._process.stdout)
        if self._on_end is not None:
            self._on_end(self)


def _close(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        pipe.close()
