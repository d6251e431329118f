"""What clients ask of the log: equal questions about one life of the stream are asked once, and answered to all.

What one was given a moment ago answers the next; and what nobody waits for any more need not be asked.
"""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from stream_service.pages import Page, Pages
from stream_service.question import Ask, AskFrom, AskHead, AskStart
from stream_service.subscription import Subscription
from stream_service.turns import Spread, for_each
from tailrace.event import EventId
from tailrace.log_reader import Reading

if TYPE_CHECKING:
    from stream_service.stream import Stream


class Inquiry:
    """A question, and who waits for its answer."""

    __slots__ = ("asked_in", "waiting", "what")

    def __init__(self, what: Hashable, asked_in: str | None) -> None:
        self.what = what
        self.asked_in = asked_in
        """The life of the stream that it is about."""
        self.waiting: dict[Subscription, None] = {}

    def wanted(self) -> bool:
        """Whether anybody still waits: a stream that is let go has nobody either."""
        return bool(self.waiting)


class Inquiries:
    """The questions of one stream's clients, and who waits for which answer; nobody waits for two."""

    def __init__(self, stream: "Stream", *, ask: Ask, pages: Pages, spread: Spread) -> None:
        self._stream = stream
        self._ask = ask
        self._kept = pages
        self._spread = spread
        self._open: dict[Hashable, Inquiry] = {}
        """Those that one may still join, by what they ask."""
        self._joined: dict[Subscription, Inquiry] = {}
        self._judging: Inquiry | None = None
        """The reading of the head that has begun: for who comes now it is too old (rule 22)."""

    def ask_from(self, subscription: Subscription, first: EventId) -> None:
        """Read from an id of this life of the stream on, once for all who stand there."""
        ring = self._stream.ring
        kept = self._kept.find(ring, first)
        if kept is not None:
            subscription.read(kept)
            return
        ring_began_at, breaks = ring.first, ring.breaks
        inquiry = self._join(subscription, (first, breaks), asked_in=first.generation)
        if len(inquiry.waiting) > 1:
            return

        def answer(reading: Reading) -> None:
            page = Page(first=first, reading=reading, ring=ring, ring_began_at=ring_began_at, breaks=breaks)
            self._kept.keep(page)
            self._answer(inquiry, lambda each: each.read(page))

        self._ask(
            AskFrom(workflow_id=self._stream.workflow_id, wanted=inquiry.wanted, position=first.position, answer=answer)
        )

    def ask_start(self, subscription: Subscription, count: int, channels: frozenset[str]) -> None:
        """Find where the newest events of some channels begin, once for all who want the same."""
        asked_in = self._stream.ring.generation
        inquiry = self._join(subscription, (asked_in, count, channels), asked_in=asked_in)
        if len(inquiry.waiting) > 1:
            return

        def answer(start: EventId | None) -> None:
            self._answer(inquiry, lambda each: each.started(start))

        self._ask(
            AskStart(
                workflow_id=self._stream.workflow_id,
                wanted=inquiry.wanted,
                count=count,
                channels=channels,
                answer=answer,
            )
        )

    def ask_head(self, subscription: Subscription) -> None:
        """Read the head, in a reading that begins from now on."""
        self._join(subscription, AskHead, asked_in=None)
        if self._judging is None:
            self._judge_next()

    def leave(self, subscription: Subscription) -> None:
        """Let a client wait for nothing any more; what only it waited for is asked no more."""
        inquiry = self._joined.pop(subscription, None)
        if inquiry is None:
            return
        del inquiry.waiting[subscription]
        if not inquiry.waiting:
            self._close(inquiry)
            if inquiry is self._judging:
                self._judge_next()

    def _judge_next(self) -> None:
        inquiry = self._judging = self._open.pop(AskHead, None)
        if inquiry is None:
            return
        inquiry.asked_in = self._stream.ring.generation

        def answer(head: EventId | None) -> None:
            self._answer(inquiry, lambda each: each.judged(head))
            if inquiry is self._judging:
                self._judge_next()

        self._ask(AskHead(workflow_id=self._stream.workflow_id, wanted=inquiry.wanted, answer=answer))

    def _join(self, subscription: Subscription, what: Hashable, *, asked_in: str | None) -> Inquiry:
        inquiry = self._open.get(what)
        if inquiry is None:
            inquiry = self._open[what] = Inquiry(what, asked_in)
        inquiry.waiting[subscription] = None
        self._joined[subscription] = inquiry
        return inquiry

    def _close(self, inquiry: Inquiry) -> None:
        """Let nobody join any more."""
        if self._open.get(inquiry.what) is inquiry:
            del self._open[inquiry.what]

    def _answer(self, inquiry: Inquiry, tell: Callable[[Subscription], None]) -> None:
        """Hand an answer over to all who wait."""
        self._close(inquiry)
        waiting, inquiry.waiting = tuple(inquiry.waiting), {}
        for each in waiting:
            del self._joined[each]

        def hear(subscription: Subscription) -> None:
            # An answer that may be older than the ring's life of the stream says nothing.
            if inquiry.asked_in == self._stream.ring.generation:
                tell(subscription)
            else:
                subscription.ask_again()

        self._spread(for_each(waiting, hear))
