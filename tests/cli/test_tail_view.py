"""What `tailrace tail` prints: events as lines, gaps in words."""

import json

import pytest

from cli.event_stream import Received
from cli.follow import Lost, Opened
from cli.tail_view import JsonEvents, TailView, TextEvents, colour_of, explain_gap

GAP = {"reason": "expired", "requested": "m1-6", "next": "m1-31", "missed": 24}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "24 events behind m1-6 can't be had any more: older than the stream keeps them. It goes on with m1-31."),
        ({"reason": "cleared", "missed": 1}, "1 event behind m1-6 can't be had any more: somebody cleared the stream."),
        ({"reason": "unknown", "missed": None}, "The stream does not know the id m1-6"),
        ({"reason": "new", "missed": None}, "Events behind m1-6 can't be had any more (new)."),
    ],
)
def test_gap_is_told_in_words(changes: dict[str, object], words: str) -> None:
    assert explain_gap(json.dumps(GAP | changes)).startswith(f"Gap: {words}")


@pytest.mark.parametrize("data", ["", "[]", "7", "{"])
def test_gap_that_cannot_be_read_is_told_as_it_came(data: str) -> None:
    assert explain_gap(data) == f"Gap: {data}".replace("Gap:", "Events are missing here:")


def test_event_is_one_line_with_nothing_that_moves_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    TextEvents().show(Received(channel="a\x1b[31m[b]", data='"\\u001b[2J\\u00e9"', id="m1-1"))

    assert capsys.readouterr().out == 'm1-1 a\\u001b[31m[b] "\\u001b[2Jé"\n'


def test_json_line_has_the_payload_as_it_came(capsys: pytest.CaptureFixture[str]) -> None:
    JsonEvents().show(Received(channel='a"b', data='{"price":1.10}', id="m1-1"))

    line = capsys.readouterr().out
    assert line == '{"id":"m1-1","channel":"a\\"b","payload":{"price":1.10}}\n'
    assert json.loads(line)["channel"] == 'a"b'


def test_gap_is_an_object_for_programs_and_words_beside_it(capsys: pytest.CaptureFixture[str]) -> None:
    JsonEvents().show(Received(channel="$gap", data=json.dumps(GAP), id="m1-30"))

    output = capsys.readouterr()
    assert json.loads(output.out)["payload"] == GAP
    assert output.err.startswith("Gap: 24 events")


def test_connection_is_told_beside_the_events_and_its_loss_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = TailView(TextEvents())

    view.show(Opened(url="http://x/sse", cursor=None))
    view.show(Received(channel="$sync", data="{}", id="m1-1"))
    view.show(Lost(reason="The stream ended", pause=1.25))
    view.show(Lost(reason="Refused", pause=1.25))
    view.show(Opened(url="http://x/sse", cursor="m1-1"))

    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines() == [
        "Following http://x/sse. Ctrl-C ends it.",
        "The stream ended; trying again in 1.2 s.",
        "Connected again, behind m1-1.",
    ]


def test_channel_has_its_colour() -> None:
    assert colour_of("events") == colour_of("events")
    assert len({colour_of(f"channel {number}") for number in range(50)}) > 5
