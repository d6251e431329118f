"""Workflows that run by the clock: which there are, and what the workflow function is invoked with when one is due."""

from dataclasses import dataclass
from pathlib import Path

from tailrace.schedule import UTC
from tailrace.workflow import load_workflows


class WorkflowsNotUsable(Exception):
    """A module of the workflows folder can't be used, so nobody can tell which schedules there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledWorkflow:
    """A workflow and when it runs: `rate(…)` or `cron(…)`."""

    workflow_id: str
    schedule: str
    timezone: str = UTC


def scheduled_workflows(folder: Path) -> list[ScheduledWorkflow]:
    """The folder's workflows that have a schedule, by their id.

    Raises:
        WorkflowsNotUsable: a module can't be imported, or two workflows have one id; deploying without their schedules
            would silently end them.
    """
    registry = load_workflows(folder)
    if registry.failures:
        reasons = "\n".join(f"  {failure.module}: {failure.reason}" for failure in registry.failures)
        raise WorkflowsNotUsable(f"These modules of {folder.name}/ can't be used, so nothing is deployed:\n{reasons}")
    return [
        ScheduledWorkflow(workflow_id=name, schedule=workflow.schedule.expression, timezone=workflow.schedule.timezone)
        for name, workflow in sorted(registry.workflows.items())
        if workflow.schedule is not None
    ]


def invocation(workflow: ScheduledWorkflow) -> dict[str, object]:
    """The event that the workflow function is invoked with; Scheduler fills in what stands in angle brackets.

    The time that it was due tells one run from the next, and is the same at each try; the execution's id is not.
    """
    return {
        "tailrace": {
            "schedule": {
                "workflow_id": workflow.workflow_id,
                "schedule": workflow.schedule,
                "timezone": workflow.timezone,
                "scheduled_time": "<aws.scheduler.scheduled-time>",
            }
        }
    }
