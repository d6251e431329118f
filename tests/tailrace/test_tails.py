"""A process remembers tails for a while, and not too many."""

from dataclasses import replace

import pytest

from tailrace.event import Position, workflow_id
from tailrace.table import Item
from tailrace.tails import CAPACITY, MEMORY, Tails
from tests.support.log import NOON

TAIL = Item(
    workflow_id=workflow_id("p_stream"),
    position=Position(5),
    generation="m1a2b3c4",
    count=3,
    batch_id="run:0",
    recorded_at=1_800_000_000_000,
    expires_at=1_800_086_400,
    events=b"[1,2,3]",
)


def test_tail_that_was_never_seen_is_not_known() -> None:
    assert Tails(lambda: NOON).get(TAIL.workflow_id) is None


def test_tail_is_remembered_without_its_events() -> None:
    tails = Tails(lambda: NOON)

    tails.remember(TAIL)

    assert tails.get(TAIL.workflow_id) == replace(TAIL, events=None)


@pytest.mark.parametrize(
    ("seconds", "known"), [(0, True), (MEMORY - 1, True), (MEMORY, False), (-1, False), (-(10**9), False)]
)
def test_tail_is_remembered_for_five_minutes_and_not_into_the_past(seconds: int, *, known: bool) -> None:
    clock = [NOON]
    tails = Tails(lambda: clock[0])
    tails.remember(TAIL)

    clock[0] += seconds

    assert (tails.get(TAIL.workflow_id) is not None) is known


def test_stream_appended_to_longest_ago_is_forgotten_first() -> None:
    tails = Tails(lambda: NOON)
    streams = [workflow_id(f"p_{number}") for number in range(CAPACITY + 1)]

    for stream in streams[:-1]:
        tails.remember(replace(TAIL, workflow_id=stream))
    tails.remember(replace(TAIL, workflow_id=streams[0]))
    tails.remember(replace(TAIL, workflow_id=streams[-1]))

    assert [stream for stream in streams if tails.get(stream) is None] == [streams[1]]
