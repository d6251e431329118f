"""What an author writes: a workflow, its steps in order; and how a folder of workflows is found."""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypeVar, get_args, overload

from tailrace.action import Action, action
from tailrace.errors import InvalidStep, InvalidWorkflow
from tailrace.event import WorkflowId, workflow_id
from tailrace.modules import ImportFailure, import_folder
from tailrace.node import NodeStep
from tailrace.props import Props
from tailrace.run_state import TRIGGER
from tailrace.schedule import UTC, Schedule
from tailrace.step import Step, StepFunction, check_function, check_name, name_of

__all__ = ["Action", "ImportFailure", "OnError", "Registry", "Workflow", "action", "load_workflows"]

OnError = Literal["flush", "discard"]
"""What becomes of a run's sends where a step raises, or the time is up: delivered, or all of them dropped."""

_Function = TypeVar("_Function", bound=StepFunction)

logger = logging.getLogger(__name__)


class Workflow:
    """Steps that run in order, and the stream that they send to."""

    def __init__(
        self,
        id: str,  # noqa: A002 - an author calls it so
        *,
        on_error: OnError = "flush",
        schedule: str | None = None,
        timezone: str = UTC,
        public: bool = False,
    ) -> None:
        """Name a workflow, and say when it runs by itself: `rate(5 minutes)`, or `cron(0 8 * * ? *)` in a time zone.

        A public one is run by everybody who posts to it, without a key, as a webhook is.
        """
        if on_error not in get_args(OnError):
            raise InvalidWorkflow(f'Workflow {id!r}: on_error is {on_error!r}; write "flush" or "discard".')
        if not isinstance(public, bool):  # "False" would let everybody in
            raise InvalidWorkflow(f"Workflow {id!r}: public is {public!r}; write True or False.")
        self.id: WorkflowId = workflow_id(id)
        self.on_error: OnError = on_error
        self.public = public
        self.schedule = None if schedule is None else Schedule.parse(schedule, timezone=timezone)
        self._steps: dict[str, Step] = {}

    def __repr__(self) -> str:
        return f"Workflow({self.id!r}, steps=[{', '.join(self._steps)}])"

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps, in the order in which they run."""
        return tuple(self._steps.values())

    @overload
    def step(self, function: _Function, /, **props: object) -> _Function: ...
    @overload
    def step(self, name: str, function: _Function, /, **props: object) -> _Function: ...
    @overload
    def step(self, name: str, /, **props: object) -> Callable[[_Function], _Function]: ...
    @overload
    def step(self, /, **props: object) -> Callable[[_Function], _Function]: ...

    def step(self, /, *name_and_function: Any, **props: object) -> Any:
        """Add a step: a function of `pd`, or an action; as a call or as a decorator.

        Its name is the function's, or a text that comes first. Keywords are its props, by value or as expressions
        such as `"{{steps.trigger.event.body.name}}"`.

        Raises:
            InvalidStep: the name is taken or no identifier, or the function can't be called with `pd`.
            InvalidProps: an action does not know a prop, misses one, or takes another type.
            InvalidExpression: an expression can't be read, or refers to a step that does not come before.
        """
        match name_and_function:
            case ():
                return lambda function: self._add(None, function, props)
            case (str() as name,):
                return lambda function: self._add(name, function, props)
            case (str() as name, function):
                return self._add(name, function, props)
            case (function,):
                return self._add(None, function, props)
            case _:
                raise InvalidStep(f'{self.id}: write workflow.step(function, …) or workflow.step("name", function, …).')

    @overload
    def node_step(self, file: str, /, **props: object) -> None: ...
    @overload
    def node_step(self, name: str, file: str, /, **props: object) -> None: ...

    def node_step(self, /, *name_and_file: str, **props: object) -> None:
        """Add a Node.js code step of Pipedream's kind: a file, relative to the module that adds it.

        Its name is the file's, or a text that comes first: `workflow.node_step("code", "steps/names.mjs", who="Luke")`.

        Raises:
            InvalidStep: the file is not there, or is none of JavaScript's; or the name is taken or no identifier.
            InvalidExpression: an expression can't be read, or refers to a step that does not come before.
        """
        folder = Path(sys._getframe(1).f_code.co_filename).parent  # noqa: SLF001 - the module that an author writes
        match name_and_file:
            case (file,):
                self._add_node(None, folder, file, props)
            case (name, file):
                self._add_node(name, folder, file, props)
            case _:
                raise InvalidStep(f'{self.id}: write workflow.node_step("steps/file.mjs", …), or put a name before it.')

    def _add_node(self, name: str | None, folder: Path, file: str, props: Mapping[str, object]) -> None:
        try:
            step = NodeStep(folder, file)
        except InvalidStep as error:
            raise InvalidStep(f"Workflow {self.id}: {error}") from error
        self._add(name, step, props)

    def _add(self, name: str | None, function: _Function, props: Mapping[str, object]) -> _Function:
        try:
            name = name_of(function) if name is None else name
            check_name(name, tuple(self._steps))
            check_function(function)
            known = (TRIGGER, *self._steps)
            used = function if isinstance(function, Action) else None
            self._steps[name] = Step(name, function, Props.of(props, known=known, action=used))
        except InvalidWorkflow as error:
            place = f"Workflow {self.id}" + (f", step {name!r}" if name else "")
            raise type(error)(f"{place}: {error}") from error
        return function


@dataclass(frozen=True, slots=True)
class Registry:
    """The workflows of a folder, and the modules that can't be used."""

    workflows: Mapping[WorkflowId, Workflow]
    failures: tuple[ImportFailure, ...] = ()

    def public(self, workflow_id: str) -> Workflow | None:
        """The workflow of an id, if there is one and everybody may run it."""
        workflow = self.workflows.get(WorkflowId(workflow_id))
        return workflow if workflow is not None and workflow.public else None


def load_workflows(folder: Path) -> Registry:
    """Import every module of a folder, and register the workflows in them; one that fails does not stop the others.

    Of workflows that have one id none is registered, since nobody could tell which of them runs.

    Raises:
        WorkflowsNotFound: there is no such folder.
    """
    modules, failures = import_folder(folder)
    found: dict[WorkflowId, dict[Workflow, str]] = {}
    for name, module in modules.items():
        for workflow in _workflows_in(module):  # the same one, imported by another module, is no second one
            found.setdefault(workflow.id, {}).setdefault(workflow, name)
    doubled = {id_: tuple(places.values()) for id_, places in found.items() if len(places) > 1}
    single = {id_: next(iter(places)) for id_, places in found.items() if id_ not in doubled}
    return Registry(single, (*failures, *(each for id_, names in doubled.items() for each in _explain(id_, names))))


def _explain(workflow_id: WorkflowId, names: Sequence[str]) -> list[ImportFailure]:
    """Say in each module that has a workflow of this id where the others are."""
    logger.error("workflow_id_taken_twice", extra={"workflow_id": workflow_id, "workflow_modules": list(names)})
    places = {name: ", ".join(f"{other}.py" for other in names if other != name) for name in names}
    return [
        ImportFailure(
            name,
            f"Its workflow {workflow_id} is {f'in {others}, too' if others else 'in it twice'}: "
            "none of them runs until each has an id of its own.",
        )
        for name, others in places.items()
    ]


def _workflows_in(module: ModuleType) -> list[Workflow]:
    return [value for value in vars(module).values() if isinstance(value, Workflow)]
