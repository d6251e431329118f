"""Walks of the model that stay near to where a rule matters: it begins as told, and only some acts happen."""

from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from tests.model.model import Model
from tests.model.passing import beginning

ANYWHERE = settings(
    stateful_step_count=60, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
)
NEARBY = settings(ANYWHERE, derandomize=True, phases=[Phase.generate])


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the model: what may happen there, for how long, and in how many orders that is tried."""

    model: type[Model]
    steps: int
    orders: int = 1000

    def walk(self, *, orders: int | None = None) -> None:
        """Try its orders, or as many as are named; always the same ones.

        Raises:
            AssertionError, ValueError: the first promise that was broken.
        """
        run_state_machine_as_test(
            self.model, settings=settings(NEARBY, max_examples=orders or self.orders, stateful_step_count=self.steps)
        )


def near(*acts: str, steps: int, **shape: SearchStrategy[Any]) -> Place:
    """Name a part of the model: these acts, so many of them, and a beginning; what must hold is the model's own."""
    every = {rule.function.__name__ for rule in Model().rules}
    assert every >= set(acts), f"{set(acts) - every} are no acts of the model."
    others = dict.fromkeys(every - set(acts))
    return Place(type("Near", (Model,), {**others, "begin": beginning(**shape)}), steps)
