"""How writers go on when the table fails: the same round again, after a pause, for as long as patience lasts."""

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tailrace.errors import LogUnavailable
from tailrace.table import Table

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a writer needs of the world."""

    table: Table
    retention: int
    """Seconds."""
    patience: float
    """Seconds after which a writer that met only failures gives up."""
    now: Callable[[], float]
    """Wall clock, epoch seconds."""
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float] = random.random
    conflicted: Callable[[], object] = lambda: None
    """Told each time that another writer was faster."""

    async def back_off(self, failures: int, conflicts: int = 0) -> None:
        """Wait a random part of a time that doubles with each failure, or conflict, in a row."""
        ceiling = min(1.0, 0.05 * 2 ** min(failures, 8)) if failures else min(0.25, 0.005 * 2 ** min(conflicts, 8))
        if failures or conflicts:
            await self.sleep(self.chance() * ceiling)


async def persist(
    step: Callable[[], Awaitable[_Answer | None]], *, around: Surroundings, pause: Callable[[int], Awaitable[None]]
) -> _Answer:
    """Take one step after another until one has an answer; `pause` is told how many failed in a row (rule 9).

    Raises:
        LogUnavailable: nothing but failures for as long as patience lasts; what was written may be in the log, or not.
    """
    failures, give_up_at = 0, math.inf
    while True:  # `min`: a clock that is set back does not add to patience
        give_up_at = min(give_up_at, around.now() + around.patience)
        try:
            if (answer := await step()) is not None:
                return answer
            failures, give_up_at = 0, math.inf
        except LogUnavailable:
            failures += 1
            if around.now() >= give_up_at:
                raise
        await pause(failures)
