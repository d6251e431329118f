"""The ring: one unbroken run of frames, within its bounds."""

import pytest

from stream_service import ring as rings
from stream_service.ring import Ring
from tailrace.event import BEGINNING, Batch, EventId, Position
from tailrace.log_reader import Newest
from tests.support.frames import frames_in
from tests.support.stream_log import Streams

NONE: frozenset[str] = frozenset()
A = frozenset("a")


@pytest.fixture
def streams() -> Streams:
    return Streams()


def ring_of(*batches: Batch, max_events: int = 1024, max_bytes: int = 2**20, whole: bool = True) -> Ring:
    """A ring that was loaded with batches."""
    ring = Ring(max_events=max_events, max_bytes=max_bytes)
    ring.load(Newest(batches[-1].generation, Position(batches[-1].end + 1), batches, whole))
    return ring


def positions(data: bytes) -> list[int]:
    return [frame.id.position for frame in frames_in(data)]


def test_new_ring_has_seen_nothing() -> None:
    ring = Ring(max_events=1, max_bytes=1)

    assert (ring.generation, ring.first, ring.next, ring.head, ring.size) == (None, 1, 1, BEGINNING, 0)
    assert not ring.holds(BEGINNING)


def test_loaded_ring_holds_its_batches_and_waits_for_the_next(streams: Streams) -> None:
    first, second = streams.append_many(2), streams.append_many(3)

    ring = ring_of(first, second)

    assert (ring.first, ring.next, ring.head) == (1, 6, second.last_id)
    piece = ring.slice_after(Position(0))
    assert [frame.event for frame in frames_in(piece.data)] == [*first.events, *second.events]
    assert (piece.reached, piece.events, len(piece.data)) == (second.last_id, 5, ring.size)


@pytest.mark.parametrize(("position", "holds"), [(3, False), (4, True), (5, True), (6, True), (7, False)])
def test_ring_holds_cursors_from_just_before_its_first_event_to_its_head(
    streams: Streams, position: int, *, holds: bool
) -> None:
    streams.append_many(4)
    batch = streams.append_many(2)
    ring = ring_of(batch)

    assert ring.holds(EventId(batch.generation, Position(position))) is holds
    assert not ring.holds(EventId("another", Position(position)))


def test_batch_behind_a_hole_empties_the_ring(streams: Streams) -> None:
    first, _, third = (streams.append_many(2) for _ in range(3))
    ring = ring_of(first)

    ring.take(third)

    assert (ring.first, ring.next, ring.head) == (5, 7, third.last_id)
    assert positions(ring.slice_after(Position(4)).data) == [5, 6]


def test_cleared_batch_empties_the_ring(streams: Streams) -> None:
    ring = ring_of(streams.append_many(2))

    ring.take(streams.clear())

    assert (ring.first, ring.next, ring.size, ring.whole) == (4, 4, 0, True)


def test_oldest_events_go_when_there_are_too_many(streams: Streams) -> None:
    ring = ring_of(streams.append_many(5), max_events=3)

    assert (ring.first, ring.next, ring.whole) == (3, 6, False)

    ring.take(streams.append_many(1))
    assert positions(ring.slice_after(Position(3)).data) == [4, 5, 6]


def test_oldest_events_go_when_their_bytes_are_too_many(streams: Streams) -> None:
    batch = streams.append_many(5)
    one = ring_of(batch).size // 5

    ring = ring_of(batch, max_bytes=2 * one)

    assert (ring.first, ring.size) == (4, 2 * one)


def test_event_that_is_larger_than_the_ring_is_passed_on_by_the_log_alone(streams: Streams) -> None:
    ring = ring_of(streams.append_many(1), max_bytes=10)

    assert (ring.first, ring.next, ring.size, ring.whole) == (2, 2, 0, False)


def test_shrunk_ring_keeps_its_newest_events(streams: Streams) -> None:
    ring = ring_of(streams.append_many(8))
    ring.slice_after(Position(0))

    ring.shrink(ring.size // 2)

    assert (ring.first, ring.next) == (5, 9)
    assert not ring._slices


def test_slice_ends_after_some_bytes(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ring_of(streams.append_many(10))
    monkeypatch.setattr(rings, "SLICE_BYTES", ring.size // 4)

    first = ring.slice_after(Position(0))
    second = ring.slice_after(first.reached.position)

    assert positions(first.data) == [1, 2, 3]
    assert positions(second.data) == [4, 5, 6]


def test_slice_is_joined_once_for_all_clients_until_the_ring_grows(streams: Streams) -> None:
    ring = ring_of(streams.append_many(3))

    first = ring.slice_after(Position(1))
    assert ring.slice_after(Position(1)) is first

    ring.take(streams.append_many(1))
    assert positions(ring.slice_after(Position(1)).data) == [2, 3, 4]


def test_joined_slices_have_a_bound(streams: Streams) -> None:
    ring = ring_of(streams.append_many(100))

    for position in range(100):
        ring.slice_after(Position(position))

    assert len(ring._slices) <= rings.MAX_SLICES
    assert sum(len(piece.data) for piece in ring._slices.values()) <= ring.size


def test_slice_of_chosen_channels_counts_what_it_passes_over(streams: Streams) -> None:
    batch = streams.append("a", "b", "a", "b", "b")
    ring = ring_of(batch)

    piece = ring.slice_after(Position(0), A)

    assert positions(piece.data) == [1, 3]
    assert (piece.events, piece.reached) == (2, batch.last_id)


@pytest.mark.parametrize(
    ("count", "channels", "start"),
    [(0, NONE, 5), (2, NONE, 3), (5, NONE, 0), (9, NONE, 0), (0, A, 5), (1, A, 2), (2, A, 0), (3, A, 0)],
)
def test_newest_events_start_where_they_are_enough(
    streams: Streams, count: int, channels: frozenset[str], start: int
) -> None:
    ring = ring_of(streams.append("a", "b", "a", "b", "b"))

    assert ring.start_of_newest(count, channels) == start


@pytest.mark.parametrize(("count", "channels"), [(6, NONE), (3, A), (1, frozenset("z"))])
def test_start_is_not_known_where_older_events_stand_in_the_log(
    streams: Streams, count: int, channels: frozenset[str]
) -> None:
    streams.append("a")
    ring = ring_of(streams.append("a", "b", "a", "b", "b"), whole=False)

    assert ring.start_of_newest(count, channels) is None


def test_ring_that_is_loaded_again_has_forgotten_its_former_life(streams: Streams) -> None:
    ring = ring_of(streams.append_many(5))
    again = streams.begin_again("a", "b")

    ring.load(Newest(again.generation, Position(3), (again,), whole=True))

    assert (ring.generation, ring.first, ring.next, ring.head) == (again.generation, 1, 3, again.last_id)
