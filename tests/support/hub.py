"""A hub stepped by hand: its questions wait until a test answers them, from a real log in memory."""

from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from stream_service.bounds import Bounds
from stream_service.hub import Hub
from stream_service.question import AskFrom, AskHead, AskNewest, AskStart, Question
from stream_service.ring import Ring
from stream_service.stream import Stream
from stream_service.turns import Turns, all_at_once
from stream_service.wish import Wish
from tailrace.event import Batch
from tailrace.event_log import EventLog
from tests.support.log import STREAM
from tests.support.stepped_client import Client
from tests.support.stepping import SteppedTable, Turn, now_or_never
from tests.support.stream_log import Streams, notice_of

_OVER = object()
ENDLESS = 1_000
"""Answers after which a hub that still asks will ask for ever."""


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


def _deliver_at_once(stream: Stream) -> None:
    for _ in range(ENDLESS):
        for _ in stream.deliver():
            pass
        if not stream.behind:
            return
    raise AssertionError("It delivers for ever.")


class SteppedHub:
    """A hub, and the questions that it waits for."""

    def __init__(self, streams: Streams, *, bounds: Bounds | None = None) -> None:
        self.streams = streams
        self.delivered: list[int] = []
        """When each batch got its place that a pass has written."""
        self.hub = Hub(
            ask=self._ask,
            bounds=bounds or Bounds(),
            due=self._hear_due,
            spread=self._hear_spread,
            delivered=lambda batch: self.delivered.append(batch.recorded_at),
        )
        self.pending: list[Pending] = []
        self.asked: list[Question] = []
        self.prompt = False
        """Whether the log is read as soon as it is asked, however late the answer comes."""
        self.paced = False
        """Whether passes wait for `turn`, and write to one client at a time."""
        self._passes: dict[Stream, Iterator[None] | None] = {}
        self._again: set[Stream] = set()
        self._answers: deque[Turns] = deque()
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
            _deliver_at_once(stream)
        elif stream in self._passes:
            self._again.add(stream)
        else:
            self._passes[stream] = None

    def _hear_spread(self, turns: Turns) -> None:
        if self.paced:
            if next(turns, _OVER) is not _OVER:
                self._answers.append(turns)
        else:
            all_at_once(turns)

    def turn(self) -> bool:
        """Write to the next client of every pass, and of every answer, as `Pacer` does; False if nothing is due."""
        for _ in range(len(self._answers)):
            answer = self._answers.popleft()
            if next(answer, _OVER) is not _OVER:
                self._answers.append(answer)
        for stream in tuple(self._passes):
            if (turns := self._passes[stream]) is None:
                self._again.discard(stream)
                turns = self._passes[stream] = stream.deliver(1)
            if next(turns, _OVER) is _OVER:
                del self._passes[stream]
                if stream in self._again or stream.behind:
                    self._passes[stream] = None
        return bool(self._passes or self._answers)

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
