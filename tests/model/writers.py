"""Who writes in the model: processes that remember, runs, and their tries, any of which may be in trouble."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tailrace.errors import LogUnavailable
from tailrace.event import Batch, Event, EventId
from tailrace.event_log import EventLog
from tailrace.let_out import LetOut, clear, let_out
from tailrace.table import Item
from tests.support.log import STREAM
from tests.support.stepping import Flush, SteppedNotifier, now_or_never

PUTS_IN_VAIN = 2
"""How often an append that is left alone may meet another's item, however far it is behind."""

WITHOUT_END = 300
"""Operations after which an append will go on for ever."""


@dataclass(slots=True)
class Run:
    """What is tried, once or more often."""

    name: str
    began: float
    floor: EventId | None = None
    """Named before its first try; None for a run that is tried once."""
    sent: list[int] = field(default_factory=list)
    """How many events, by each try."""
    told: list[tuple[Batch, ...]] = field(default_factory=list)
    """What each try that succeeded was told of."""

    def check(self, landed: list[Item]) -> None:
        """Check that what each try was told of has landed, in a row, and is as much as some try has sent at least."""
        there = [(item.generation, item.position, item.count) for item in landed if self._is_own(item)]
        for batches in self.told:
            told = [(batch.generation, batch.position, batch.count) for batch in batches]
            begins = there.index(told[0]) if told and told[0] in there else 0
            assert told == there[begins : begins + len(told)], f"{self.name} was told of {told}; {there} has landed."
            assert sum(count for _, _, count in told) >= min(self.sent), f"{self.name} was told of {told} alone."

    def _is_own(self, item: Item) -> bool:
        return item.batch_id.split(":")[0] == self.name


class Try:
    """A run being tried, or a stream being cleared, just before its next operation."""

    def __init__(self, out: Awaitable[LetOut], *, run: Run | None, began: float) -> None:
        self.run = run
        """None where it is a clear."""
        self.began = began
        self.decided = began
        """When its next operation was decided on."""
        self.ended = self.succeeded = False
        self._flush = Flush(_batches_of(out))
        self._hear()

    @property
    def next(self) -> str | None:
        """The operation that comes next."""
        return self._flush.turn.operation if self._flush.turn else None

    def go_on(self, now: float) -> None:
        """Perform the next operation."""
        assert len(self._flush.operations) < WITHOUT_END, "It does not come to an end."
        self._act(self._flush.step, now)

    def lose_request(self, now: float) -> None:
        """Let the next operation come to nothing."""
        self._act(self._flush.lose_request, now)

    def lose_answer(self, now: float) -> None:
        """Perform the next operation, and not hear of it."""
        self._act(self._flush.lose_answer, now)

    def delay(self, now: float) -> Callable[[], object]:
        """Not hear of the next operation; return what performs it later."""
        assert self._flush.turn is not None, "It has ended."
        perform = self._flush.turn.perform
        self.lose_request(now)
        return lambda: now_or_never(perform())

    def crash(self) -> None:
        """End in the middle."""
        self._flush.crash()
        self.ended = True

    def finish(self, now: float) -> None:
        """Go on to the end, left alone."""
        before = len(self._flush.operations) - 1
        while not self.ended:
            self.go_on(now)
        puts = self._flush.operations[before:].count("put")
        assert puts <= PUTS_IN_VAIN + len(self.batches), f"It walks, by {puts} puts."

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What it was told of in the end."""
        return self._flush.batches or ()

    def _act(self, act: Callable[[], object], now: float) -> None:
        self.decided = now
        try:
            act()
        except LogUnavailable:  # its patience is at an end
            self.ended = True
        self._hear()

    def _hear(self) -> None:
        if self._flush.batches is not None and not self.ended:
            self.ended = self.succeeded = True
            if self.run is not None:
                self.run.told.append(self.batches)


class Process:
    """A process: what it remembers is its own, and so are its clock and its settings."""

    def __init__(self, log: EventLog, publish: Callable[[Batch], None]) -> None:
        self.log = log
        self.tries: list[Try] = []
        self._notifier = SteppedNotifier(publish)

    def begin(self, run: Run, events: list[Event], now: float) -> Try:
        """Begin to append."""
        run.sent.append(len(events))
        out = let_out(STREAM, events, log=self.log, notifier=self._notifier, trace_id=run.name, floor=run.floor)
        return self._keep(Try(out, run=run, began=now))

    def begin_to_clear(self, name: str, now: float) -> Try:
        """Begin to clear the stream."""
        out = clear(STREAM, log=self.log, notifier=self._notifier, trace_id=name)
        return self._keep(Try(out, run=None, began=now))

    def _keep(self, begun: Try) -> Try:
        self.tries.append(begun)
        return begun


async def _batches_of(out: Awaitable[LetOut]) -> tuple[Batch, ...]:
    return (await out).batches
