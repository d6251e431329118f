"""The model: writers, log, notices, two hubs and their clients come and go in any order that Hypothesis thinks of."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from stream_service.wish import Wish
from tailrace.event import EventId, Position
from tests.model.lineage import Lineage
from tests.model.passing import Passing
from tests.model.writing import some
from tests.support.hub import Pending, SteppedHub
from tests.support.stepped_client import Client
from tests.support.stream_log import notice_of

CLIENTS = 4

either = st.integers(0, 1)
rooms = st.sampled_from([None, None, 1, 2])
seconds = st.sampled_from([1, 15, 31, 61])
wishes = st.builds(
    Wish,
    cursor=st.sampled_from([None, None, None, "0-0", "known", "known", "no id", "ahead", "0other-3"]),
    replay=st.sampled_from([0, 1, 5, 9]),
    channels=st.sampled_from([frozenset(), frozenset(), frozenset("a"), frozenset("b")]),
    control=st.booleans(),
)


class Model(Passing):
    """Whatever happens, the log keeps its promises, and clients hear all of it once, in order, or that it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = 0.0
        self.lineages: list[Lineage] = []

    # --- notices, readings, time

    @precondition(lambda self: self.notices)
    @rule(hub=either, back=some, with_events=st.booleans())
    def announce(self, hub: int, back: int, *, with_events: bool) -> None:
        batch = self.notices[-1 - back % len(self.notices)]
        self.hubs[hub].hub.offer(notice_of(batch, with_events=with_events))

    @precondition(lambda self: self.notices)
    @rule(hub=either)
    def announce_newest(self, hub: int) -> None:
        self.hubs[hub].offer(self.notices[-1])

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
        self._come_to_rest(newest_first=newest_first)

    def teardown(self) -> None:
        self._come_to_rest(newest_first=False)

    def _come_to_rest(self, *, newest_first: bool) -> None:
        """Let what is on the way arrive, and every socket take everything: then every client has everything."""
        self.check_log()
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

    # --- how

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
