"""Which workflows there are, and which modules could not be imported."""

from http import HTTPStatus
from typing import Any

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.problems import Problem
from tailrace.errors import InvalidWorkflowId
from tailrace.event import workflow_id
from tailrace.workflow import Registry, Workflow


def find(registry: Registry, text: str) -> Workflow:
    """The workflow of an id.

    Raises:
        Problem: 422 where the text is no id, 404 where there is no such workflow; that one lists those there are.
    """
    try:
        wanted = workflow_id(text)
    except InvalidWorkflowId as error:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-workflow-id", str(error)) from error
    workflow = registry.workflows.get(wanted)
    if workflow is None:
        raise _unknown(registry, wanted)
    return workflow


def _unknown(registry: Registry, wanted: str) -> Problem:
    known = sorted(registry.workflows)
    sentences = [
        f"There is no workflow {wanted}.",
        f"There are: {', '.join(known)}." if known else "There are none.",
    ]
    if registry.failures:
        failed = "; ".join(f"{failure.module} ({failure.reason})" for failure in registry.failures)
        sentences.append(f"It may be in a module that could not be imported: {failed}.")
    members = {"workflows": known, "import_failures": import_failures(registry)}
    return Problem(HTTPStatus.NOT_FOUND, "unknown-workflow", " ".join(sentences), members=members)


def describe(workflow: Workflow, answers: Answers) -> dict[str, Any]:
    """A workflow as JSON."""
    return {
        "id": workflow.id,
        "description": _description(workflow),
        "steps": [step.name for step in workflow.steps],
        "schedule": _schedule(workflow),
        "stream_url": answers.stream_url(workflow.id),
    }


def _schedule(workflow: Workflow) -> dict[str, str] | None:
    schedule = workflow.schedule
    return None if schedule is None else {"expression": schedule.expression, "timezone": schedule.timezone}


def import_failures(registry: Registry) -> list[dict[str, str]]:
    """The modules that could not be imported, and why."""
    return [{"module": failure.module, "reason": failure.reason} for failure in registry.failures]


def _description(workflow: Workflow) -> str | None:
    """The first line of what the workflow's module says about itself; None where no step is written in that module."""
    functions = (getattr(step.function, "function", step.function) for step in workflow.steps)
    for names in (getattr(function, "__globals__", {}) for function in functions):
        if any(value is workflow for value in names.values()):
            return next(iter((names.get("__doc__") or "").strip().splitlines()), None)
    return None
