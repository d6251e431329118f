"""A notice carries a batch, or its place; anything else that arrives is refused, and nothing worse."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.codec import encode_events
from tailrace.errors import InvalidNotice
from tailrace.event import Batch, Event, EventId, Position, workflow_id
from tailrace.notice import (
    MAX_NOTICE_BYTES,
    Canary,
    Notice,
    decode_notice,
    encode_canary,
    encode_notice,
)
from tests.tailrace.strategies import batches, json_values, text

BATCH = Batch(
    workflow_id=workflow_id("p_hello"),
    generation="m1a2b3c4",
    position=Position(17),
    count=2,
    events=(Event.of("names", "Luke"), Event.of("names", "Leia")),
    batch_id="run:0",
    recorded_at=1_800_000_000_000,
)
HEADER = json.loads(encode_notice(BATCH).partition("\n")[0])
EVENTS = encode_events(BATCH.events)


def decoded(batch: Batch) -> Notice:
    notice = decode_notice(encode_notice(batch))
    assert isinstance(notice, Notice)
    return notice


def with_header(**fields: object) -> str:
    return json.dumps(HEADER | fields) + "\n" + EVENTS


@given(batches)
def test_batch_comes_back_from_its_notice(batch: Batch) -> None:
    assert decoded(batch).batch() == batch


@given(batches)
def test_notice_is_one_or_two_lines_of_ascii(batch: Batch) -> None:
    notice = encode_notice(batch)

    assert notice.isascii()
    assert len(notice.splitlines()) == 2


def test_cleared_batch_comes_back_without_events() -> None:
    cleared = replace(BATCH, events=(), cleared=True)

    assert decoded(cleared).batch() == cleared


@given(text, st.integers(0, 2**50))
def test_canary_comes_back(task: str, number: int) -> None:
    assert decode_notice(encode_canary(Canary(task, number))) == Canary(task, number)


def test_notice_of_the_largest_size_carries_its_events_and_one_byte_more_does_not() -> None:
    rest = len(encode_notice(batch_of(0)))
    largest, too_large = batch_of(MAX_NOTICE_BYTES - rest), batch_of(MAX_NOTICE_BYTES - rest + 1)

    assert len(encode_notice(largest)) == MAX_NOTICE_BYTES
    assert decoded(largest).batch() == largest
    assert len(encode_notice(too_large)) < 300
    assert decoded(too_large).batch() is None


def batch_of(size: int) -> Batch:
    half = size // 2
    events = (Event.of("texts", "a" * half), Event.of("texts", "a" * (size - half)))
    return replace(BATCH, events=events)


def test_place_can_be_read_without_the_events() -> None:
    notice = decode_notice(json.dumps(HEADER) + "\nnothing that could be decoded")

    assert isinstance(notice, Notice)
    assert (notice.workflow_id, notice.position, notice.end) == ("p_hello", 17, 18)
    with pytest.raises(InvalidNotice):
        notice.batch()


@pytest.mark.parametrize("events", ["[]", "{}", EVENTS[:-1], EVENTS.replace("Leia", "Leia\\ud800"), "5", ""])
def test_events_that_are_not_as_announced_are_refused(events: str) -> None:
    notice = decode_notice(json.dumps(HEADER) + "\n" + events)

    assert isinstance(notice, Notice)
    with pytest.raises(InvalidNotice):
        notice.batch()


@pytest.mark.parametrize("missing", list(HEADER))
def test_header_without_one_of_its_fields_is_refused(missing: str) -> None:
    with pytest.raises(InvalidNotice):
        decode_notice(json.dumps({name: value for name, value in HEADER.items() if name != missing}))


@pytest.mark.parametrize(
    "fields",
    [
        {"workflow_id": "hello"},
        {"workflow_id": 5},
        {"workflow_id": None},
        {"generation": ""},
        {"generation": "two\nlines"},
        {"generation": "UPPER"},
        {"generation": "a" * 17},
        {"generation": 5},
        {"position": 0},
        {"position": -1},
        {"position": 1.0},
        {"position": "1"},
        {"position": True},
        {"position": 10**16},
        {"position": 10**4000},
        {"position": 10**16 - 1, "count": 2},
        {"count": 0},
        {"count": 10**4000},
        {"recorded_at": -1},
        {"recorded_at": 10**4000},
        {"recorded_at": None},
        {"batch_id": 5},
        {"canary": 1},
        {"canary": "task"},
        {"canary": "task", "number": 1.5},
        {"canary": "task", "number": float("inf")},
        {"canary": "task", "number": float("nan")},
        {"canary": "task", "number": "1"},
        {"canary": [], "number": 1},
    ],
    ids=", ".join,
)
def test_header_of_which_a_field_is_wrong_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidNotice):
        decode_notice(with_header(**fields))


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "\n",
        "5",
        "null",
        "true",
        "[]",
        "{}",
        '"canary"',
        '["canary"]',
        "NaN",
        "9" * 10_000,
        "[" * 200_000,
        '{"a":' * 100_000,
        "\ud800",
        "\ufeff{}",
        '{"canary"',
        "<xml/>",
    ],
    ids=lambda garbage: repr(garbage[:12]),
)
def test_garbage_is_refused(garbage: str) -> None:
    with pytest.raises(InvalidNotice):
        decode_notice(garbage)


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.dictionaries(st.sampled_from([*HEADER, "canary", "number"]), json_values).map(
        lambda fields: json.dumps(HEADER | fields)
    )
)
def test_whatever_arrives_is_a_notice_or_an_invalid_notice(arrived: str) -> None:
    try:
        notice = decode_notice(arrived)
    except InvalidNotice:
        return
    if isinstance(notice, Notice):
        assert EventId.parse(str(EventId(notice.generation, notice.end)))
