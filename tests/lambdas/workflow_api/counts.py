"""Counts of requests in memory, which all functions of a test share."""

from collections import Counter
from threading import Lock

from lambdas.workflow_api.limits import NotCounted


class InMemoryRequestCounts:
    """`RequestCounts` in memory."""

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, int]] = Counter()
        self.away = False
        self._one_at_a_time = Lock()

    async def add(self, caller: str, minute: int) -> int:
        """Count one more request in this minute since 1970, and return how many they are now; may raise NotCounted."""
        if self.away:
            raise NotCounted("The counts are away.")
        with self._one_at_a_time:
            self.counts[caller, minute] += 1
            return self.counts[caller, minute]

    @property
    def callers(self) -> set[str]:
        """Who was counted, in whatever minute."""
        return {caller for caller, _ in self.counts}
