"""`tailrace dev`, as its users start it: one command, the whole chain, nothing left behind."""

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from cli.running_system import RunningSystem

PATIENCE = 60.0
PROC = Path("/proc")
READY = "Tailrace is ready"
RELOADED = "api_started"

GREETING = """
from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("ID")


@workflow.step
def greet(pd: Pd) -> None:
    pd.send.sse(channel="greetings", payload={"text": "TEXT"})
"""
SLOW = """
import time

from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("p_slow")


@workflow.step
def wait(pd: Pd) -> None:
    time.sleep(2)
    pd.send.sse(channel="greetings", payload={"text": "slowly"})
"""


def _greeting(workflow_id: str, text: str) -> str:
    return GREETING.replace("ID", workflow_id).replace("TEXT", text)


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
        before = self.printed(RELOADED)
        (self.folder / "workflows" / f"{name}.py").write_text(text)
        self.expect(lambda: self.printed(RELOADED) > before)

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
def running_dev(folder: Path) -> Iterator[Dev]:
    (folder / "workflows").mkdir()
    (folder / "workflows" / "hello.py").write_text(_greeting("p_hello", "first"))
    dev = Dev(folder, "--port", "0")
    try:
        dev.expect(lambda: dev.printed(READY) and dev.printed("curl -N"))
        yield dev
    finally:
        if dev.process.poll() is None:
            dev.process.send_signal(signal.SIGINT)
        dev.wait()


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    """One system for the tests that don't end it; each has a workflow of its own."""
    with running_dev(tmp_path_factory.mktemp("project")) as dev:
        yield dev


@pytest.fixture
def own_dev(tmp_path: Path) -> Iterator[Dev]:
    with running_dev(tmp_path) as dev:
        yield dev


def test_event_reaches_its_stream_before_and_after_a_workflow_was_changed(dev: Dev) -> None:
    dev.write_workflow("changed", _greeting("p_changed", "first"))
    assert dev.post("p_changed").status_code == 200
    dev.write_workflow("changed", _greeting("p_changed", "second"))
    assert dev.post("p_changed").status_code == 200

    with dev.stream("p_changed") as events:
        seen = [next(events), next(events)]

    assert [json.loads(event.data)["text"] for event in seen] == ["first", "second"]
    assert [event.event for event in seen] == ["greetings", "greetings"]
    assert [event.id.partition("-")[2] for event in seen] == ["1", "2"]


def test_open_stream_stays_open_while_a_workflow_changes(dev: Dev) -> None:
    dev.write_workflow("open", _greeting("p_open", "first"))

    with dev.stream("p_open") as events:
        dev.post("p_open")
        first = next(events)
        dev.write_workflow("open", _greeting("p_open", "second"))
        dev.post("p_open")

        assert [json.loads(event.data)["text"] for event in (first, next(events))] == ["first", "second"]


def test_no_request_is_refused_while_a_workflow_changes(dev: Dev) -> None:
    statuses: list[int] = []
    enough = threading.Event()

    def keep_posting() -> None:
        while not enough.is_set():
            statuses.append(dev.post("p_hello").status_code)

    thread = threading.Thread(target=keep_posting)
    thread.start()
    try:
        dev.write_workflow("hello", _greeting("p_hello", "second"))
        answered = len(statuses)
        dev.expect(lambda: len(statuses) > answered + 2)
    finally:
        enough.set()
        thread.join()

    assert set(statuses) == {200}


def test_run_that_was_accepted_before_a_change_reaches_the_stream_after_it(dev: Dev) -> None:
    dev.write_workflow("slow", SLOW)

    assert dev.post("p_slow", prefer="respond-async").status_code == 202
    dev.write_workflow("slow", SLOW.replace("slowly", "quickly"))

    with dev.stream("p_slow") as events:
        assert json.loads(next(events).data) == {"text": "slowly"}


def test_module_that_cannot_be_imported_is_named_and_the_others_go_on(dev: Dev) -> None:
    dev.write_workflow("broken", "import a_package_that_is_not_there\n")

    assert dev.post("p_hello").status_code == 200
    dev.expect(lambda: dev.printed("a_package_that_is_not_there"))


def test_id_that_was_given_twice_stops_the_api_until_it_is_mended(dev: Dev) -> None:
    dev.write_workflow("copy", _greeting("p_hello", "copy"))
    assert dev.post("p_hello").status_code == 503
    assert dev.printed("workflows_not_loaded")

    dev.write_workflow("copy", _greeting("p_copy", "copy"))

    assert [dev.post("p_hello").status_code, dev.post("p_copy").status_code] == [200, 200]


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_banner_has_commands_that_can_be_pasted(dev: Dev) -> None:
    commands = [line.strip() for line in dev.lines if line.strip().startswith("curl")]

    post = next(command for command in commands if command.startswith("curl -X POST"))
    answer = subprocess.run(
        ["/bin/sh", "-c", f"{post} -s -o /dev/null -w '%{{http_code}}'"], capture_output=True, text=True, check=True
    )

    assert answer.stdout == "200"
    assert f"curl -N {dev.system.stream_url}/pipelines/p_hello/sse" in commands


def test_file_that_tells_where_the_system_runs_is_its_owners_alone_and_goes_with_it(own_dev: Dev) -> None:
    path = own_dev.folder / ".tailrace" / "dev.json"

    assert set(json.loads(path.read_text())) >= {"api_url", "stream_url", "api_key", "aws_endpoint_url"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own_dev.stop(signal.SIGTERM) == 0
    assert not path.exists()


def test_ctrl_c_ends_everything_with_exit_code_0(own_dev: Dev) -> None:
    children = _children_of(own_dev.process.pid)
    assert len(children) == 3

    assert own_dev.stop(signal.SIGINT) == 0

    assert not [pid for pid in children if _runs(pid)]


def test_process_that_ends_by_itself_is_named_and_ends_everything_with_exit_code_1(own_dev: Dev) -> None:
    children = _children_of(own_dev.process.pid)
    stream = next(pid for pid in children if "stream_service" in _command(pid))

    os.kill(stream, signal.SIGKILL)

    assert own_dev.wait() == 1
    assert own_dev.printed("The stream process was ended by SIGKILL")
    assert not [pid for pid in children if _runs(pid)]


def _children_of(pid: int) -> list[int]:
    return [child for child, parent, _ in _processes() if parent == pid]


def _command(pid: int) -> str:
    return next((command for process, _, command in _processes() if process == pid), "")


def _runs(pid: int) -> bool:
    return _command(pid) != ""


def _processes() -> Iterator[tuple[int, int, str]]:
    """Every process's id, its parent's, and its command; those that have ended and were not waited for are left out."""
    if not PROC.exists():
        listing = subprocess.run(["ps", "-axo", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        for line in listing.stdout.splitlines():
            pid, parent, command = line.split(maxsplit=2)
            yield int(pid), int(parent), command
        return
    for process in PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if command:
                yield int(process.name), int(parent), command
