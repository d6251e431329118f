"""A step: a name, a function of `pd`, and its props."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tailrace.action import Action
from tailrace.errors import InvalidStep
from tailrace.node import NodeRuntime, NodeStep
from tailrace.pd import Pd
from tailrace.props import Props
from tailrace.run_state import TRIGGER

StepFunction: TypeAlias = Callable[..., Any] | NodeStep

_HINT = "Write def handler(pd): or async def handler(pd):."


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow."""

    name: str
    function: StepFunction
    props: Props

    def call(self, pd: Pd, *, node: NodeRuntime | None) -> Callable[[], Any]:
        """Prepare the call with `pd`; an action gets its props as keywords, too, and a Node.js step its runtime."""
        if isinstance(self.function, NodeStep):
            return functools.partial(self.function.run, pd, node, step=self.name)
        return functools.partial(self.function, pd, **(pd.inputs if isinstance(self.function, Action) else {}))

    @property
    def is_async(self) -> bool:
        """Whether calling it gives a coroutine at once; any other is called in a thread, since it may block."""
        function = self.function.function if isinstance(self.function, Action) else self.function
        return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - asks what kind it is, not whether it is there
        )


def name_of(function: StepFunction) -> str:
    """A step's name where its workflow gives none: its function's.

    Raises:
        InvalidStep: it has none that could be a step's.
    """
    name = getattr(function, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier():
        raise InvalidStep(f'{function!r:.80} has no name for a step. Name it: workflow.step("greet", …).')
    return name


def check_name(name: str, taken: tuple[str, ...]) -> None:
    """Check a name of a new step.

    Raises:
        InvalidStep: it is no identifier, or taken.
    """
    if not name.isidentifier():
        raise InvalidStep(
            f"{name!r:.80} is no step's name: letters, digits and underscores make one, and no digit begins it. "
            "Other steps refer to it as steps.<name>."
        )
    if name == TRIGGER:
        raise InvalidStep(f"{TRIGGER!r} is what starts a workflow: give the step another name.")
    if name in taken:
        raise InvalidStep(f'There is a step {name!r} already. Name this one: workflow.step("{name}_again", …).')


def check_function(function: StepFunction) -> None:
    """Check that a step can be called with `pd` alone, or is an action.

    Raises:
        InvalidStep: it can't; says why.
    """
    if isinstance(function, Action | NodeStep):
        return
    if not callable(function):
        raise InvalidStep(f"{function!r:.80} is no function. {_HINT}")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InvalidStep(f"It yields, and a step returns its value at once. {_HINT}")
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in functions have none
        return
    try:
        signature.bind(object())
    except TypeError as error:
        raise InvalidStep(
            f"It can't be called with pd alone ({error}). {_HINT} For props as parameters, put @action before it."
        ) from error
