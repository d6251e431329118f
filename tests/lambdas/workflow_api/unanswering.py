"""A log's table that loses answers, as a network does."""

from typing import Any

from tailrace.errors import LogUnavailable, OutcomeUnknown
from tailrace.in_memory import InMemoryTable
from tailrace.table import Item, Page


class UnansweringTable(InMemoryTable):
    """A `Table` in memory that does what it is asked, and is not always heard."""

    def __init__(self) -> None:
        super().__init__()
        self.answers_are_lost = False
        """Of puts, which take place all the same."""
        self.reads_fail = False

    async def query(self, *arguments: Any, **bounds: Any) -> Page:  # noqa: ANN401 (as its base's, whatever they are)
        if self.reads_fail:
            raise LogUnavailable("The table does not answer.")
        return await super().query(*arguments, **bounds)

    async def put(self, item: Item) -> Item | None:
        standing = await super().put(item)
        if self.answers_are_lost:
            raise OutcomeUnknown("The answer was lost.")
        return standing
