"""Each client follows a stream over a restart of the stream service, and prints every event once."""

import re
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.ports import HOST, find_port
from cli.running_system import RunningSystem
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tests.support.command import program
from tests.support.node_client import CLIENTS, find_node
from tests.support.scripted_server import STREAM_HEAD, answer, scripted_server
from tests.support.services import Service, stream_service_process

STREAM = workflow_id("p_followed")
NODE, RUBY, CURL = find_node(), shutil.which("ruby"), shutil.which("curl")


def skipped(language: str, program_of: str | None) -> "pytest.MarkDecorator":
    return pytest.mark.skipif(program_of is None, reason=f"{language} is not installed here")


IN_PYTHON = pytest.param([sys.executable, str(CLIENTS / "follow.py"), "URL"], id="python")
IN_RUBY = pytest.param([RUBY, str(CLIENTS / "follow.rb"), "URL"], id="ruby", marks=skipped("Ruby", RUBY))
IN_NODE = pytest.param([NODE, str(CLIENTS / "follow.mjs"), "URL", "numbers"], id="node", marks=skipped("Node.js", NODE))
REASON = b'{"detail": "The token has expired."}'
SOON = STREAM_HEAD + b"retry: 10\n"
NUMBER = b"event: numbers\ndata: 1\nid: m-1\n\n:keepalive\nevent: numbers\ndata: 2\nid: m-2\n\n"


@pytest.mark.parametrize("command", [IN_PYTHON, IN_NODE, IN_RUBY])
async def test_client_goes_on_where_it_was(
    command: list[str], running_system: RunningSystem, event_log_on_moto: EventLog, tmp_path: Path
) -> None:
    port = find_port(0, purpose="a stream service", option="another port")
    url = f"http://{HOST}:{port}/pipelines/{STREAM}/sse"
    await event_log_on_moto.append(STREAM, [Event.of("numbers", {"n": 1})], batch_id="a")
    with ExitStack() as first_service, ExitStack() as until_the_end:
        first_service.enter_context(stream_service_process(running_system, port=port))
        arguments = [part.replace("URL", url) for part in command]
        client = until_the_end.enter_context(program(*arguments, folder=tmp_path))
        client.expect(lambda: len(client.lines) == 1)
        first_service.close()
        await event_log_on_moto.append(STREAM, [Event.of("numbers", {"n": n}) for n in (2, 3)], batch_id="b")
        with stream_service_process(running_system, port=port):
            client.expect(lambda: len(client.lines) == 3)

    assert all(line.startswith("numbers ") for line in client.lines)
    assert [re.findall(r"\d", line) for line in client.lines] == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("command", [IN_PYTHON, IN_RUBY])
def test_client_comes_back_from_what_passes_and_ends_where_it_is_refused(command: list[str], tmp_path: Path) -> None:
    """Asked to come later, then met by a fault, it goes on behind what it saw; a status for good ends it."""
    fault, refusal = answer("503 Service Unavailable", b"{}"), answer("401 Unauthorized", REASON)
    with scripted_server([SOON, SOON + NUMBER, fault, SOON, refusal]) as server:
        arguments = [part.replace("URL", f"{server.url}/pipelines/p_a/sse") for part in command]
        with program(*arguments, folder=tmp_path) as client:
            code = client.wait()

    assert code != 0
    assert client.notes[-1] == f"Refused (401): {REASON.decode()}"
    assert client.lines == ["numbers 1", "numbers 2"]
    assert ["last-event-id: m-2" in request for request in server.requests] == [False, False, True, True, True]


@skipped("Node.js", NODE)
def test_node_client_says_that_it_is_refused(tmp_path: Path) -> None:
    with scripted_server([SOON + NUMBER, answer("401 Unauthorized", REASON)]) as server:
        address = f"{server.url}/pipelines/p_a/sse"
        with program(str(NODE), str(CLIENTS / "follow.mjs"), address, "numbers", folder=tmp_path) as client:
            code = client.wait()

    assert code == 1
    assert "Refused (401)" in client.notes[-1]
    assert client.lines == ["numbers 1", "numbers 2"]


@skipped("curl", CURL)
def test_curl_that_is_refused_shows_why_and_fails(tmp_path: Path) -> None:
    with ExitStack() as until_the_end:
        server = until_the_end.enter_context(scripted_server([answer("401 Unauthorized", REASON)]))
        arguments = ["sh", str(CLIENTS / "curl.sh"), f"{server.url}/pipelines/p_a/sse"]
        curl = until_the_end.enter_context(program(*arguments, folder=tmp_path))
        code = curl.wait()

    assert code != 0
    assert "".join(curl.lines) == REASON.decode()


@skipped("curl", CURL)
async def test_curl_shows_what_was_sent_and_what_is_sent(
    stream_service: Service, event_log_on_moto: EventLog, tmp_path: Path
) -> None:
    await event_log_on_moto.append(STREAM, [Event.of("numbers", 1)], batch_id="a")
    url = f"{stream_service.url}/pipelines/{STREAM}/sse"

    with program("sh", str(CLIENTS / "curl.sh"), url, folder=tmp_path) as curl:
        curl.expect(lambda: "data: 1" in curl.lines)
        await event_log_on_moto.append(STREAM, [Event.of("numbers", 2)], batch_id="b")
        curl.expect(lambda: "data: 2" in curl.lines)

    assert [line for line in curl.lines if line.startswith("event")] == ["event: numbers"] * 2
