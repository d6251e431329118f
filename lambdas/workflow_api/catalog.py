"""Which workflows there are, and which modules can't be used: to each key what it may read."""

from http import HTTPStatus
from typing import Any

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.problems import Problem
from tailrace.errors import InvalidWorkflowId
from tailrace.event import WorkflowId, workflow_id
from tailrace.id_pattern import EVERY
from tailrace.workflow import Registry, Workflow


class Catalog:
    """The workflows as the holder of one key may see them."""

    def __init__(self, registry: Registry, key: ApiKey) -> None:
        self._registry = registry
        self._key = key

    @property
    def workflows(self) -> list[Workflow]:
        """Those that the key may read."""
        return [each for each in self._registry.workflows.values() if self._key.may(Verb.READ, each.id)]

    @property
    def import_failures(self) -> list[dict[str, str]]:
        """The modules that can't be used, and why; for keys alone that may read every workflow.

        Nobody knows which workflows are in such a module.
        """
        if Verb.READ not in self._key.verbs or EVERY not in self._key.workflows:
            return []
        return [{"module": failure.module, "reason": failure.reason} for failure in self._registry.failures]

    def find(self, text: str) -> Workflow:
        """The workflow of an id.

        Raises:
            Problem: 422 where the text is no id, 404 where there is no such workflow; that one lists those there are.
        """
        wanted = read_id(text)
        workflow = self._registry.workflows.get(wanted)
        if workflow is None:
            raise self._unknown(wanted)
        return workflow

    def _unknown(self, wanted: str) -> Problem:
        known, failures = sorted(workflow.id for workflow in self.workflows), self.import_failures
        sentences = [f"There is no workflow {wanted}."]
        if Verb.READ in self._key.verbs:
            sentences.append(f"There are: {', '.join(known)}." if known else "There are none.")
        if failures:
            failed = "; ".join(f"{failure['module']} ({failure['reason']})" for failure in failures)
            sentences.append(f"It may be in a module that can't be used: {failed}.")
        members = {"workflows": known, "import_failures": failures}
        return Problem(HTTPStatus.NOT_FOUND, "unknown-workflow", " ".join(sentences), members=members)


def read_id(text: str) -> WorkflowId:
    """Read a workflow's id.

    Raises:
        Problem: 422, the text is none.
    """
    try:
        return workflow_id(text)
    except InvalidWorkflowId as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-workflow-id", str(error)) from error


def describe(workflow: Workflow, answers: Answers) -> dict[str, Any]:
    """A workflow as JSON."""
    return {
        "id": workflow.id,
        "description": _description(workflow),
        "steps": [step.name for step in workflow.steps],
        "schedule": _schedule(workflow),
        "public": workflow.public,
        "stream_url": answers.stream_url(workflow.id),
    }


def _schedule(workflow: Workflow) -> dict[str, str] | None:
    schedule = workflow.schedule
    return None if schedule is None else {"expression": schedule.expression, "timezone": schedule.timezone}


def _description(workflow: Workflow) -> str | None:
    """The first line of what the workflow's module says about itself; None where no step is written in that module."""
    functions = (getattr(step.function, "function", step.function) for step in workflow.steps)
    for names in (getattr(function, "__globals__", {}) for function in functions):
        if any(value is workflow for value in names.values()):
            return next(iter((names.get("__doc__") or "").strip().splitlines()), None)
    return None
