"""Tries every order in which a few writers, clears, a bad network, the clock and the table's deletions can act."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tailrace.event import Batch
from tailrace.event_log import EventLog
from tailrace.table import Item
from tests.support.log import MINUTE, STREAM, World
from tests.support.stepping import Flush, now_or_never

Act = tuple[str, int]
"""What happens next, and to which writer, late put or position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a search begins with, and how much may happen."""

    begin: Callable[[], World] = World
    skews: tuple[float, ...]
    """One writer each; a clock that is so many seconds fast."""
    flushes: int = 1
    """Of each writer."""
    faults: int = 0
    """Requests or answers of writes that get lost, and puts that are late; in all."""
    ticks: int = 0
    """Times that the clock goes on."""
    tick: int = 5 * MINUTE
    deletions: bool = False
    """Whether the table deletes what has expired, in any order."""
    tries: int = 1
    """How many of the writers, the first ones, are tries of the same run: they share batch ids and the floor."""
    clears: int = 0
    """How many of the writers, the last ones, clear the stream each time, and append nothing."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search saw."""

    states: int
    ends: int
    """States in which nothing more could happen."""


def search(setting: Setting) -> Found:
    """Try everything that may happen, each state once, and hold each against what the log promises.

    Raises:
        AssertionError: the first history that breaks a promise, act by act, as its note.
    """
    seen: set[int] = set()
    ends = 0
    unexplored: list[tuple[Act, ...]] = [()]
    while unexplored:
        acts = unexplored.pop()
        history = _History(setting)
        for act in acts:
            history.act(act)
        while (state := history.state()) not in seen:
            seen.add(state)
            possible = list(history.possible())
            _check(history, acts, ended=not possible)
            if not possible:
                ends += 1
                break
            unexplored += [(*acts, act) for act in possible[1:]]
            history.act(possible[0])
            acts = (*acts, possible[0])
    return Found(len(seen), ends)


def _check(history: "_History", acts: tuple[Act, ...], *, ended: bool) -> None:
    try:
        history.world.check()
        if ended:
            landed = {(item.generation, item.position, item.batch_id) for item in history.world.table.landed}
            assert landed >= history.told, "A writer was told of a batch that never landed."
    except AssertionError as broken:
        broken.add_note("\n".join(f"{what} {number}" for what, number in acts))
        raise


@dataclass(frozen=True, slots=True)
class _Late:
    item: Item | tuple[Item, ...] | None
    since: float
    land: Callable[[], object] = field(compare=False)


class _History:
    """What happened, act by act, and what may happen next."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self.world = setting.begin()
        self._writers = [self.world.writer(skew=skew) for skew in setting.skews]
        self._begun = [1] * len(self._writers)
        self._floor = now_or_never(EventLog(table=self.world.table).floor(STREAM))
        self._flushes = [self._flush(number) for number in range(len(self._writers))]
        self._memories: list[int] = [0] * len(self._writers)
        self._late: list[_Late] = []
        self._faults = self._ticks = 0
        self.told: set[tuple[str, int, str]] = set()

    def possible(self) -> Iterator[Act]:
        """What may happen next."""
        busy = [number for number, flush in enumerate(self._flushes) if flush.turn]
        for number in busy:
            yield "step", number
            if self._faults < self._setting.faults:
                yield from ((fault, number) for fault in self._faults_of(self._flushes[number]))
        for number, late in enumerate(self._late):
            if self.world.now - late.since < 15 * MINUTE:
                yield "land", number
        if busy and self._ticks < self._setting.ticks and self._may_sleep(busy):
            yield "tick", 0
        if busy and self._setting.deletions:
            items = self.world.table.items[STREAM].values()
            yield from (("expire", item.position) for item in items if item.expires_at <= self.world.now)

    def _may_sleep(self, busy: list[int]) -> bool:
        """Whether the clock can go on without a write that was decided on being late (rule 4); emptying may be."""
        decided = {self._flushes[number].operations[-1] for number in busy} & {"put", "extend", "delete"}
        return not decided or self._setting.tick < 15 * MINUTE

    def _faults_of(self, flush: Flush) -> tuple[str, ...]:
        # A writer that crashes is one that is not stepped again, and a question that is lost is asked again.
        operation = flush.operations[-1]
        if operation == "query":
            return ()
        lost = ("lose_request", "lose_answer")
        return (*lost, "delay") if operation in ("put", "empty") else lost

    def act(self, act: Act) -> None:
        """Let it happen."""
        name, number = act
        if name == "tick":
            self._ticks += 1
            self.world.now += self._setting.tick
        elif name == "expire":
            self.world.expire(self.world.table.items[STREAM][number])
        elif name == "land":
            self._late.pop(number).land()
        else:
            self._advance(name, number)

    def _advance(self, how: str, number: int) -> None:
        flush = self._flushes[number]
        self._faults += how != "step"
        if how == "delay":
            item = flush.turn.item if flush.turn else None
            self._late.append(_Late(item, self.world.now, flush.delay()))
        else:
            getattr(flush, how)()
        # A writer's state is what it was answered, and when.
        self._memories[number] = hash((self._memories[number], how, self.world.now, tuple(flush.answers[-1:])))
        if flush.batches is None:
            return
        for mark in flush.batches if self._clears(number) else ():
            self._check_cleared(mark)
        self.told |= {(batch.generation, batch.position, batch.batch_id) for batch in flush.batches}
        if self._begun[number] < self._setting.flushes:
            self._begun[number] += 1
            self._flushes[number] = self._flush(number)

    def _check_cleared(self, mark: Batch) -> None:
        """Hold against the table that a clear which has ended has left nothing before its mark."""
        left = [
            item
            for item in self.world.table.items[STREAM].values()
            if item.generation == mark.generation and item.position < mark.position and not item.cleared
        ]
        assert not left, f"{left} were not cleared."

    def _clears(self, number: int) -> bool:
        return number >= len(self._writers) - self._setting.clears

    def _flush(self, number: int) -> Flush:
        if self._clears(number):
            return self._writers[number].clear(f"clear {number}.{self._begun[number]}")
        is_try = number < self._setting.tries and self._setting.tries > 1
        batch_id = f"{0 if is_try else number}.{self._begun[number]}"
        return self._writers[number].flush(batch_id, floor=self._floor if is_try else None)

    def state(self) -> int:
        """All that decides what may still happen, as a hash."""
        table = self.world.table
        return hash(
            (
                frozenset(table.items[STREAM].values()),
                tuple(table.landed),
                tuple(self._memories),
                frozenset((late.item, late.since) for late in self._late),
                self.world.now,
                self._faults,
            )
        )
