"""One client of one stream: a cursor, and how it gets from there to live.

A subscription is always in one of these places: *waiting* for its stream's ring to know something; *asking* the log
for what its cursor needs; or *live*, served from the ring whenever that grows. A paused one keeps its cursor and does
nothing. The reader's rules 20 to 25 of docs/log.md are here.
"""

from typing import TYPE_CHECKING

from stream_service import sse
from stream_service.connection import Connection
from stream_service.counts import End
from stream_service.loss import Loss
from stream_service.pages import Page
from stream_service.slices import Slice
from stream_service.wish import DEFAULT_REPLAY, Wish
from tailrace.event import BEGINNING, Batch, EventId, Position

if TYPE_CHECKING:
    from stream_service.stream import Stream

QUIET_SECONDS = 60.0
"""How often, at most, a client whose channels are silent gets a `$sync` while the stream goes on."""


class Subscription:
    """A client's place in a stream. Only position + 1 is ever delivered; only a `$gap` may jump (rule 25)."""

    __slots__ = (
        "_asking", "_gone", "_greeted", "_live", "_loss", "_stream", "_vouched", "_why", "_wish",
        "aged_at", "channels", "connection", "cursor", "flowing", "paused", "paused_at", "quiet_since", "sent", "until",
    )  # fmt: skip

    def __init__(self, stream: "Stream", connection: Connection, wish: Wish) -> None:
        self._stream = stream
        self.connection = connection
        self.channels = wish.channels
        self.aged_at = wish.aged_at
        self.until = wish.until
        self._wish = wish
        self.cursor = None if wish.cursor is None else EventId.parse(wish.cursor)
        self.sent: EventId | None = None
        """The last id that it was sent."""
        self.flowing = False
        """Whether it is live and takes data: a pass may write to it what follows its cursor."""
        self.paused = False
        self.paused_at: float | None = None
        """When a tick first saw it paused."""
        self.quiet_since: float | None = None
        """When a tick first saw it ahead of the last id that it was sent."""
        self._why: End | None = None
        self._asking = False
        self._gone = False
        self._live = False
        self._greeted = False  # the replay is over
        self._vouched: EventId | None = None  # a cursor ahead of the ring, of which the log said that it is good
        self._loss: Loss | None = None
        if wish.cursor is not None and self.cursor is None:
            self._loss = Loss("unknown", wish.cursor, None)

    # --- what the connection says

    def pause(self) -> None:
        """The socket is full: nothing more is written until `resume`."""
        self.paused = True
        self.flowing = False

    def resume(self) -> None:
        """The socket takes data again."""
        self.paused = False
        self.paused_at = None
        self.settle()

    def leave(self) -> None:
        """The connection is gone."""
        if not self._gone:
            self._gone = True
            self.flowing = False
            self._stream.remove(self, self._why or End.LEFT)

    # --- what the hub says

    def end(self, why: End) -> None:
        """End the response behind what was written."""
        self._why = self._why or why
        self.connection.end()

    def abort(self, why: End) -> None:
        """Cut the connection, and have nothing to do with it any more; the client resumes."""
        self._why = self._why or why
        self.leave()
        self.connection.abort()

    def settle(self) -> None:
        """Go on from the cursor: from the ring if it holds what follows, else by asking the log."""
        if self._gone or self.paused or self._asking or not self._stream.loaded:
            return
        ring = self._stream.ring
        if ring.generation is None:
            self._greet_empty()
        elif self.cursor is None:
            self._start_from_newest(self._wish.replay if self._loss is None else DEFAULT_REPLAY)
        else:
            if self.cursor == BEGINNING:
                self.cursor = EventId(ring.generation, Position(0))
            self._go_on(self.cursor)

    def keep_alive(self, now: float) -> None:
        """Write a keepalive; and a `$sync` where it was asked for, or where the client's id has long been behind."""
        if self.paused:
            return
        self.connection.write(sse.KEEPALIVE)
        if not self._greeted or not (self._live or self._stream.ring.generation is None):
            return
        at = self.cursor or BEGINNING
        if at == self.sent:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = now
        overdue = self.quiet_since is not None and now - self.quiet_since >= QUIET_SECONDS
        if (self._wish.control or overdue) and not self.paused:
            self._sync(at)

    # --- finding the place

    def _greet_empty(self) -> None:
        """An empty stream: keep the cursor and wait, with an id to come back with (rules 20 and 21)."""
        if not self._greeted:
            self._greeted = True
            self._sync(self.cursor or BEGINNING)
            if self._loss is None:
                self.cursor = self.cursor or BEGINNING

    def _start_from_newest(self, count: int) -> None:
        ring = self._stream.ring
        start = ring.start_of_newest(count, self.channels)
        if start is None:
            self._ask()
            self._stream.inquiries.ask_start(self, count, self.channels)
        else:
            self._begin_at(EventId(ring.head.generation, start))

    def started(self, start: EventId | None) -> None:
        """Hear where the newest events begin that the client shall have."""
        self._asking = False
        ring = self._stream.ring
        if self._gone or self.cursor is not None:
            return
        if start is None:
            self._begin_at(EventId(ring.head.generation, Position(ring.first - 1)))  # the ring has all that there is
        elif start.generation != ring.generation:
            self._stream.sweep()  # the ring's life of the stream is over: it will be loaded, and settle everyone
        else:
            self._begin_at(start)

    def _begin_at(self, start: EventId) -> None:
        self.cursor = start
        self.settle()

    def _go_on(self, cursor: EventId) -> None:
        ring = self._stream.ring
        ahead = cursor.generation == ring.generation and cursor.position >= ring.next
        if ring.holds(cursor) or (ahead and self._vouched == cursor):
            self._go_live()
        elif ahead or cursor.generation != ring.generation:
            self._ask()
            self._stream.inquiries.ask_head(self)
        else:
            self._ask()
            self._stream.inquiries.ask_from(self, EventId(cursor.generation, Position(cursor.position + 1)))

    def _ask(self) -> None:
        self._asking = True
        self._live = self.flowing = False

    def _go_live(self) -> None:
        self._live = True
        self._tell_loss()
        self._deliver()
        if self.paused:
            return
        self.flowing = True
        if self.cursor == self._stream.ring.head:
            self.cursor = self._stream.ring.head  # the very object by which a pass knows who stands where
        if not self._greeted:
            self._greeted = True
            if (self.sent is None or self._wish.control) and self.cursor is not None:
                self._sync(self.cursor)

    def _deliver(self) -> None:
        ring = self._stream.ring
        while not self.paused and self.cursor is not None and self.cursor.position < ring.next - 1:
            self._write(ring.slice_after(self.cursor.position, self.channels))

    # --- what the log answers

    def ask_again(self) -> None:
        """Hear that the answer says nothing about the life that the stream is in by now."""
        self._asking = False
        self.settle()

    def judged(self, head: EventId | None) -> None:
        """Hear the stream's head, read after the question: it judges a cursor that the ring can't explain (rule 22)."""
        self._asking = False
        cursor, ring = self.cursor, self._stream.ring
        if self._gone or cursor is None or head is None:  # rule 21 for None: there is nothing to go on with
            return
        if head.generation != ring.generation:
            self._stream.sweep()
        elif cursor.generation == head.generation and cursor.position <= head.position:
            self._vouched = cursor
            self._stream.sweep()  # it is the ring that lags
            self.settle()
        else:
            if self._has_an_id:
                self._loss = Loss("unknown", self._loss.requested if self._loss else self._requested(cursor), None)
            self.cursor = None
            self.settle()

    def read(self, page: Page) -> None:
        """Hear what the log holds from the cursor on (rule 23)."""
        self._asking = False
        cursor, reading = self.cursor, page.reading
        if self._gone or self.paused or cursor is None:
            return
        for batch in reading.batches:
            if batch.generation != cursor.generation:
                self._ask()
                self._stream.inquiries.ask_head(self)
                return
            if not self._take(batch, page):
                return
        if self.cursor is not None and reading.next - 1 > self.cursor.position:
            self._lose("expired", Position(reading.next - 1))
        elif self.cursor == cursor:
            # The ring had been beyond the cursor, so the log had held what follows; it holds nothing any more.
            self._lose("expired", Position(page.ring_began_at - 1))
        self.settle()

    def _take(self, batch: Batch, page: Page) -> bool:
        """Write a batch's events behind the cursor, or note that they are lost; False once the socket is full."""
        cursor = self.cursor
        if cursor is None or batch.end <= cursor.position:
            return True
        if batch.position > cursor.position + 1:
            self._lose("expired", Position(batch.position - 1))
        if batch.cleared:
            self._lose("cleared", batch.end)
            return True
        self._tell_loss()
        while not self.paused and self.cursor is not None and self.cursor.position < batch.end:
            self._write(page.slice_after(self.cursor, self.channels))  # may reach over the batches that follow
        return not self.paused

    # --- what was lost

    def _lose(self, reason: str, last_lost: Position) -> None:
        cursor = self.cursor
        if cursor is None or last_lost <= cursor.position:
            return
        if self._has_an_id:  # who has none was given nothing yet that this could be behind
            more = Loss(reason, self._requested(cursor), last_lost - cursor.position)
            self._loss = more if self._loss is None else self._loss.plus(more)
        self.cursor = EventId(cursor.generation, last_lost)

    @property
    def _has_an_id(self) -> bool:
        return self.sent is not None or self._wish.cursor is not None

    def _requested(self, cursor: EventId) -> str:
        """The cursor in the client's words: what it came with, or `0-0` where its stream had no life yet."""
        if self.sent is None and self._wish.cursor is not None:
            return self._wish.cursor
        return str(BEGINNING if self.sent == BEGINNING and cursor.position == 0 else cursor)

    def _tell_loss(self) -> None:
        loss, cursor = self._loss, self.cursor
        if loss is not None and cursor is not None:
            self._loss = None
            self._send(sse.gap(reason=loss.reason, requested=loss.requested, last_lost=cursor, missed=loss.missed))

    # --- writing

    def _write(self, piece: Slice) -> None:
        self.cursor = piece.reached
        if piece.events:
            self._stream.count_deliveries(piece.events)
            self._send(piece.data)

    def _send(self, data: bytes) -> None:
        self.sent = self.cursor
        self.connection.write(data)

    def _sync(self, event_id: EventId) -> None:
        self.quiet_since = None
        self.sent = event_id
        head = BEGINNING if self._stream.ring.generation is None else event_id
        self.connection.write(sse.sync(head=head, event_id=event_id))
