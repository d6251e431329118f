"""A hub stepped by hand: its questions wait until a test answers them, from a real log in memory."""

from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from stream_service.hub import Bounds, Hub, at_once
from stream_service.question import AskFrom, AskHead, AskNewest, AskStart, Question
from stream_service.ring import Ring
from stream_service.stream import Stream
from stream_service.subscription import Subscription, Wish
from tailrace.event import Batch, Event, EventId, Position
from tailrace.event_log import EventLog
from tailrace.notice import Notice, decode_notice, encode_notice
from tailrace.table import Item
from tailrace.testing import PAGE_BYTES, InMemoryTable
from tests.support.frames import KEEPALIVE, Frame, frames_in
from tests.support.log import DAY, NOON, STREAM
from tests.support.stepping import SteppedTable, Turn, now_or_never

_OVER = object()
ENDLESS = 1_000
"""Answers after which a hub that still asks will ask for ever."""


class Streams:
    """A log in memory with one stream, a clock, and everything that may befall them."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES) -> None:
        self.now = NOON
        self.table = InMemoryTable(page_bytes=page_bytes)
        self.written: dict[EventId, Event] = {}
        """Every event that ever was in the log."""
        self.marks: set[EventId] = set()
        """The ids of the marks of clears."""
        self._writer = self.log_over(self.table)
        self._batches = 0

    def log_over(self, table: SteppedTable | InMemoryTable) -> EventLog:
        """Open the log, which keeps events for a day."""
        return EventLog(table=table, retention=timedelta(days=1), now=lambda: self.now, sleep=_at_once)

    @property
    def items(self) -> dict[int, Item]:
        """What the table holds, by position."""
        return self.table.items[STREAM]

    @property
    def head(self) -> EventId | None:
        """The newest event's id."""
        return now_or_never(self._writer.head(STREAM))

    def append(self, *channels: str) -> Batch:
        """Append a batch: one event for each channel named, whose payload is told from all others."""
        self._batches += 1
        events = [Event.of(channel, f"{self._batches}.{number}") for number, channel in enumerate(channels)]
        (batch,) = now_or_never(self._writer.append(STREAM, events, batch_id=str(self._batches)))
        for number, event in enumerate(batch.events):
            self.written[EventId(batch.generation, Position(batch.position + number))] = event
        return batch

    def append_many(self, count: int) -> Batch:
        """Append a batch of some events."""
        return self.append(*["numbers"] * count)

    def mark_cleared(self) -> Batch:
        """Begin to clear the stream as rule 14 says: append the mark, and empty nothing yet."""
        tail = self.items[max(self.items)]
        marker = replace(
            tail,
            position=Position(tail.end + 1),
            count=1,
            batch_id=f"clear {tail.end + 1}",
            recorded_at=max(int(self.now * 1000), tail.recorded_at),
            expires_at=max(int(self.now) + DAY, tail.expires_at),
            events=None,
            cleared=True,
        )
        self.items[marker.position] = marker
        self.marks.add(EventId(marker.generation, marker.position))
        return cleared_batch(marker)

    def empty(self, position: int) -> None:
        """Empty one item in place."""
        self.items[position] = replace(self.items[position], events=None, cleared=True)

    def clear(self) -> Batch:
        """Clear the stream, and return the mark."""
        marker = self.mark_cleared()
        for position in self.items:
            self.empty(position)
        return marker

    def expire(self, position: int) -> None:
        """Let the table delete an item whose time has come."""
        assert self.items.pop(position).expires_at <= self.now, "It has not expired."

    def begin_again(self, *channels: str) -> Batch:
        """Let everything expire, and append to the stream's next life."""
        self.now += 2 * DAY
        return self.append(*channels)

    def id(self, position: int) -> str:
        """Write the id of a position in the stream's present life."""
        head = self.head
        assert head is not None
        return f"{head.generation}-{position}"

    def readable(self) -> set[EventId]:
        """The ids of the events that a reader of the whole log would get now."""
        return {
            EventId(item.generation, Position(position))
            for item in self.items.values()
            if item.events is not None and item.recorded_at / 1000 + DAY > self.now
            for position in range(item.position, item.end + 1)
        }


async def _at_once(_seconds: float) -> None:
    """Wait for nothing; a test moves the time itself."""


def cleared_batch(item: Item) -> Batch:
    """An emptied item, as its notice announces it."""
    return Batch(
        workflow_id=item.workflow_id,
        generation=item.generation,
        position=item.position,
        count=item.count,
        events=(),
        batch_id=item.batch_id,
        recorded_at=item.recorded_at,
        cleared=True,
    )


def notice_of(batch: Batch, *, with_events: bool = True) -> Notice:
    """A batch's notice, as it comes out of the queue; without its events if it was too large for them."""
    notice = decode_notice(encode_notice(batch))
    assert isinstance(notice, Notice)
    return notice if with_events else replace(notice, encoded_events=None)


class Pending:
    """A question that is being carried out: the log is read page by page, whenever the test says so."""

    def __init__(self, question: Question, log: EventLog) -> None:
        self.question = question
        self._log = log
        self.restart()

    def restart(self) -> None:
        """Begin to read, as a reader does again after the log has failed."""
        self._reading = self._begin()
        self._found: Callable[[], None] | None = None
        self._turn: Turn[Any] | None = None
        self._resume(None)

    def step(self) -> bool:
        """Read one page; False if nothing is left to read."""
        if self._turn is None:
            return False
        page = now_or_never(self._turn.perform())
        self._resume(lambda: page)
        return True

    def read(self) -> None:
        """Read to the end."""
        while self.step():
            pass

    def answer(self) -> None:
        """Read what is left to read, and hand the answer over."""
        self.read()
        assert self._found is not None
        self._found()

    def _resume(self, page: Callable[[], Any] | None) -> None:
        try:
            self._turn = self._reading.send(page)
        except StopIteration as end:
            self._turn, self._found = None, end.value

    def _begin(self) -> Coroutine[Any, Any, Callable[[], None]]:
        return _carry_out(self.question, self._log)


async def _carry_out(question: Question, log: EventLog) -> Callable[[], None]:
    match question:
        case AskNewest():
            newest = await log.newest(question.workflow_id, question.count, max_bytes=question.max_bytes)
            return lambda: question.answer(newest)
        case AskFrom():
            reading = await log.read(question.workflow_id, question.position)
            return lambda: question.answer(reading)
        case AskHead():
            head = await log.head(question.workflow_id)
            return lambda: question.answer(head)
        case AskStart():
            start = await log.start_of_newest(question.workflow_id, question.count, question.channels)
            return lambda: question.answer(start)


@dataclass(slots=True)
class Client:
    """One connection: what was written to it, read strictly, and a socket that takes as much as the test says."""

    room: int | None = None
    """How many writes the socket takes before it is full; None for any number."""
    hear: Callable[[Frame], None] = lambda _: None
    frames: list[Frame] = field(default_factory=list)
    keepalives: int = 0
    written: list[bytes] = field(default_factory=list)
    ended: bool = False
    aborted: bool = False
    _subscription: Subscription | None = None

    @property
    def subscription(self) -> Subscription:
        assert self._subscription is not None
        return self._subscription

    def follow(self, subscription: Subscription) -> None:
        """Hear whose bytes these will be, before the first."""
        self._subscription = subscription

    def write(self, data: bytes) -> None:
        """Take whole frames, or a keepalive; nothing while the socket is full, or behind the end."""
        assert not self.subscription.paused, f"The socket is full: {data!r:.80}"
        assert not self.aborted, f"The connection was cut: {data!r:.80}"
        self.written.append(data)
        if data == KEEPALIVE:
            self.keepalives += 1
        else:
            for frame in frames_in(data):
                self.frames.append(frame)
                self.hear(frame)
        if self.room is not None:
            self.room -= 1
            if self.room <= 0:
                self.subscription.pause()

    def end(self) -> None:
        """End politely."""
        self.ended = True

    def abort(self) -> None:
        """Be cut."""
        self.aborted = True

    def pause(self) -> None:
        """Let the socket be full."""
        self.subscription.pause()

    def resume(self, room: int | None = None) -> None:
        """Let the socket take data again."""
        self.room = room
        self.subscription.resume()

    def leave(self) -> None:
        """Go."""
        self.subscription.leave()

    @property
    def events(self) -> list[Frame]:
        """What it got of the workflow's events."""
        return [frame for frame in self.frames if not frame.channel.startswith("$")]

    @property
    def positions(self) -> list[int]:
        """The positions of those."""
        return [frame.id.position for frame in self.events]

    def control(self, channel: str) -> list[Frame]:
        """The control events of one kind."""
        return [frame for frame in self.frames if frame.channel == channel]

    @property
    def gaps(self) -> list[tuple[Any, ...]]:
        """What it was told to have lost: reason, requested, next, missed and the id's position."""
        return [
            (frame.data["reason"], frame.data["requested"], frame.data["next"], frame.data["missed"], str(frame.id))
            for frame in self.control("$gap")
        ]

    @property
    def syncs(self) -> list[str]:
        """The ids that `$sync` gave it."""
        return [str(frame.id) for frame in self.control("$sync")]


class SteppedHub:
    """A hub, and the questions that it waits for."""

    def __init__(self, streams: Streams, *, bounds: Bounds | None = None) -> None:
        self.streams = streams
        self.hub = Hub(ask=self._ask, bounds=bounds or Bounds(), due=self._hear_due)
        self.pending: list[Pending] = []
        self.asked: list[Question] = []
        self.prompt = False
        """Whether the log is read as soon as it is asked, however late the answer comes."""
        self.paced = False
        """Whether passes wait for `turn`, and write to one client at a time."""
        self._passes: dict[Stream, Iterator[None] | None] = {}
        self._again: set[Stream] = set()
        self._log = streams.log_over(SteppedTable(streams.table))

    @property
    def ring(self) -> Ring:
        """The stream's ring."""
        return self.hub._streams[STREAM].ring

    def _ask(self, question: Question) -> None:
        self.asked.append(question)
        self.pending.append(Pending(question, self._log))
        if self.prompt:
            self.pending[-1].read()

    def _hear_due(self, stream: Stream) -> None:
        if not self.paced:
            at_once(stream)
        elif stream in self._passes:
            self._again.add(stream)
        else:
            self._passes[stream] = None

    def turn(self) -> bool:
        """Write to the next client of every pass, as `Pacer` does; False if nothing is due."""
        for stream in tuple(self._passes):
            if (turns := self._passes[stream]) is None:
                self._again.discard(stream)
                turns = self._passes[stream] = stream.deliver(1)
            if next(turns, _OVER) is _OVER:
                del self._passes[stream]
                if stream in self._again or stream.behind:
                    self._passes[stream] = None
        return bool(self._passes)

    def waits_for(self) -> list[type[Question]]:
        """The kinds of the questions that have no answer yet."""
        return [type(pending.question) for pending in self.pending]

    def answer(self, *kinds: type[Question]) -> None:
        """Answer the oldest question, which is of this kind; and so on for each kind named."""
        for kind in kinds:
            pending = self.pending.pop(0)
            assert isinstance(pending.question, kind), f"It asks {pending.question}."
            pending.answer()

    def answer_all(self, *, newest_first: bool = False) -> None:
        """Answer until nothing is asked any more, oldest question first, or newest."""
        for _ in range(ENDLESS):
            if self.pending:
                self.pending.pop(-1 if newest_first else 0).answer()
            elif not self.turn() and not self.pending:
                return
        raise AssertionError("It asks for ever.")

    def subscribe(self, wish: Wish, *, room: int | None = None) -> Client:
        """Let a client come."""
        client = Client(room=room)
        self.hub.subscribe(STREAM, client, wish, introduce=client.follow)
        return client

    def follow(
        self,
        cursor: str | None = None,
        *,
        replay: int = 100,
        channels: Iterable[str] = (),
        control: bool = False,
        room: int | None = None,
    ) -> Client:
        """Let a client come, and answer everything that is asked for it."""
        wish = Wish(cursor=cursor, replay=replay, channels=frozenset(channels), control=control)
        client = self.subscribe(wish, room=room)
        self.answer_all()
        return client

    def offer(self, *batches: Batch) -> None:
        """Let notices of batches arrive."""
        for batch in batches:
            self.hub.offer(notice_of(batch))

    def sweep(self) -> None:
        """Compare the stream with the log."""
        self.hub.sweep(STREAM)
