"""What clients ask of the log: equal questions about one life of the stream are asked once, and answered to all.

What one was given a moment ago answers the next.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stream_service.pages import Page, Pages
from stream_service.question import Ask, AskFrom, AskHead, AskStart
from stream_service.subscription import Subscription
from stream_service.turns import CLIENTS_AT_ONCE, Spread, Turns
from tailrace.event import EventId
from tailrace.event_log import Reading

if TYPE_CHECKING:
    from stream_service.stream import Stream


class Inquiries:
    """The questions of one stream's clients, and who waits for which answer."""

    def __init__(self, stream: "Stream", *, ask: Ask, pages: Pages, spread: Spread, wanted: Callable[[], bool]) -> None:
        self._stream = stream
        self._ask = ask
        self._wanted = wanted
        self._kept = pages
        self._spread = spread
        self._pages: dict[tuple[EventId, int], list[Subscription]] = {}
        self._starts: dict[tuple[str | None, int, frozenset[str]], list[Subscription]] = {}
        self._judging = False
        self._to_judge: list[Subscription] = []
        """For the next reading of the head: one that has begun already is too old for them (rule 22)."""

    def ask_from(self, subscription: Subscription, first: EventId) -> None:
        """Read from an id of this life of the stream on, once for all who stand there."""
        ring = self._stream.ring
        kept = self._kept.find(ring, first)
        if kept is not None:
            subscription.read(kept)
            return
        ring_began_at, breaks = ring.first, ring.breaks
        waiting = self._pages.setdefault((first, breaks), [])
        waiting.append(subscription)
        if len(waiting) > 1:
            return

        def answer(reading: Reading) -> None:
            page = Page(first=first, reading=reading, ring=ring, ring_began_at=ring_began_at, breaks=breaks)
            self._kept.keep(page)
            self._tell(self._pages.pop((first, breaks)), first.generation, lambda each: each.read(page))

        self._ask(
            AskFrom(workflow_id=self._stream.workflow_id, wanted=self._wanted, position=first.position, answer=answer)
        )

    def ask_start(self, subscription: Subscription, count: int, channels: frozenset[str]) -> None:
        """Find where the newest events of some channels begin, once for all who want the same."""
        asked_in = self._stream.ring.generation
        waiting = self._starts.setdefault((asked_in, count, channels), [])
        waiting.append(subscription)
        if len(waiting) > 1:
            return

        def answer(start: EventId | None) -> None:
            self._tell(self._starts.pop((asked_in, count, channels)), asked_in, lambda each: each.started(start))

        self._ask(
            AskStart(
                workflow_id=self._stream.workflow_id, wanted=self._wanted, count=count, channels=channels, answer=answer
            )
        )

    def ask_head(self, subscription: Subscription) -> None:
        """Read the head, in a reading that begins from now on."""
        self._to_judge.append(subscription)
        if not self._judging:
            self._judge_next()

    def _judge_next(self) -> None:
        judged, self._to_judge = self._to_judge, []
        self._judging = bool(judged)
        if not judged:
            return
        asked_in = self._stream.ring.generation

        def answer(head: EventId | None) -> None:
            self._tell(judged, asked_in, lambda each: each.judged(head))
            self._judge_next()

        self._ask(AskHead(workflow_id=self._stream.workflow_id, wanted=self._wanted, answer=answer))

    def _tell(
        self, waiting: Sequence[Subscription], asked_in: str | None, tell: Callable[[Subscription], None]
    ) -> None:
        """Hand an answer over; one that may be older than the life of the stream that the ring is in says nothing."""

        def turns() -> Turns:
            for number, each in enumerate(waiting):
                if number and number % CLIENTS_AT_ONCE == 0:
                    yield
                if asked_in == self._stream.ring.generation:
                    tell(each)
                else:
                    each.ask_again()

        self._spread(turns())
