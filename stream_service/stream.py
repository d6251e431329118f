"""One watched stream in this task: its ring, who follows it, and when the log is read (the log's rules 15 to 19)."""

from collections import deque
from collections.abc import Callable, Iterable

from stream_service.counts import Counts, End
from stream_service.inquiries import Inquiries
from stream_service.pages import Pages
from stream_service.passes import Passes
from stream_service.question import Ask, AskFrom, AskHead, AskNewest
from stream_service.ring import Ring
from stream_service.subscription import Subscription
from stream_service.turns import Spread, Turns
from stream_service.unwritten import Delivered
from stream_service.wish import DEFAULT_REPLAY
from tailrace.errors import InvalidNotice
from tailrace.event import Batch, EventId, Position, WorkflowId
from tailrace.log_reader import Newest, Reading
from tailrace.notice import Notice

MAX_HELD = 64
"""Notices kept while the log is read; with more, the log is read once again instead."""
MAX_HELD_BYTES = 16 * 1024
"""Of their events, likewise: where the log is away, every stream that is watched may hold some."""


class Stream:
    """A workflow's events as this task knows them, and the clients that follow."""

    def __init__(
        self,
        workflow_id: WorkflowId,
        *,
        ring: Ring,
        ask: Ask,
        counts: Counts,
        pages: Pages,
        spread: Spread,
        wanted: Callable[["Stream"], bool],
        due: Callable[["Stream"], None],
        delivered: Callable[[Delivered], None],
    ) -> None:
        self.workflow_id = workflow_id
        self.ring = ring
        self.loaded = False
        """Whether the log has been asked once."""
        self.subscriptions: dict[Subscription, None] = {}
        self.empty_since: float | None = None
        """When a tick first saw it without clients."""
        self._ask = ask
        self._counts = counts
        self._wanted = lambda: wanted(self)
        self._due = due
        self._passes = Passes(ring, counts=counts, delivered=delivered)
        self._hole: Position | None = None  # up to where the log shall say what is missing
        self._reading = False
        self._doubt = False
        self._held: deque[Notice] = deque()
        self._held_bytes = 0
        self.inquiries = Inquiries(self, ask=ask, pages=pages, spread=spread)

    # --- clients

    def add(self, subscription: Subscription) -> None:
        """Let a client follow."""
        self.subscriptions[subscription] = None
        self._counts.begin()
        self.empty_since = None
        subscription.settle()

    def remove(self, subscription: Subscription, why: End) -> None:
        """Forget a client."""
        if subscription in self.subscriptions:
            del self.subscriptions[subscription]
            self.inquiries.leave(subscription)
            self._counts.end(why)

    def count_deliveries(self, events: int) -> None:
        """Count events that were written to a client."""
        self._counts.deliveries += events

    @property
    def behind(self) -> bool:
        """Whether the ring holds something that the last pass did not bring to everybody."""
        return self._passes.behind

    def deliver(self, at_once: int | None = None) -> Turns:
        """Bring every client what it can have by now; yields between groups of `at_once` clients."""
        return self._passes.deliver(self.subscriptions, at_once)

    # --- the ring

    def load(self) -> None:
        """Begin the ring anew from the log."""
        self._reading = True
        self._hole = None
        self._passes.forget()
        self._ask(
            AskNewest(
                workflow_id=self.workflow_id,
                wanted=self._wanted,
                count=DEFAULT_REPLAY,
                max_bytes=self.ring.max_bytes,
                answer=self._loaded,
            )
        )

    def _loaded(self, newest: Newest | None) -> None:
        anew, self.loaded = self.loaded, True
        if newest is not None:
            self.ring.load(newest)
            if anew:  # a life that began, or was seen, only now: nobody has any of it
                self._note_unwritten(newest.batches)
        self._due(self)
        self._done_reading()

    def offer(self, notice: Notice) -> None:
        """Hear that the stream has grown."""
        if not self._reading:
            self._consider(notice)
        elif len(self._held) < MAX_HELD and self._held_bytes + notice.size <= MAX_HELD_BYTES:
            self._held.append(notice)
            self._held_bytes += notice.size
        else:
            self._doubt = True

    def _consider(self, notice: Notice) -> None:
        ring = self.ring
        if notice.generation != ring.generation:
            self.load()
        elif notice.end < ring.next:
            self._counts.notices_seen += 1
            if notice.cleared:  # announced once all before it is emptied: what was read meanwhile is no longer true
                ring.breaks += 1
        elif notice.position > ring.next:
            self._hole = notice.end
            self._read_on(ring.next)
        else:
            self._take(notice)

    def _take(self, notice: Notice) -> None:
        try:
            batch = notice.batch()
        except InvalidNotice:
            batch = None
        if batch is None:
            self._read_on(self.ring.next)
        else:
            self._counts.notices_taken += 1
            self._take_batch(batch)
            self._due(self)

    def _take_batch(self, batch: Batch) -> None:
        if batch.position > self.ring.next:
            self._give_up_hole()
        self.ring.take(batch)
        self._note_unwritten([batch])

    def _note_unwritten(self, batches: Iterable[Batch]) -> None:
        if self.subscriptions:
            self._passes.note(batches)

    def sweep(self, *, by_turn: bool = False) -> None:
        """Compare with the log's tail: a lost notice then costs time, and nothing else (rule 19).

        `by_turn` says that it is the stream's turn, and that nobody waits for it.
        """
        if self._reading:
            self._doubt = True
        else:
            self._reading = True
            self._ask(AskHead(workflow_id=self.workflow_id, wanted=self._wanted, sweeps=by_turn, answer=self._swept))

    def _swept(self, head: EventId | None) -> None:
        if head is None:
            self._due(self)  # an empty answer changes nothing, but who waits for it need not wait for more
            self._done_reading()
        elif head.generation != self.ring.generation:
            self.load()
        elif head.position >= self.ring.next:
            self._hole = head.position
            self._read_on(self.ring.next)
        else:
            self._done_reading()

    def _read_on(self, position: Position) -> None:
        self._reading = True
        self._ask(AskFrom(workflow_id=self.workflow_id, wanted=self._wanted, position=position, answer=self._read))

    def _read(self, reading: Reading) -> None:
        for batch in reading.batches:
            if batch.generation != self.ring.generation:
                self.load()
                return
            if batch.end >= self.ring.next:
                self._take_batch(batch)
        if reading.next > self.ring.next:
            self.ring.skip_to(reading.next)  # what stands there has expired unread
            self._give_up_hole()
        self._due(self)
        if reading.more:
            self._read_on(reading.next)
        else:
            self._judge_hole()
            self._done_reading()

    def _give_up_hole(self) -> None:
        self._counts.holes_unresolved += 1
        self._hole = None
        self._passes.forget()

    def _judge_hole(self) -> None:
        if self._hole is not None:
            repaired = self.ring.next > self._hole
            self._counts.holes_repaired += repaired
            self._counts.holes_unresolved += not repaired
            self._hole = None

    def _done_reading(self) -> None:
        self._reading = False
        while self._held and not self._reading:
            notice = self._held.popleft()
            self._held_bytes -= notice.size
            self._consider(notice)
        if self._doubt and not self._reading:
            self._doubt = False
            self.sweep()
