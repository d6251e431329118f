"""Whether notices reach this task: it publishes canaries to the topic, and counts those that come back."""

READY_AFTER = 3
"""Canaries in a row: SNS is not sure of a new subscription at once."""
DEGRADED_AFTER = 2
"""Canaries in a row that were missed."""


class Pulse:
    """The feed's health, judged by canaries. Once ready, it stays so: a lost feed costs time, and no events."""

    def __init__(self) -> None:
        self.ready = False
        """Whether clients may come."""
        self._proven = False
        self._number = 0
        self._back = 0
        self._streak = 0
        self._missed = 0

    @property
    def degraded(self) -> bool:
        """Whether streams should be compared with the log often, since notices may not come."""
        return not self._proven or self._missed >= DEGRADED_AFTER

    @property
    def missed(self) -> int:
        """How many canaries before the last one sent have not come back, nor any later one."""
        return self._missed

    def next_number(self) -> int:
        """Count the canaries that are not back as missed, and name the next."""
        self._missed = self._number - self._back
        self._number += 1
        return self._number

    def came_back(self, number: int) -> None:
        """Hear of a canary of this task; one that is doubled, or that a later one overtook, counts for nothing.

        However long they take: a canary that is late says that the feed works, and is slow.
        """
        if self._back < number <= self._number:
            self._streak = self._streak + 1 if number == self._back + 1 else 1
            self._back = number
            self._missed = max(0, self._number - 1 - number)
            self._proven = self._proven or self._streak >= READY_AFTER
            self.ready = self.ready or self._proven

    def do_without(self) -> None:
        """Take clients though no canary has come back: a service that waited for SNS would be no service at all."""
        self.ready = True
