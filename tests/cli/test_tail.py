"""`tailrace tail` over a restart of the stream service: it says so, and misses nothing."""

import json
from contextlib import ExitStack
from pathlib import Path

from cli.ports import HOST, find_port
from cli.running_system import RunningSystem
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tests.support.command import following
from tests.support.services import stream_service_process

STREAM = workflow_id("p_restarted")


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
