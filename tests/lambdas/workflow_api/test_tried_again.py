"""Processes that are killed, and processes that race: the function on emulated AWS, as Lambda would run it."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import create_server
from typing import Any

import pytest

from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tests.lambdas.workflow_api.gateway import Answer, Gateway
from tests.support.aws import EmulatedAws

HELLO = WorkflowId("p_hello")
MODULE = """
import os
import signal
import time
from pathlib import Path

from tailrace.workflow import Workflow

HERE = Path(__file__).parent
workflow = Workflow("p_hello")


@workflow.step
def send(pd):
    pd.send.sse(channel="tries", payload=pd.context.id)
    if (HERE / "kill").exists():
        (HERE / "kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    while (HERE / "wait").exists():
        time.sleep(0.01)
"""
FUNCTION = """
import json
import sys

from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.settings import Settings
from tests.lambdas.workflow_api.gateway import LambdaContext

handler = create_handler(Settings.from_environment(), invoke_later=lambda _event: None)
print("ready", flush=True)
for line in sys.stdin:
    invocation = json.loads(line)
    context = LambdaContext(remaining_milliseconds=invocation["remaining"])
    print(json.dumps(handler(invocation["event"], context)), flush=True)
"""


class FunctionProcess:
    """A function in a process of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def post(self, key: str, *, remaining: int = 30_000) -> Answer:
        def invoke(event: dict[str, Any], _context: object) -> dict[str, Any]:
            assert self.process.stdin is not None
            self.process.stdin.write(json.dumps({"event": event, "remaining": remaining}) + "\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._line())
            return answer

        return Gateway(handler=invoke).post("/pipelines/p_hello/events", idempotency_key=key)

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise ConnectionResetError("The process has ended.")
        return line

    def wait_until_ready(self) -> None:
        assert self._line() == "ready\n"


Start = Callable[..., FunctionProcess]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.py").write_text(MODULE)
    return tmp_path


@pytest.fixture
def start(emulated_aws: EmulatedAws, names_in_aws: Mapping[str, str], folder: Path) -> Iterator[Start]:
    """Start processes; they end with the test."""
    ours = {
        "TAILRACE_STREAM_URL": "https://d111.cloudfront.net",
        "TAILRACE_WORKFLOWS_FOLDER": str(folder),
    }
    with ExitStack() as processes:

        def start(**more: str) -> FunctionProcess:
            environment = {**emulated_aws.environment, **names_in_aws, **ours, **more}
            started = processes.enter_context(_process(environment))
            started.wait_until_ready()
            return started

        yield start


@contextmanager
def _process(environment: Mapping[str, str]) -> Iterator[FunctionProcess]:
    command = [sys.executable, "-c", FUNCTION]
    with subprocess.Popen(
        command, env=dict(environment), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield FunctionProcess(process)
        finally:
            process.kill()


def tries_in(log: EventLog) -> list[Any]:
    """What is in the log: the id of the try that sent it."""
    reading = asyncio.run(log.read(HELLO, 1))
    return [json.loads(event.payload) for batch in reading.batches for event in batch.events]


def ask_until_answered(function: FunctionProcess, key: str) -> Answer:
    """Ask as a client does that keeps to Retry-After, but is in a hurry."""
    deadline = time.monotonic() + 30
    while (answer := function.post(key)).status == 409:
        assert 1 <= int(answer.headers["retry-after"]) <= 5
        assert time.monotonic() < deadline, "The killed try's lease does not end."
        time.sleep(0.1)
    return answer


def test_a_function_killed_between_append_and_answer_has_appended_once(
    start: Start, event_log_on_moto: EventLog
) -> None:
    with create_server(("127.0.0.1", 0)) as topic, ThreadPoolExecutor(1) as thread:
        port = topic.getsockname()[1]
        killed = start(AWS_ENDPOINT_URL_SNS=f"http://127.0.0.1:{port}")
        asked = thread.submit(killed.post, "order-7", remaining=3_000)
        topic.settimeout(20)
        connection, _ = topic.accept()  # to announce what has been appended
        killed.process.kill()
        connection.close()
        with pytest.raises(ConnectionResetError):
            asked.result()
    appended, head = tries_in(event_log_on_moto), asyncio.run(event_log_on_moto.head(HELLO))
    asyncio.run(event_log_on_moto.append(HELLO, [Event("tries", '"another"')], batch_id="another"))

    another = start()
    answer = ask_until_answered(another, "order-7")
    replayed = another.post("order-7")

    assert len(appended) == 1
    assert tries_in(event_log_on_moto) == [*appended, "another"]
    assert answer.status == 200
    assert answer.json["run_id"] not in appended  # the steps ran twice, and the log's events are reported
    assert answer.json["sent"] == {"count": 1, "first_id": str(head), "last_id": str(head)}
    assert (replayed.headers["idempotency-replayed"], replayed.body) == ("true", answer.body)


def test_a_function_killed_before_the_append_is_followed_by_one_that_appends(
    start: Start, folder: Path, event_log_on_moto: EventLog
) -> None:
    (folder / "kill").touch()
    with pytest.raises(ConnectionResetError):
        start().post("order-7", remaining=3_000)
    appended = tries_in(event_log_on_moto)

    answer = ask_until_answered(start(), "order-7")

    assert answer.status == 200
    assert (appended, tries_in(event_log_on_moto)) == ([], [answer.json["run_id"]])


def test_of_two_processes_that_race_for_one_key_exactly_one_runs(
    start: Start, folder: Path, event_log_on_moto: EventLog
) -> None:
    processes = [start(), start()]

    with ThreadPoolExecutor(2) as threads:
        (folder / "wait").touch()
        asked = [threads.submit(process.post, "order-7") for process in processes]
        [refused], [runs] = wait(asked, timeout=20, return_when=FIRST_COMPLETED)
        (folder / "wait").unlink()
        assert (refused.result().status, runs.result().status) == (409, 200)

        for number in range(5):
            keys = [f"order-8{number}"] * 2
            answers = list(threads.map(FunctionProcess.post, processes, keys))
            assert {200} <= {answer.status for answer in answers} <= {200, 409}

    assert len(tries_in(event_log_on_moto)) == 6
