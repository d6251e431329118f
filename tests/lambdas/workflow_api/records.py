"""Records in memory, which answer as DynamoDB does."""

from lambdas.workflow_api.records import Record


class InMemoryRecordTable:
    """A `RecordTable` in memory."""

    def __init__(self) -> None:
        self.records: dict[str, Record] = {}

    async def create(self, record: Record, *, now: float) -> Record | None:
        """Keep a record where none is, or one that has expired; where one is, change nothing and return that one."""
        standing = self.records.get(record.id)
        if standing is not None and standing.expires_at > int(now):
            return standing
        self.records[record.id] = record
        return None

    async def change(self, record: Record, *, seen: Record) -> Record | None:
        """Put a record in the place of `seen`, if that run is still unfinished and in hand of the same try."""
        standing = self.records.get(record.id)
        if standing is not None and (standing.finished or standing.try_id != seen.try_id):
            return standing
        self.records[record.id] = record
        return None
