"""A log with two hubs over it, and what may befall the log: flushes, clears, expiry and new lives."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from stream_service import ring, slices, stream, subscription
from stream_service.hub import Bounds
from tailrace import event_log
from tailrace.event import Batch
from tests.support.hub import SteppedHub
from tests.support.log import DAY, HOUR
from tests.support.stepping import Flush
from tests.support.stream_log import Streams

TINY = Bounds(ring_events=5, ring_bytes=300, all_rings_bytes=200, linger=30, patience=60)

channels = st.lists(st.sampled_from("ab"), min_size=1, max_size=5)
some = st.integers(0, 99)
"""Chooses from whatever there is."""
kinds = st.tuples(st.booleans(), st.booleans())
"""Whether a hub's readings are prompt, and whether its passes take their time."""


def make_everything_tiny(patch: pytest.MonkeyPatch) -> None:
    """Let a handful of events be many pages, slices and replays."""
    patch.setattr(event_log, "READING_BYTES", 20)
    patch.setattr(event_log, "LOOK_BACK_PAGES", 3)
    patch.setattr(stream, "MAX_HELD", 2)
    for module in (stream, subscription):
        patch.setattr(module, "DEFAULT_REPLAY", 5)
    for module in (ring, slices):
        patch.setattr(module, "SLICE_BYTES", 120)
    patch.setattr(ring, "MAX_SLICES", 2)


class LogMachine(RuleBasedStateMachine):
    """The log's part of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = Streams(page_bytes=150)
        self.hubs = [SteppedHub(self.streams, bounds=TINY) for _ in range(2)]
        self.batches: list[Batch] = []
        self.clears: list[Flush] = []
        self.lossless = False
        """Whether every notice arrives in the end: then nothing needs a sweep."""
        self.on_the_way: list[Batch] = []

    @initialize(there=st.lists(channels, max_size=6), kinds=st.tuples(kinds, kinds), lossless=st.booleans())
    def begin(self, there: list[list[str]], kinds: tuple[tuple[bool, bool], ...], *, lossless: bool) -> None:
        self.lossless = lossless
        for hub, (prompt, paced) in zip(self.hubs, kinds, strict=True):
            hub.prompt, hub.paced = prompt, paced
        for each in there:
            self.append(each)

    @rule(channels=channels)
    def append(self, channels: list[str]) -> None:
        self._recorded(self.streams.append(*channels))

    @rule(channels=channels)
    def append_and_announce(self, channels: list[str]) -> None:
        self.append(channels)
        for hub in self.hubs:
            hub.offer(self.batches[-1])

    @rule(hours=st.sampled_from([1, 13]))
    def let_time_pass(self, hours: int) -> None:
        self.streams.now += hours * HOUR

    @rule(channels=channels)
    def let_all_but_the_newest_expire(self, channels: list[str]) -> None:
        self.streams.now += 13 * HOUR
        self.append(channels)
        self.streams.now += 12 * HOUR

    @rule(channels=channels, announced=st.booleans())
    def begin_another_life(self, channels: list[str], *, announced: bool) -> None:
        self.streams.now += DAY
        self.append(channels)
        for hub in self.hubs:
            if announced:
                hub.offer(self.batches[-1])

    @precondition(lambda self: self._expired())
    @rule(choice=some)
    def let_the_table_delete_what_has_expired(self, choice: int) -> None:
        expired = self._expired()
        self.streams.expire(expired[choice % len(expired)])

    @precondition(lambda self: self.streams.items)
    @rule()
    def begin_to_clear(self) -> None:
        self.clears.append(self.streams.begin_to_clear())

    @precondition(lambda self: self.clears)
    @rule(choice=some, pages=st.integers(1, 5))
    def go_on_clearing(self, choice: int, pages: int) -> None:
        clear = self.clears[choice % len(self.clears)]
        for _ in range(pages):
            if clear.batches is None:
                clear.step()
        if clear.batches is not None:
            self._finish(clear)

    @precondition(lambda self: self.clears and not self.lossless)
    @rule(choice=some)
    def crash_while_clearing(self, choice: int) -> None:
        self.clears.pop(choice % len(self.clears)).crash()

    def finish_clears(self) -> None:
        for clear in list(self.clears):
            self._finish(clear)

    def _finish(self, clear: Flush) -> None:
        (mark,) = clear.finish()
        self.clears.remove(clear)
        self._recorded(mark)

    def _recorded(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.on_the_way.append(batch)

    def _expired(self) -> list[int]:
        return [position for position, item in self.streams.items.items() if item.expires_at <= self.streams.now]
