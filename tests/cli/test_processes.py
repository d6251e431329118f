"""A child is told by its lines and its end, and does not outlive its parent."""

import os
import select
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.processes import Child

FOREVER = "import time\nprint('begun', flush=True)\nwhile True: time.sleep(60)\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER


class Witness:
    """Remembers what a child did."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.begun = threading.Event()
        self.ended = threading.Event()

    def on_line(self, line: str) -> None:
        self.lines.append(line)
        self.begun.set()

    def on_end(self, _child: Child) -> None:
        self.ended.set()


def _start(folder: Path, code: str, witness: Witness) -> Child:
    (folder / "program.py").write_text(code)
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{Path.cwd()}"}
    return Child("program", environment=environment, on_line=witness.on_line, on_end=witness.on_end)


def test_lines_and_the_end_are_told(tmp_path: Path) -> None:
    witness = Witness()

    child = _start(tmp_path, "import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)\n", witness)

    assert witness.ended.wait(30)
    assert sorted(witness.lines) == ["err", "out"]
    assert child.exit_code == 3


def test_child_that_listens_to_signals_stops_by_one(tmp_path: Path) -> None:
    witness = Witness()
    child = _start(tmp_path, FOREVER, witness)
    assert witness.begun.wait(30)

    assert child.stop(patience=30) == -signal.SIGTERM


def test_child_that_does_not_is_killed(tmp_path: Path) -> None:
    witness = Witness()
    child = _start(tmp_path, STUBBORN, witness)
    assert witness.begun.wait(30)

    assert child.stop(patience=0.1) == -signal.SIGKILL


def test_child_whose_parent_was_killed_ends_too(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(FOREVER.replace("'begun'", "__import__('os').getpid()"))
    parent = (
        "import os, threading\nfrom cli.processes import Child\n"
        "Child('program', environment=os.environ, on_line=lambda line: print(line, flush=True))\n"
        "threading.Event().wait()\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        child_pid = int(process.stdout.readline())
        process.kill()

    _wait_for_end(child_pid)


def _wait_for_end(pid: int) -> None:
    if not hasattr(os, "pidfd_open"):
        pytest.skip("only Linux tells the end of a process that is nobody's child")
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 30)[0]
    finally:
        os.close(descriptor)
