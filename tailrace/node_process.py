"""Runs Node.js steps on this machine: in processes that stay warm, one step at a time in each."""

import atexit
import contextlib
import logging
import secrets
import subprocess
import threading
import time
from functools import cache
from pathlib import Path

from tailrace.errors import NodeUnavailable
from tailrace.node import NodeAnswer, NodeRequest
from tailrace.node_executable import find_node

logger = logging.getLogger(__name__)

RUNNER = Path(__file__).parents[1] / "lambdas" / "node_steps" / "index.mjs"
PROCESSES = 8
"""Kept warm, at most."""
GRACE = 1.0
"""Seconds behind its deadline after which a step's process is ended; nobody waits for it by then."""
_MAX_LINE = 8_000_000
_MAX_NOISE = 1_000


class NodeProcesses:
    """A `NodeRuntime` of warm processes: as many as steps run at once."""

    def __init__(self, *, node: str | None = None) -> None:
        self._node = node
        self._idle: list[_NodeProcess] = []
        self._all: set[_NodeProcess] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)

    @staticmethod
    @cache
    def shared() -> "NodeProcesses":
        """The processes of this Python process."""
        return NodeProcesses()

    def run(self, request: NodeRequest) -> NodeAnswer:
        """Run one step, in a process that is free or a new one; one that breaks, or takes too long, is ended.

        Raises:
            InvalidProps: they are not JSON.
            NodeUnavailable: there is no Node.js, its process ended, or the request is too large.
        """
        folder = request.folder.resolve()
        text = request.encode(folder=str(folder), file=request.file)
        process = self._take()
        try:
            answer = process.ask(text, until=request.deadline)
        except BaseException:
            self._end(process)
            raise
        if process.lingers:
            self._end(process)  # with what the step has left running: the next one gets a process without
        else:
            self._give_back(process)
        return NodeAnswer.of(answer)

    def close(self) -> None:
        """End the processes, those that are in the middle of a step too."""
        for process in tuple(self._all):
            self._end(process)

    def _take(self) -> "_NodeProcess":
        while True:
            with self._lock:
                process = self._idle.pop() if self._idle else None
            if process is None:
                break
            if process.runs:
                return process
            self._end(process)  # what a step had left behind has ended it
        self._node = self._node or find_node()
        process = _NodeProcess(self._node)
        with self._lock:
            self._all.add(process)
        return process

    def _give_back(self, process: "_NodeProcess") -> None:
        with self._lock:
            if len(self._idle) < PROCESSES:
                self._idle.append(process)
                return
        self._end(process)

    def _end(self, process: "_NodeProcess") -> None:
        with self._lock:
            self._all.discard(process)
            if process in self._idle:
                self._idle.remove(process)
        process.close()


class _NodeProcess:
    """One process: a request a line goes in, an answer a line comes out, marked as one."""

    def __init__(self, node: str) -> None:
        word = secrets.token_hex(8)
        try:
            self._process = subprocess.Popen(  # noqa: S603 - node, and our own module
                [node, str(RUNNER), word], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        except OSError as error:
            raise NodeUnavailable(f"Node.js could not be started: {error}.") from error
        if self._process.stdin is None or self._process.stdout is None:
            raise NodeUnavailable("the Node.js process has no pipes.")
        self._writer = self._process.stdin
        self._reader = self._process.stdout
        self._mark = f"{word} ".encode()
        self.lingers = False
        """Whether the last step has left something running."""

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask(self, request: bytes, *, until: float | None) -> bytes:
        """Run a step; `until` is in epoch seconds."""
        late = threading.Event()
        killer = None if until is None else threading.Timer(until + GRACE - time.time(), self._kill, [late])
        if killer is not None:
            killer.daemon = True
            killer.start()
        try:
            self._writer.write(request + b"\n")
            self._writer.flush()
            answer = self._read()
        except BrokenPipeError:
            answer = b""
        finally:
            if killer is not None:
                killer.cancel()
        if not answer.endswith(b"\n"):
            raise NodeUnavailable(self._ending(late))
        self.lingers = answer[:1] == b"-"
        return answer[1:]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._writer, self._reader):
            with contextlib.suppress(OSError):  # what was not written has nobody to read it
                pipe.close()

    def _read(self) -> bytes:
        while line := self._reader.readline(_MAX_LINE):
            if line.startswith(self._mark):
                return line.removeprefix(self._mark)
            if noise := line.strip():  # of a program that the step started
                logger.info("step_printed", extra={"text": noise[:_MAX_NOISE].decode(errors="replace")})
        return b""

    def _kill(self, late: threading.Event) -> None:
        late.set()
        self._process.kill()

    def _ending(self, late: threading.Event) -> str:
        code = self._process.wait()
        if late.is_set():
            return "it was still busy when the run's time was up, and its process was ended."
        return f"the Node.js process ended in the middle of it (exit code {code})."
