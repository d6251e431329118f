"""`tailrace dev`, as its users start it: one command, the whole chain, nothing left behind."""

import json
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest

from cli.local_aws import local_environment
from lambdas.workflow_api.key_ring import KeyRing
from tests.support.command import tailrace
from tests.support.dev import Dev, children_of, command_of, greeting, running_dev, runs

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


HELD = """
import time
from pathlib import Path

from tailrace.pd import Pd
from tailrace.workflow import Workflow

workflow = Workflow("p_held")


@workflow.step
def wait(pd: Pd) -> None:
    Path("begun").touch()
    while not Path("released").exists():
        time.sleep(0.02)
    pd.send.sse(channel="greetings", payload={"text": "held"})
"""
"""Its run goes on until the file `released` is there."""


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
    dev.write_workflow("changed", greeting("p_changed", "first"))
    assert dev.post("p_changed").status_code == 200
    dev.write_workflow("changed", greeting("p_changed", "second"))
    assert dev.post("p_changed").status_code == 200

    with dev.stream("p_changed") as events:
        seen = [next(events), next(events)]

    assert [json.loads(event.data)["text"] for event in seen] == ["first", "second"]
    assert [event.event for event in seen] == ["greetings", "greetings"]
    assert [event.id.partition("-")[2] for event in seen] == ["1", "2"]


def test_open_stream_stays_open_while_a_workflow_changes(dev: Dev) -> None:
    dev.write_workflow("open", greeting("p_open", "first"))

    with dev.stream("p_open") as events:
        dev.post("p_open")
        first = next(events)
        dev.write_workflow("open", greeting("p_open", "second"))
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
        dev.write_workflow("hello", greeting("p_hello", "second"))
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


def test_id_that_was_given_twice_stops_its_workflows_until_it_is_mended(dev: Dev) -> None:
    dev.write_workflow("single", greeting("p_single", "single"))
    dev.write_workflow("copy", greeting("p_hello", "copy"))
    assert [dev.post("p_hello").status_code, dev.post("p_single").status_code] == [404, 200]
    listed = tailrace("list", folder=dev.folder)
    assert "copy.py can't be used: Its workflow p_hello is in hello.py, too" in listed.err
    assert "hello.py can't be used: Its workflow p_hello is in copy.py, too" in listed.err

    dev.write_workflow("copy", greeting("p_copy", "copy"))

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


def test_banner_names_the_page_of_the_stream(dev: Dev) -> None:
    (address,) = [line.strip() for line in dev.lines if line.strip().endswith("/streams/p_hello")]

    page = httpx.get(address)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")


def test_workflows_run_by_the_clock_from_their_start_on_and_after_each_change(dev: Dev) -> None:
    started = time.time()
    dev.write_workflow("clocked", greeting("p_clocked", "first"))

    (api,) = [command_of(pid) for pid in children_of(dev.process.pid) if "--clock-since" in command_of(pid)]

    assert started - 1 <= float(api.split("--clock-since ")[1]) <= time.time()


def test_web_server_does_not_speak_of_itself(dev: Dev) -> None:
    assert not dev.printed("Application startup complete")
    assert not dev.printed("uvicorn")


def test_file_that_tells_where_the_system_runs_is_its_owners_alone_and_goes_with_it(own_dev: Dev) -> None:
    path = own_dev.folder / ".tailrace" / "dev.json"

    assert set(json.loads(path.read_text())) >= {"api_url", "stream_url", "api_key", "aws_endpoint_url"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own_dev.stop(signal.SIGTERM) == 0
    assert not path.exists()


def test_key_is_kept_as_its_hash(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local_environment(os.environ, endpoint_url=dev.system.aws_endpoint_url).items():
        monkeypatch.setenv(name, value)
    text = boto3.client("secretsmanager").get_secret_value(SecretId=dev.system.api_key_secret)["SecretString"]

    assert dev.system.api_key not in text
    assert KeyRing.of(text).find(dev.system.api_key.encode()) is not None


def test_ctrl_c_ends_everything_with_exit_code_0(own_dev: Dev) -> None:
    children = children_of(own_dev.process.pid)
    assert len(children) == 3

    assert own_dev.stop(signal.SIGINT) == 0

    assert not [pid for pid in children if runs(pid)]


def test_ctrl_c_waits_for_runs_that_were_accepted(own_dev: Dev) -> None:
    _begin_held_run(own_dev)

    with own_dev.stream("p_held") as events:
        own_dev.process.send_signal(signal.SIGINT)
        own_dev.expect(lambda: own_dev.printed("Waiting until the runs that were accepted have ended"))
        (own_dev.folder / "released").touch()

        assert json.loads(next(events).data) == {"text": "held"}
    assert own_dev.wait() == 0
    assert not own_dev.printed("are lost")


def test_second_ctrl_c_ends_runs_that_were_accepted_and_says_so(own_dev: Dev) -> None:
    children = children_of(own_dev.process.pid)
    _begin_held_run(own_dev)

    own_dev.process.send_signal(signal.SIGINT)
    own_dev.expect(lambda: own_dev.printed("Waiting until the runs that were accepted have ended"))

    assert own_dev.stop(signal.SIGINT) == 0
    assert own_dev.printed("runs that had not ended are lost")
    assert not [pid for pid in children if runs(pid)]


def _begin_held_run(dev: Dev) -> None:
    """Let a run be accepted, and begin."""
    dev.write_workflow("held", HELD)
    assert dev.post("p_held", prefer="respond-async").status_code == 202
    dev.expect((dev.folder / "begun").exists)


def test_process_that_ends_by_itself_is_named_and_ends_everything_with_exit_code_1(own_dev: Dev) -> None:
    children = children_of(own_dev.process.pid)
    stream = next(pid for pid in children if "stream_service" in command_of(pid))

    os.kill(stream, signal.SIGKILL)

    assert own_dev.wait() == 1
    assert own_dev.printed("The stream process was ended by SIGKILL")
    assert not [pid for pid in children if runs(pid)]
