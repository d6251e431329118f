"""The model's time: hours pass, what has expired is deleted in any order, and lives of the stream end and begin."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from hypothesis.strategies import SearchStrategy

from tests.model.settings import BOUNDS
from tests.model.writing import PROCESSES, Writing, channels, days, processes, skews, some
from tests.support.hub import SteppedHub
from tests.support.log import DAY, HOUR, MINUTE

kinds = st.tuples(st.booleans(), st.booleans())
"""Whether a hub's readings are prompt, and whether its passes take their time."""
BEGINNING: dict[str, SearchStrategy[Any]] = {
    "there": st.lists(channels, max_size=6),
    "left": st.sampled_from([None, None, None, 61, 60, 46, 31, 15, 14, 0]),
    "apart": st.sampled_from([0, 1]),
    "again": st.booleans(),
    "skews": st.tuples(*[skews] * PROCESSES),
    "days": st.tuples(*[days] * PROCESSES),
    "kinds": st.tuples(kinds, kinds),
    "lossless": st.booleans(),
}
"""What a walk begins with, as `Passing.begin_with` says."""


def beginning(**shape: SearchStrategy[Any]) -> Callable[..., None]:
    """Make the rule that a walk begins with, some of which may be as one likes."""

    def begin(self: "Passing", **drawn: Any) -> None:  # noqa: ANN401 (as `begin_with` has them)
        self.begin_with(**drawn)

    rule_of: Callable[..., Callable[[Callable[..., None]], Callable[..., None]]] = initialize
    return rule_of(**{**BEGINNING, **shape})(begin)


class Passing(Writing):
    """The model's log, as time passes, and two hubs over it."""

    def __init__(self) -> None:
        super().__init__()
        self.hubs = [SteppedHub(self.streams, bounds=BOUNDS) for _ in range(2)]

    begin = beginning()

    def begin_with(
        self,
        *,
        there: list[list[str]],
        left: int | None,
        apart: int,
        again: bool,
        skews: tuple[int, ...],
        days: tuple[int, ...],
        kinds: tuple[tuple[bool, bool], ...],
        lossless: bool,
    ) -> None:
        """Begin with some batches, by turns, some seconds apart; `left` are the minutes that the last one still has.

        `again` says whether the runs that sent them may be tried again.
        """
        self.processes = [self._process(*each) for each in zip(skews, days, strict=True)]
        for hub, (prompt, paced) in zip(self.hubs, kinds, strict=True):
            hub.prompt, hub.paced = prompt, paced
        self.lossless = lossless
        for number, each in enumerate(there):
            self._finish(self._begin(number % PROCESSES, each, again=again))
            self.let_pass(apart)
        if there and left is not None:
            items = self.streams.items
            self.let_pass(items[max(items)].expires_at - left * MINUTE - self.streams.now)

    @rule(process=processes, channels=channels)
    def append_and_announce(self, process: int, channels: list[str]) -> None:
        self._append(channels, process)
        for hub in self.hubs:
            hub.offer(self.notices[-1])

    @rule()
    def wait_for_a_second(self) -> None:
        self.let_pass(1)

    @rule()
    def wait_for_a_moment(self) -> None:
        self.let_pass(14 * MINUTE)

    @rule()
    def wait_for_half_an_hour(self) -> None:
        self.let_pass(30 * MINUTE)

    @rule(hours=st.sampled_from([1, 13]))
    def wait_for_hours(self, hours: int) -> None:
        self.let_pass(hours * HOUR)

    @rule(channels=channels)
    def let_all_but_the_newest_expire(self, channels: list[str]) -> None:
        self.let_pass(13 * HOUR)
        self._append(channels)
        self.let_pass(12 * HOUR)

    @rule(channels=channels, announced=st.booleans())
    def begin_another_life(self, channels: list[str], *, announced: bool) -> None:
        items = self.streams.items
        self.let_pass(max(DAY, *(item.expires_at - self.streams.now for item in items.values())) if items else DAY)
        self._append(channels)
        for hub in self.hubs:
            if announced:
                hub.offer(self.notices[-1])

    @precondition(lambda self: self._expired())
    @rule(choice=some)
    def let_the_table_delete_what_has_expired(self, choice: int) -> None:
        expired = self._expired()
        self.streams.expire(expired[choice % len(expired)])

    def _expired(self) -> list[int]:
        return [position for position, item in self.streams.items.items() if item.expires_at <= self.streams.now]
