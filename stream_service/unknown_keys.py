"""Since when keys are asked for that nobody knows: whether there is one, only a reading that is newer can tell."""

from collections.abc import Callable

MEMORY_SECONDS = 60.0
"""Longer than the 45 seconds after which a client that was asked to come later has come."""
MAX_KEYS = 1_024


class UnknownKeys:
    """Remembers for a while when each id was first asked for; of ids that are made up without end, the latest."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._first_asked: dict[str, float] = {}  # the one that was asked for last is last

    def first_asked(self, key_id: str) -> float:
        """When this id was first asked for, as far as is remembered; it is remembered from now on."""
        now = self._now()
        at = self._first_asked.pop(key_id, now)
        if now - at > MEMORY_SECONDS:
            at = now
        self._first_asked[key_id] = at
        if len(self._first_asked) > MAX_KEYS:
            del self._first_asked[next(iter(self._first_asked))]
        return at
