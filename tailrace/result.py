"""What starts a run, and what comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from tailrace.event import Batch, WorkflowId
from tailrace.response import Response
from tailrace.values import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a run: its steps see it as `pd.steps["trigger"]["event"]`."""

    event: Mapping[str, Json]


class RunStatus(StrEnum):
    """How a run ended."""

    COMPLETED = "Completed"
    EXITED = "Exited"
    """A step called `pd.flow.exit()`."""
    FAILED = "Failed"
    """A step raised."""
    TIMED_OUT = "TimedOut"
    """The deadline passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepError:
    """Why a step ended the run: what it raised, or `TimedOut`."""

    step: str
    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """A run that has ended."""

    run_id: str
    trace_id: str
    workflow_id: WorkflowId
    status: RunStatus
    exit_reason: str | None
    steps: Mapping[str, Mapping[str, Json]]
    """What each finished step exported, `$return_value` included."""
    error: StepError | None
    response: Response | None
    """What `pd.respond` said."""
    batches: tuple[Batch, ...]
    """What was sent, as the log holds it."""
    announced: bool
    """False where a notice failed: clients then get the events when their streams are swept."""
