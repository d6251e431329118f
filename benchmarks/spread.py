"""What several measurements of one thing say together."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """A number as several passes measured it."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread | None":
        """Sum up; None where there is nothing."""
        known = list(values)
        return cls(statistics.median(known), min(known), max(known)) if known else None
