"""How many notices one task takes in: from a message's text to the ring, and through SQS and the feed."""

import time
from collections.abc import Sequence

from benchmarks.paths import Numbers
from benchmarks.paths.notices import GENERATION, notices
from stream_service.bounds import Bounds
from stream_service.hub import Hub
from stream_service.question import Ask, AskNewest, Question
from stream_service.wish import Wish
from tailrace.event import Position, workflow_id
from tailrace.log_reader import Newest
from tailrace.notice import Notice, decode_notice

WATCHED = "p_watched"
UNWATCHED = "p_unwatched"
NUMBER = 20_000


class Nowhere:
    """A connection that takes everything and sends nothing: sockets are measured elsewhere."""

    def write(self, data: bytes) -> None:
        """Take."""

    def end(self) -> None:
        """End."""

    def abort(self) -> None:
        """End."""


def measure() -> Numbers:
    """Measure once."""
    found: Numbers = {}
    for events_each in (1, 10):
        texts = list(notices(NUMBER // events_each, workflow_id=WATCHED, events_each=events_each))
        label = f"notices/s from text to ring, {events_each} event{'s' * (events_each > 1)} each"
        found[label] = [_rate(texts)]
    found["notices/s dropped, nobody watching"] = [_rate(list(notices(NUMBER, workflow_id=UNWATCHED)))]
    return found


def answer_at_once(question: Question) -> None:
    """Say of every stream that it has just begun."""
    if isinstance(question, AskNewest):
        question.answer(Newest(GENERATION, Position(1), (), whole=True))


def watched_hub(ask: Ask, *streams: str) -> Hub:
    """A hub with a client of each stream; when it is written to is the pacer's business, and left out."""
    hub = Hub(ask=ask, bounds=Bounds(), due=lambda _stream: None)
    for stream in streams:
        hub.subscribe(workflow_id(stream), Nowhere(), Wish())
    return hub


def _rate(texts: Sequence[str]) -> float:
    hub = watched_hub(answer_at_once, WATCHED)
    began = time.process_time()
    for text in texts:
        notice = decode_notice(text)
        if isinstance(notice, Notice):
            hub.offer(notice)
    seconds = time.process_time() - began
    counted = hub.counts.notices_taken + hub.counts.notices_unwatched
    if counted != len(texts):
        raise RuntimeError(f"The hub counted {counted} of {len(texts)} notices.")
    return len(texts) / seconds
