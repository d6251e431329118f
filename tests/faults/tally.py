"""Counts faults, and decides which call a fault strikes."""

import asyncio
import random
from collections import Counter
from contextlib import suppress

from tests.faults.plan import Kind


class Tally:
    """How many faults of each kind were injected."""

    def __init__(self) -> None:
        self.counts: Counter[Kind] = Counter()

    def count(self, kind: Kind, times: int = 1) -> None:
        """Count a fault."""
        self.counts[kind] += times

    @property
    def missing(self) -> list[Kind]:
        """The kinds of which there was none."""
        return [kind for kind in Kind if not self.counts[kind]]


class Strikes:
    """Decides call by call: the first that could be struck surely is, each later one by chance."""

    def __init__(self, kind: Kind, *, tally: Tally, chance: random.Random, share: float) -> None:
        self.kind = kind
        self.chance = chance
        self._tally = tally
        self._share = share
        self._struck = asyncio.Event()

    def strike(self, *, certainly: bool = False) -> bool:
        """Whether this call is struck; it is counted then."""
        struck = certainly or not self._struck.is_set() or self.chance.random() < self._share
        if struck:
            self._struck.set()
            self._tally.count(self.kind)
        return struck

    async def first(self, patience: float) -> None:
        """Wait until something was struck, or for as long as patience lasts."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._struck.wait(), patience)
