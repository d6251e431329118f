"""Runs that begin by the clock: what the schedule's invocation says, as a run."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tailrace.schedule import Schedule


def run_when_due(schedule: Mapping[str, Any]) -> dict[str, Any]:
    """The run that a schedule's invocation asks for: however often it is tried, that of the time it was due."""
    workflow_id, due = schedule["workflow_id"], datetime.fromisoformat(schedule["scheduled_time"])
    rule = Schedule.parse(schedule["schedule"], timezone=schedule["timezone"])
    identity = f"{workflow_id}\n{rule.expression}\n{int(due.timestamp())}"
    return {
        "workflow_id": workflow_id,
        "trace_id": hashlib.sha256(identity.encode()).hexdigest()[:32],
        "trigger_event": rule.trigger_event(due),
    }
