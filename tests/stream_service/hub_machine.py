"""Two hubs over one log, whose readings, notices and clients come and go in any order that Hypothesis thinks of."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from stream_service import ring, stream, subscription
from stream_service.hub import Bounds
from stream_service.subscription import Wish
from tailrace import event_log
from tailrace.event import Batch, EventId, Position
from tests.stream_service.lineage import Lineage
from tests.support.hub import Client, Pending, SteppedHub, Streams, notice_of
from tests.support.log import DAY, HOUR

TINY = Bounds(ring_events=5, ring_bytes=300, all_rings_bytes=200, linger=30, patience=60)
CLIENTS = 4

channels = st.lists(st.sampled_from("ab"), min_size=1, max_size=5)
some = st.integers(0, 99)
"""Chooses from whatever there is."""
either = st.integers(0, 1)
rooms = st.sampled_from([None, None, 1, 2])
seconds = st.sampled_from([1, 15, 31, 61])
kinds = st.tuples(st.booleans(), st.booleans())
"""Whether a hub's readings are prompt, and whether its passes take their time."""
wishes = st.builds(
    Wish,
    cursor=st.sampled_from([None, None, None, "0-0", "known", "known", "no id", "ahead", "0other-3"]),
    replay=st.sampled_from([0, 1, 5, 9]),
    channels=st.sampled_from([frozenset(), frozenset(), frozenset("a"), frozenset("b")]),
    control=st.booleans(),
)


def make_everything_tiny(patch: pytest.MonkeyPatch) -> None:
    """Let a handful of events be many pages, slices and replays."""
    patch.setattr(event_log, "READING_BYTES", 20)
    patch.setattr(event_log, "LOOK_BACK_PAGES", 3)
    patch.setattr(stream, "MAX_HELD", 2)
    for module in (stream, subscription):
        patch.setattr(module, "DEFAULT_REPLAY", 5)
    for module in (ring, subscription):
        patch.setattr(module, "SLICE_BYTES", 120)
    patch.setattr(ring, "MAX_SLICES", 2)


class HubMachine(RuleBasedStateMachine):
    """Whatever happens, every client hears everything once and in order, or that it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0.0
        self.streams = Streams(page_bytes=150)
        self.hubs = [SteppedHub(self.streams, bounds=TINY) for _ in range(2)]
        self.batches: list[Batch] = []
        self.lineages: list[Lineage] = []
        self.to_empty: dict[int, str] = {}
        self.lossless = False
        """Whether every notice arrives in the end: then nothing needs a sweep."""
        self.on_the_way: list[Batch] = []

    # --- the log

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
        self._forget_what_is_gone()

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
        self._forget_what_is_gone()

    @precondition(lambda self: self.streams.items and self._tail_expires_in() > 2 * HOUR)
    @rule()
    def mark_cleared(self) -> None:
        self.to_empty = {position: item.generation for position, item in self.streams.items.items()}
        self._recorded(self.streams.mark_cleared())

    @precondition(lambda self: self.to_empty)
    @rule(choice=some)
    def empty_one(self, choice: int) -> None:
        position = sorted(self.to_empty)[choice % len(self.to_empty)]
        del self.to_empty[position]
        self.streams.empty(position)

    # --- notices, readings, time

    @precondition(lambda self: self.batches)
    @rule(hub=either, back=some, with_events=st.booleans())
    def announce(self, hub: int, back: int, *, with_events: bool) -> None:
        batch = self.batches[-1 - back % len(self.batches)]
        self.hubs[hub].hub.offer(notice_of(batch, with_events=with_events))

    @precondition(lambda self: self.batches)
    @rule(hub=either)
    def announce_newest(self, hub: int) -> None:
        self.hubs[hub].offer(self.batches[-1])

    @precondition(lambda self: self._pending())
    @rule(choice=some)
    def read_a_page(self, choice: int) -> None:
        pending = self._pending()
        pending[choice % len(pending)][1].step()

    @precondition(lambda self: self._pending())
    @rule(choice=some)
    def answer(self, choice: int) -> None:
        pending = self._pending()
        hub, chosen = pending[choice % len(pending)]
        hub.pending.remove(chosen)
        chosen.answer()

    @precondition(lambda self: self._pending())
    @rule(hub=either, newest_first=st.booleans())
    def answer_all(self, hub: int, *, newest_first: bool) -> None:
        self.hubs[hub].answer_all(newest_first=newest_first)

    @precondition(lambda self: self._pending())
    @rule(choice=some)
    def let_a_reading_fail(self, choice: int) -> None:
        pending = self._pending()
        pending[choice % len(pending)][1].restart()

    @rule(hub=either)
    def turn(self, hub: int) -> None:
        self.hubs[hub].turn()

    @rule(hub=either)
    def sweep(self, hub: int) -> None:
        self.hubs[hub].sweep()

    @rule(hub=either, after=seconds)
    def tick(self, hub: int, after: int) -> None:
        self.clock += after
        self.hubs[hub].hub.tick(self.clock)
        for lineage, client in self._connected():
            if client.aborted:
                lineage.cut()

    @rule(hub=either, after=seconds)
    def keep_alive(self, hub: int, after: int) -> None:
        self.clock += after
        self.hubs[hub].hub.keep_alive(self.clock)

    # --- clients

    @precondition(lambda self: len(self.lineages) < CLIENTS)
    @rule(wish=wishes, hub=either, room=rooms, choice=some, served=st.booleans())
    def come(self, wish: Wish, hub: int, room: int | None, choice: int, *, served: bool) -> None:
        lineage = Lineage(self.streams, replace(wish, cursor=self._cursor(wish.cursor, choice)))
        self.lineages.append(lineage)
        lineage.connect(self.hubs[hub], room=room)
        if served:
            self.hubs[hub].answer_all()

    @precondition(lambda self: len(self._connected()) < len(self.lineages))
    @rule(choice=some, hub=either, room=rooms, served=st.booleans())
    def come_back(self, choice: int, hub: int, room: int | None, *, served: bool) -> None:
        gone = [lineage for lineage in self.lineages if lineage.client is None]
        gone[choice % len(gone)].connect(self.hubs[hub], room=room)
        if served:
            self.hubs[hub].answer_all()

    @precondition(lambda self: self._connected())
    @rule(choice=some)
    def cut(self, choice: int) -> None:
        connected = self._connected()
        connected[choice % len(connected)][0].cut()

    @precondition(lambda self: self._connected())
    @rule(choice=some)
    def pause(self, choice: int) -> None:
        connected = self._connected()
        connected[choice % len(connected)][1].pause()

    @precondition(lambda self: self._connected())
    @rule(choice=some, room=rooms)
    def resume(self, choice: int, room: int | None) -> None:
        connected = self._connected()
        connected[choice % len(connected)][1].resume(room)

    # --- in the end

    @rule(newest_first=st.booleans())
    def come_to_rest(self, *, newest_first: bool) -> None:
        """Let what is on the way arrive, and every socket take everything: then every client has everything."""
        for _, client in self._connected():
            client.resume()
        for hub in self.hubs:
            if self.lossless:
                hub.offer(*self.on_the_way[:: -1 if newest_first else 1])
                hub.answer_all(newest_first=newest_first)
            else:
                hub.answer_all(newest_first=newest_first)
                hub.sweep()
                hub.answer_all()
        self.on_the_way.clear()
        for lineage, _ in self._connected():
            lineage.check_arrived()

    def teardown(self) -> None:
        self.come_to_rest(newest_first=False)

    # --- how

    def _recorded(self, batch: Batch) -> None:
        self.batches.append(batch)
        self.on_the_way.append(batch)

    def _connected(self) -> list[tuple[Lineage, Client]]:
        return [(lineage, lineage.client) for lineage in self.lineages if lineage.client is not None]

    def _pending(self) -> list[tuple[SteppedHub, Pending]]:
        return [(hub, pending) for hub in self.hubs for pending in hub.pending]

    def _cursor(self, kind: str | None, choice: int) -> str | None:
        head = self.streams.head or EventId("none", Position(0))
        match kind:
            case "known":
                known = list(self.streams.written) or [head]
                return str(known[-1 - choice % len(known)])
            case "ahead":
                return f"{head.generation}-{head.position + 1000}"
            case _:
                return kind

    def _expired(self) -> list[int]:
        return [position for position, item in self.streams.items.items() if item.expires_at <= self.streams.now]

    def _tail_expires_in(self) -> float:
        return max(item.expires_at for item in self.streams.items.values()) - self.streams.now

    def _forget_what_is_gone(self) -> None:
        """Let a clear that was interrupted never empty another life of the stream."""
        self.to_empty = {
            position: generation
            for position, generation in self.to_empty.items()
            if position in self.streams.items and self.streams.items[position].generation == generation
        }
