"""A world for the log's rules: writers stepped by hand over one table, with lost answers, late puts and deletions."""

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Generic, TypeVar

from tailrace.errors import OutcomeUnknown
from tailrace.event import Batch, Event, WorkflowId, workflow_id
from tailrace.event_log import EventLog
from tailrace.table import Item, Page, Table
from tailrace.testing import PAGE_BYTES, InMemoryTable

Answer = TypeVar("Answer")

STREAM = workflow_id("p_stream")
MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
A_DAY = timedelta(days=1)
NOON = 1_800_000_000.0
"""When a world begins, in epoch seconds."""


def some_events(count: int = 1) -> tuple[Event, ...]:
    """Events that tell their number."""
    return tuple(Event.of("numbers", number) for number in range(count))


@dataclass(slots=True)
class Turn(Generic[Answer]):
    """An operation on the table that waits for its turn; who steps the writer says what becomes of it."""

    operation: str
    """`query`, `put`, `extend` or `delete`."""
    perform: Callable[[], Coroutine[Any, Any, Answer]]
    item: Item | None = None
    """That is to be written."""

    def __await__(self) -> Generator["Turn[Answer]", Callable[[], Answer], Answer]:
        """Wait until stepped, and answer what the step says."""
        answer = yield self
        return answer()


def now_or_never(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
    raise AssertionError("It waits.")


class SteppedTable:
    """A `Table` whose every operation waits for its turn."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def query(
        self,
        workflow_id: WorkflowId,
        *,
        first: int | None = None,
        last: int | None = None,
        descending: bool = False,
        limit: int | None = None,
    ) -> Page:
        """Read, when stepped."""
        read = partial(self._table.query, workflow_id, first=first, last=last, descending=descending, limit=limit)
        return await Turn[Page]("query", read)

    async def put(self, item: Item) -> Item | None:
        """Put, when stepped."""
        return await Turn[Item | None]("put", lambda: self._table.put(item), item)

    async def extend(self, item: Item, expires_at: int) -> bool:
        """Extend, when stepped."""
        return await Turn[bool]("extend", lambda: self._table.extend(item, expires_at), item)

    async def delete(self, item: Item, *, expiring_by: int) -> bool:
        """Delete, when stepped."""
        return await Turn[bool]("delete", lambda: self._table.delete(item, expiring_by=expiring_by), item)


class Flush:
    """An append under way, always just before its next operation on the table."""

    def __init__(self, append: Coroutine[Any, Any, tuple[Batch, ...]]) -> None:
        self._append = append
        self.batches: tuple[Batch, ...] | None = None
        self.turn: Turn[Any] | None = None
        self.operations: list[str] = []
        self._resume(None)

    def step(self) -> None:
        """Perform the operation, and go on to the next."""
        answer = now_or_never(self._this().perform())
        self._resume(lambda: answer)

    def lose_answer(self) -> None:
        """Perform the operation, and let its answer be lost."""
        now_or_never(self._this().perform())
        self._resume(_unknown)

    def lose_request(self) -> None:
        """Let the operation come to nothing, and its writer not know it."""
        self._resume(_unknown)

    def delay(self) -> Callable[[], object]:
        """Let the writer give up on the operation; return what performs it later."""
        perform = self._this().perform
        self._resume(_unknown)
        return lambda: now_or_never(perform())

    def until(self, operation: str) -> "Flush":
        """Step until the next operation is this one."""
        while self._this().operation != operation:
            self.step()
        return self

    def finish(self) -> tuple[Batch, ...]:
        """Step to the end."""
        while self.batches is None:
            assert len(self.operations) < 1000, "This append does not come to an end."
            self.step()
        return self.batches

    def crash(self) -> None:
        """End the process in the middle."""
        self._append.close()

    def _this(self) -> Turn[Any]:
        assert self.turn is not None, "This append has ended."
        return self.turn

    def _resume(self, answer: Callable[[], Any] | None) -> None:
        try:
            self.turn = self._append.send(answer)
            self.operations.append(self.turn.operation)
        except StopIteration as end:
            self.turn, self.batches = None, end.value


def _unknown() -> None:
    raise OutcomeUnknown("The answer was lost.")


@dataclass(slots=True)
class Writer:
    """A process that appends: what it remembers is its own, and so is its clock."""

    log: EventLog

    def flush(self, batch_id: str, events: Sequence[Event] = some_events()) -> Flush:
        """Begin to append."""
        return Flush(self.log.append(STREAM, events, batch_id=batch_id))


class RecordingTable(InMemoryTable):
    """Remembers every put that ever landed, in order."""

    def __init__(self, *, page_bytes: int = PAGE_BYTES) -> None:
        super().__init__(page_bytes=page_bytes)
        self.landed: list[Item] = []

    async def put(self, item: Item) -> Item | None:
        """Store an item, and remember that it was stored."""
        standing = await super().put(item)
        if standing is None:
            self.landed.append(item)
        return standing


@dataclass(slots=True)
class World:
    """One table, the true time, and as many writers as a test needs."""

    table: RecordingTable = field(default_factory=RecordingTable)
    now: float = NOON

    def writer(self, *, skew: float = 0, retention: timedelta = A_DAY, patience: float = 10 * DAY) -> Writer:
        """Start a process whose clock is `skew` seconds fast."""
        return Writer(
            EventLog(
                table=SteppedTable(self.table),
                retention=retention,
                now=lambda: self.now + skew,
                sleep=_at_once,
                patience=patience,
            )
        )

    def append(self, batch_id: str, count: int = 1, *, skew: float = 0, retention: timedelta = A_DAY) -> Item:
        """Append from a process of its own, undisturbed."""
        self.writer(skew=skew, retention=retention).flush(batch_id, some_events(count)).finish()
        return self.table.landed[-1]

    def expire(self, item: Item) -> None:
        """Let the table delete an item whose time has come."""
        standing = self.table.items[STREAM].pop(item.position)
        assert standing.expires_at <= self.now, "It has not expired."

    def check(self) -> None:
        """Every item that ever landed went on where its generation ended, and no batch landed twice."""
        check_landed(self.table.landed)


async def _at_once(_seconds: float) -> None:
    """Wait for nothing; a test moves the time itself."""


def check_landed(landed: Sequence[Item]) -> None:
    """Hold what ever landed against what the log promises: ids are used once, without holes, and batches land once."""
    generation, end = "", 0
    for item in landed:
        if item.position == 1:
            generation, end = item.generation, 0
        assert item.generation == generation, f"{item} goes on with a life of the stream that had ended."
        assert item.position == end + 1, f"{item} tears its generation, or uses an id again."
        end = item.end
    batch_ids = [item.batch_id for item in landed]
    assert len(batch_ids) == len(set(batch_ids)), f"A batch landed twice: {batch_ids}"
    generations = [item.generation for item in landed if item.position == 1]
    assert len(generations) == len(set(generations)), f"A generation began twice: {generations}"
