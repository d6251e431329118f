"""What the steps of one run share: which run it is, what was exported, sent and answered so far."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NoReturn

from tailrace.deferred import Deferred
from tailrace.errors import RunFinished
from tailrace.event import Event, WorkflowId
from tailrace.response import Response
from tailrace.values import Json, thaw

RETURN_VALUE = "$return_value"
TRIGGER = "trigger"


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Mapping[str, Json]):
    """Which run this is; `pd.context.id` and `pd.context["id"]` are the same."""

    id: str
    """Of this try to run the workflow."""
    trace_id: str
    """Of the run, also when it is tried again."""
    workflow_id: WorkflowId
    ts: str
    """When this try began: ISO 8601, UTC."""
    deadline: int | None = None
    """When it will be ended: epoch milliseconds; None for never."""

    def __getitem__(self, name: str) -> Json:
        if name in self:
            return getattr(self, name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (each.name for each in fields(self))

    def __len__(self) -> int:
        return len(fields(self))

    def __contains__(self, name: object) -> bool:
        return any(each.name == name for each in fields(self))


class Steps(dict[str, dict[str, Json]]):
    """What the trigger and the finished steps exported: this step's own copy, which it can read and not add to."""

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy is the step's own to change

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("pd.steps is read-only: export a value with pd.export(name, value), or return it.")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse


@dataclass(slots=True, kw_only=True)
class RunState:
    """What the steps of one run share; a step reaches it through its `pd` alone."""

    context: Context
    exports: dict[str, str]
    """By step, the trigger first: JSON text, of which each step reads a copy of its own."""
    sends: Deferred = field(default_factory=Deferred)
    exited: bool = False
    exit_reason: str | None = None
    response: Response | None = None
    ended: bool = False

    def steps(self) -> Steps:
        """Copy what was exported so far, for one step."""
        return Steps((name, thaw(text)) for name, text in self.exports.items())

    def end(self) -> tuple[Event, ...]:
        """End the run for all that is still going on in it, and hand over what it sent."""
        self.ended = True
        return self.sends.close()

    def check_going_on(self) -> None:
        """Refuse what comes too late.

        Raises:
            RunFinished: the run has ended.
        """
        if self.ended:
            raise RunFinished("This run has ended: pd can only be used by steps that are still awaited.")
