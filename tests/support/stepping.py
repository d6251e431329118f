"""An append stepped by hand: it stops before each operation on the table, and a test says what becomes of it."""

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from tailrace.errors import OutcomeUnknown
from tailrace.event import Batch, WorkflowId
from tailrace.notice import NoticeFailed
from tailrace.table import Item, Page, Table

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Turn(Generic[Answer]):
    """An operation on the table that waits for its turn; who steps the writer says what becomes of it."""

    operation: str
    """`query`, `put`, `extend`, `delete`, `empty` or `announce`."""
    perform: Callable[[], Coroutine[Any, Any, Answer]]
    item: Item | tuple[Item, ...] | None = None
    """That is to be written, or those that are to be emptied."""

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


def left_alone(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine whose every operation on the table is performed at once."""
    answer: Callable[[], Any] | None = None
    while True:
        try:
            turn = coroutine.send(answer)
        except StopIteration as end:
            done: Answer = end.value
            return done
        answer = partial(_same, now_or_never(turn.perform()))


def _same(answer: Answer) -> Answer:
    return answer


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
        without_events: bool = False,
    ) -> Page:
        """Read, when stepped."""
        read = partial(
            self._table.query,
            workflow_id,
            first=first,
            last=last,
            descending=descending,
            limit=limit,
            without_events=without_events,
        )
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

    async def empty(self, items: Sequence[Item]) -> None:
        """Empty, when stepped."""
        await Turn[None]("empty", lambda: self._table.empty(items), tuple(items))


class SteppedNotifier:
    """A `Notifier` whose every notice waits for its turn."""

    def __init__(self, publish: Callable[[Batch], None]) -> None:
        self._publish = publish

    async def announce(self, batch: Batch) -> None:
        """Publish, when stepped."""

        async def publish() -> None:
            self._publish(batch)

        await Turn[None]("announce", publish)


class Flush:
    """An append, or a clear, under way: always just before its next operation on the table."""

    def __init__(self, append: Coroutine[Any, Any, tuple[Batch, ...]]) -> None:
        self._append = append
        self.batches: tuple[Batch, ...] | None = None
        self.turn: Turn[Any] | None = None
        self.operations: list[str] = []
        self.answers: list[object] = []
        self._resume(None)

    def step(self) -> None:
        """Perform the operation, and go on to the next."""
        answer = now_or_never(self._this().perform())
        self.answers.append(answer)
        self._resume(lambda: answer)

    def lose_answer(self) -> None:
        """Perform the operation, and let its answer be lost."""
        now_or_never(self._this().perform())
        self._resume(self._unknown)

    def lose_request(self) -> None:
        """Let the operation come to nothing, and its writer not know it."""
        self._resume(self._unknown)

    def delay(self) -> Callable[[], object]:
        """Let the writer give up on the operation; return what performs it later."""
        perform = self._this().perform
        self._resume(self._unknown)
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
        self.turn, self.batches = None, ()

    def _this(self) -> Turn[Any]:
        assert self.turn is not None, "This append has ended."
        return self.turn

    def _resume(self, answer: Callable[[], Any] | None) -> None:
        try:
            if answer == self._unknown:
                self.answers.append("unknown")
            self.turn = self._append.send(answer)
            self.operations.append(self.turn.operation)
        except StopIteration as end:
            self.turn, self.batches = None, end.value

    def _unknown(self) -> None:
        raise (
            NoticeFailed("The answer was lost.")
            if self.operations[-1] == "announce"
            else OutcomeUnknown("The answer was lost.")
        )
