"""`tailrace tail` as its user types it; over a restart of the stream service it says so, and misses nothing."""

import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.ports import HOST, find_port
from cli.running_system import RunningSystem
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tests.support.command import environment, following, tailrace
from tests.support.dev import Dev
from tests.support.services import stream_service_process

STREAM = workflow_id("p_restarted")


@pytest.fixture
def dev(orders_dev: Dev) -> Dev:
    return orders_dev


async def test_tail_goes_on_where_it_was_when_the_service_is_back(
    running_system: RunningSystem, event_log_on_moto: EventLog, tmp_path: Path
) -> None:
    port = find_port(0, purpose="a stream service", option="another port")
    await event_log_on_moto.append(STREAM, [Event.of("numbers", 1)], batch_id="a")
    url = f"http://{HOST}:{port}"
    with ExitStack() as first_service, ExitStack() as command_until_the_end:
        first_service.enter_context(stream_service_process(running_system, port=port))
        tail = command_until_the_end.enter_context(
            following("tail", STREAM, "--json", "--stream-url", url, folder=tmp_path)
        )
        tail.expect(lambda: len(tail.lines) == 1)
        first_service.close()
        tail.expect(lambda: "trying again" in tail.notes[-1])
        await event_log_on_moto.append(STREAM, [Event.of("numbers", 2)], batch_id="b")
        with stream_service_process(running_system, port=port):
            tail.expect(lambda: len(tail.lines) == 2)

    assert [json.loads(line)["payload"] for line in tail.lines] == [1, 2]
    first = json.loads(tail.lines[0])["id"]
    assert f"Connected again, behind {first}." in tail.notes


def test_tail_shows_what_was_sent_and_what_is_sent_until_ctrl_c(dev: Dev) -> None:
    dev.post("p_hello")

    with following("tail", "p_hello", folder=dev.folder) as tail:
        tail.expect(lambda: tail.lines)
        before = len(tail.lines)
        dev.post("p_hello")
        tail.expect(lambda: len(tail.lines) > before)

        assert tail.stop(signal.SIGINT) == 130

    event_id, channel, payload = tail.lines[-1].split(" ", 2)
    assert (channel, payload) == ("greetings", '{"text":"first"}')
    assert event_id.endswith(f"-{len(tail.lines)}")
    assert tail.notes == [f"Following {dev.system.stream_url}/pipelines/p_hello/sse. Ctrl-C ends it."]


def test_tail_at_the_apis_address_asks_whether_that_is_the_stream_services(dev: Dev) -> None:
    with following("tail", "p_hello", "--stream-url", dev.system.api_url, folder=dev.folder) as tail:
        tail.expect(lambda: len(tail.notes) == 2)

    assert "is this the stream service's address? See --stream-url" in tail.notes[1]


def test_tail_shows_the_channels_that_were_asked_for_as_json(dev: Dev) -> None:
    run = json.loads(tailrace("invoke", "p_orders", "--json", "--data", "told", folder=dev.folder).out)

    arguments = ("--json", "--channel", "told", "--channel", "other", "--replay", "1")
    with following("tail", "p_orders", *arguments, folder=dev.folder) as tail:
        tail.expect(lambda: tail.lines)

    (event,) = map(json.loads, tail.lines)
    assert (event["id"], event["channel"], event["payload"]["x"]) == (run["sent"]["last_id"], "told", None)


def test_tail_goes_on_behind_an_event_and_tells_a_gap_in_words(dev: Dev) -> None:
    first = json.loads(tailrace("invoke", "p_hello", "--json", folder=dev.folder).out)["sent"]["last_id"]
    second = json.loads(tailrace("invoke", "p_hello", "--json", folder=dev.folder).out)["sent"]["last_id"]

    with following("tail", "p_hello", "--last-event-id", first, folder=dev.folder) as tail:
        tail.expect(lambda: tail.lines)
    with following("tail", "p_hello", "--last-event-id", "nonsense", folder=dev.folder) as lost:
        lost.expect(lambda: lost.lines)

    assert tail.lines[0].split()[0] == second
    assert lost.lines[0].startswith("Gap: The stream does not know the id nonsense")


def test_pipe_that_is_closed_ends_tail_quietly(dev: Dev) -> None:
    command = [sys.executable, "-m", "cli", "tail", "p_hello", "--json"]
    reading, writing = os.pipe()
    with subprocess.Popen(
        command, cwd=dev.folder, env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            dev.post("p_hello")
            assert json.loads(pipe.readline())["channel"] == "greetings"
        while process.poll() is None:
            dev.post("p_hello")
        assert process.stderr is not None
        assert [line for line in process.stderr if not line.startswith("Following")] == []
