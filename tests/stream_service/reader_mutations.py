"""The hub with one of the reader's rules taken out, for each rule a way to break it."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from stream_service import sse
from stream_service import stream as streams
from stream_service.inquiries import Inquiries, Inquiry
from stream_service.loss import Loss
from stream_service.pages import Page
from stream_service.question import AskHead
from stream_service.ring import Ring
from stream_service.stream import Stream
from stream_service.subscription import Subscription
from stream_service.wish import Wish
from tailrace.event import BEGINNING, Batch, EventId, Position
from tailrace.log_reader import LogReader, Newest
from tailrace.notice import Notice

Mutation = Callable[[pytest.MonkeyPatch], None]


def method(owner: type, name: str, mutant: Callable[..., object]) -> Mutation:
    return lambda patch: patch.setattr(owner, name, mutant)


# --- rules 15 to 19: the ring


holding_notices = method(Stream, "offer", lambda self, notice: self._consider(notice))


def doubting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(streams, "MAX_HELD", 0)
    done = Stream._done_reading

    def done_reading(self: Stream) -> None:
        self._doubt = False
        done(self)

    patch.setattr(Stream, "_done_reading", done_reading)


def one_reading_at_a_time(patch: pytest.MonkeyPatch) -> None:
    def sweep(self: Stream, *, by_turn: bool = False) -> None:  # noqa: ARG001 - as the stream's
        self._reading = True
        self._ask(AskHead(workflow_id=self.workflow_id, wanted=self._wanted, answer=self._swept))

    patch.setattr(Stream, "sweep", sweep)


def registering_before_reading(patch: pytest.MonkeyPatch) -> None:
    offer = Stream.offer
    patch.setattr(Stream, "offer", lambda self, notice: offer(self, notice) if self.loaded else None)


def a_hundred(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(streams, "DEFAULT_REPLAY", 10**6)


def the_expired_tail(patch: pytest.MonkeyPatch) -> None:
    loaded = Stream._loaded
    patch.setattr(Stream, "_loaded", lambda self, newest: loaded(self, newest if newest and newest.batches else None))


def patience_with_an_empty_answer(patch: pytest.MonkeyPatch) -> None:
    loaded = Stream._loaded

    def loaded_for_good(self: Stream, newest: Newest | None) -> None:
        if newest is None:
            self.ring.skip_to(Position(1))
            self.ring.generation = None
        loaded(self, newest)

    patch.setattr(Stream, "_loaded", loaded_for_good)


def settling_after_loading(patch: pytest.MonkeyPatch) -> None:
    def loaded(self: Stream, newest: Newest | None) -> None:
        self.loaded = True
        if newest is not None:
            self.ring.load(newest)
        self._done_reading()

    patch.setattr(Stream, "_loaded", loaded)


def consider(judge: Callable[[Stream, Notice], bool]) -> Mutation:
    """Take a notice as it is wherever `judge` says so, without a further look at its place."""
    careful = Stream._consider

    def careless(self: Stream, notice: Notice) -> None:
        if judge(self, notice):
            self._take(notice)
        else:
            careful(self, notice)

    return method(Stream, "_consider", careless)


generations_of_notices = consider(lambda self, notice: notice.generation != self.ring.generation is not None)
dropping_what_was_seen = consider(lambda self, notice: notice.end < self.ring.next)
holes_before_notices = consider(lambda self, notice: notice.position > self.ring.next)


def holes_in_the_log(patch: pytest.MonkeyPatch) -> None:
    take = Ring.take

    def take_as_next(self: Ring, batch: Batch) -> None:
        take(self, replace(batch, position=min(batch.position, self.next)))

    patch.setattr(Ring, "take", take_as_next)


def order(patch: pytest.MonkeyPatch) -> None:
    holes_before_notices(patch)
    holes_in_the_log(patch)


def emptying_the_ring(patch: pytest.MonkeyPatch) -> None:
    take = Ring.take

    def take_cleared(self: Ring, batch: Batch) -> None:
        if batch.cleared:
            self.next = Position(batch.end + 1)
            for _ in range(batch.count):
                self._frames.append(b"")
                self._channels.append("")
        else:
            take(self, batch)

    patch.setattr(Ring, "take", take_cleared)


def taking_only_what_is_next(patch: pytest.MonkeyPatch) -> None:
    take = Ring.take

    def take_whole(self: Ring, batch: Batch) -> None:
        take(self, batch if batch.cleared else replace(batch, position=max(self.next, batch.position)))

    patch.setattr(Ring, "take", take_whole)


def reading_for_notices_without_events(patch: pytest.MonkeyPatch) -> None:
    take = Stream._take
    patch.setattr(Stream, "_take", lambda self, notice: take(self, notice) if notice.encoded_events else None)


def the_containing_batch(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> tuple[object, ...]:
        return ()

    patch.setattr(LogReader, "_containing", nothing)


def turning_pages(patch: pytest.MonkeyPatch) -> None:
    read = Stream._read
    patch.setattr(Stream, "_read", lambda self, reading: read(self, replace(reading, more=False)))


sweeps = method(Stream, "sweep", lambda _, by_turn=False: None)  # noqa: ARG005 - as the stream's
reading_the_tail = method(Stream, "sweep", lambda self, by_turn=False: self._read_on(self.ring.next))  # noqa: ARG005 - as the stream's


def the_generation_of_the_tail(patch: pytest.MonkeyPatch) -> None:
    swept = Stream._swept

    def swept_alike(self: Stream, head: EventId | None) -> None:
        swept(self, EventId(self.ring.generation, head.position) if head and self.ring.generation else head)

    patch.setattr(Stream, "_swept", swept_alike)


# --- rules 20 to 25: clients


def the_ring(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ring, "start_of_newest", lambda *_: None)


def an_id_to_come_back_with(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Subscription, "_sync", lambda *_: None)


def waiting_on_an_empty_stream(patch: pytest.MonkeyPatch) -> None:
    greet = Subscription._greet_empty

    def forget(self: Subscription) -> None:
        greet(self)
        self.cursor = BEGINNING

    patch.setattr(Subscription, "_greet_empty", forget)


def asking_the_log(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Inquiries, "ask_head", lambda self, subscription: subscription.judged(self._stream.ring.head))


def asking_from_now_on(patch: pytest.MonkeyPatch) -> None:
    def ask_head(self: Inquiries, subscription: Subscription) -> None:
        inquiry = self._join(subscription, AskHead, asked_in=self._stream.ring.generation)
        if len(inquiry.waiting) > 1:
            return

        def answer(head: EventId | None) -> None:
            self._answer(inquiry, lambda each: each.judged(head))

        self._ask(AskHead(workflow_id=self._stream.workflow_id, wanted=inquiry.wanted, answer=answer))

    patch.setattr(Inquiries, "ask_head", ask_head)


def judging(patch: pytest.MonkeyPatch) -> None:
    def judged(self: Subscription, _head: EventId | None) -> None:
        self._asking = False
        self._go_live()

    patch.setattr(Subscription, "judged", judged)


def the_reason_of_an_unknown_cursor(patch: pytest.MonkeyPatch) -> None:
    plus = Loss.plus
    patch.setattr(Loss, "plus", lambda self, more: replace(plus(self, more), reason=more.reason))


def the_life_that_was_vouched_for(patch: pytest.MonkeyPatch) -> None:
    settle = Subscription._go_on

    def go_on(self: Subscription, cursor: EventId) -> None:
        if cursor == self._vouched and cursor.generation != self._stream.ring.generation:
            self._go_live()
        else:
            settle(self, cursor)

    patch.setattr(Subscription, "_go_on", go_on)


def the_life_that_was_asked_about(patch: pytest.MonkeyPatch) -> None:
    def tell(self: Inquiries, inquiry: Inquiry, to: Callable[[Subscription], None]) -> None:
        inquiry.asked_in = self._stream.ring.generation
        answer(self, inquiry, to)

    answer = Inquiries._answer
    patch.setattr(Inquiries, "_answer", tell)


def the_log(patch: pytest.MonkeyPatch) -> None:
    go_on = Subscription._go_on

    def skip(self: Subscription, cursor: EventId) -> None:
        ring = self._stream.ring
        if cursor.generation == ring.generation and cursor.position < ring.first - 1:
            self._begin_at(EventId(cursor.generation, Position(ring.first - 1)))
        else:
            go_on(self, cursor)

    patch.setattr(Subscription, "_go_on", skip)


def lose(reason: str) -> Mutation:
    careful = Subscription._lose

    def careless(self: Subscription, why: str, last_lost: Position) -> None:
        if why != reason:
            careful(self, why, last_lost)
        elif self.cursor is not None and self.cursor.position < last_lost:
            self.cursor = EventId(self.cursor.generation, last_lost)

    return lambda patch: patch.setattr(Subscription, "_lose", careless)


telling_of_what_expired = lose("expired")
telling_of_what_was_cleared = lose("cleared")


def the_generation_of_a_page(patch: pytest.MonkeyPatch) -> None:
    read = Subscription.read

    def read_alike(self: Subscription, page: Page) -> None:
        generation = self.cursor.generation if self.cursor else ""
        batches = tuple(replace(batch, generation=generation) for batch in page.reading.batches)
        read(self, replace(page, reading=replace(page.reading, batches=batches)))

    patch.setattr(Subscription, "read", read_alike)


def trust_in_what_is_gone(patch: pytest.MonkeyPatch) -> None:
    ask_from = Inquiries.ask_from
    read = Subscription.read

    def ask_for_the_cursors_own(self: Inquiries, subscription: Subscription, first: EventId) -> None:
        ask_from(self, subscription, EventId(first.generation, Position(first.position - 1)))

    def read_the_cursors_own(self: Subscription, page: Page) -> None:
        if self.cursor and page.reading.batches[0].position > self.cursor.position:
            self._loss = Loss("expired", str(self.cursor), 1)
        read(self, page)

    patch.setattr(Inquiries, "ask_from", ask_for_the_cursors_own)
    patch.setattr(Subscription, "read", read_the_cursors_own)


def the_id_of_the_last_that_was_lost(patch: pytest.MonkeyPatch) -> None:
    gap = sse.gap

    def gap_at_the_cursor(*, reason: str, requested: str, last_lost: EventId, missed: int | None) -> bytes:
        told = gap(reason=reason, requested=requested, last_lost=last_lost, missed=missed)
        return told.replace(f"id: {last_lost}".encode(), f"id: {requested}".encode())

    patch.setattr(sse, "gap", gap_at_the_cursor)


def waiting_for_what_follows(patch: pytest.MonkeyPatch) -> None:
    lose = Subscription._lose

    def lose_and_tell(self: Subscription, reason: str, last_lost: Position) -> None:
        lose(self, reason, last_lost)
        self._tell_loss()

    patch.setattr(Subscription, "_lose", lose_and_tell)


def remembering_what_was_lost(patch: pytest.MonkeyPatch) -> None:
    resume = Subscription.resume

    def forget(self: Subscription) -> None:
        self._loss = None
        resume(self)

    patch.setattr(Subscription, "resume", forget)


def gaps_being_for_cursors(patch: pytest.MonkeyPatch) -> None:
    init = Subscription.__init__

    def begin(self: Subscription, stream: Stream, connection: object, wish: Wish) -> None:
        init(self, stream, connection, wish if wish.cursor else replace(wish, cursor=str(BEGINNING)))  # type: ignore[arg-type]

    patch.setattr(Subscription, "__init__", begin)


def knowing_who_has_an_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Subscription, "_has_an_id", True)


def lives_of_questions(patch: pytest.MonkeyPatch) -> None:
    ask_from = Inquiries.ask_from

    def ask_from_alike(self: Inquiries, subscription: Subscription, first: EventId) -> None:
        self._stream.ring.breaks = 0
        ask_from(self, subscription, EventId("any", first.position))

    the_life_that_was_asked_about(patch)
    patch.setattr(Inquiries, "ask_from", ask_from_alike)
