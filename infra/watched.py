"""What is watched of a stage: its constructs, as alarms and dashboard see them."""

from dataclasses import dataclass

from infra.event_log import EventLog
from infra.measures import Measures
from infra.stream_service import StreamService
from infra.workflow_api import WorkflowApi
from infra.workflow_function import WorkflowFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A stage's parts."""

    measures: Measures
    event_log: EventLog
    api: WorkflowApi
    runner: WorkflowFunction
    streams: StreamService | None
    """None where the stream service runs elsewhere."""
