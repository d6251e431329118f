"""`tailrace history` over a stream service of its own, as its user types it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.running_system import RunningSystem
from stream_service.history import MAX_EVENTS
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tests.support.command import Ended, tailrace
from tests.support.services import Service, stream_service_process

STREAM = workflow_id("p_past")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture
def service(running_system: RunningSystem) -> Iterator[Service]:
    with stream_service_process(running_system) as service:
        yield service


def history(service: Service, folder: Path, *options: str) -> Ended:
    return tailrace("history", STREAM, "--stream-url", service.url, *options, folder=folder)


def payloads(shown: Ended) -> list[object]:
    assert shown.code == 0, shown.err
    return [json.loads(line)["payload"] for line in shown.out.splitlines()]


async def test_history_shows_the_newest_and_what_lies_behind_or_in_front(
    service: Service, event_log_on_moto: EventLog, folder: Path
) -> None:
    [batch] = await event_log_on_moto.append(STREAM, [Event.of("é", {"n": n}) for n in range(1, 6)], batch_id="a")
    third = f"{batch.generation}-3"

    plain = history(service, folder, "--limit", "1")
    after = history(service, folder, "--json", "--after", third)
    before = history(service, folder, "--json", "--before", third, "--limit", "1")
    silent = history(service, folder, "--channel", "silent")
    strange = history(service, folder, "--json", "--after", "m0-3", "--limit", "2")

    assert plain.out.endswith(f' {batch.last_id} é {{"n":5}}\n')
    assert payloads(after) == [{"n": 4}, {"n": 5}]
    assert payloads(before) == [{"n": 2}]
    assert set(json.loads(after.out.splitlines()[0])) == {"id", "channel", "recorded_at", "payload"}
    assert (silent.out, silent.err) == ("", "Nothing was sent there that is still kept.\n")
    assert payloads(strange) == [{"n": 4}, {"n": 5}]
    assert "Gap: The stream does not know the id m0-3" in strange.err


async def test_history_goes_from_page_to_page(service: Service, event_log_on_moto: EventLog, folder: Path) -> None:
    count = MAX_EVENTS + 150
    for first in range(0, count, 250):
        events = [Event.of("c", number) for number in range(first, min(first + 250, count))]
        await event_log_on_moto.append(STREAM, events, batch_id=str(first))

    everything = payloads(history(service, folder, "--json", "--after", "0-0", "--limit", "5000"))
    newest = payloads(history(service, folder, "--json", "--limit", str(MAX_EVENTS + 100)))
    oldest = payloads(history(service, folder, "--json", "--after", "0-0", "--limit", str(MAX_EVENTS + 1)))

    assert everything == list(range(count))
    assert newest == list(range(50, count))
    assert oldest == list(range(MAX_EVENTS + 1))


async def test_what_is_no_id_is_one_sentence(service: Service, folder: Path) -> None:
    wrong = history(service, folder, "--after", "17")

    assert wrong.code == 1
    assert wrong.err.startswith("Error: after: an event's id is {generation}-{position}")
