"""EventBridge Scheduler on this machine: invokes the function when a workflow is due, with the event that AWS sends."""

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from cli.due_times import next_due
from tailrace.event import WorkflowId
from tailrace.schedule import Schedule

logger = logging.getLogger(__name__)

LATE = timedelta(minutes=1)
"""What was due longer ago is left out: the machine was asleep, and nobody waits for an hour of runs."""
_LONGEST_WAIT = 15.0
"""Seconds after which the time is looked at again: the clock of a machine that sleeps, or is set, goes on by leaps."""


class Clock:
    """Looks after the schedules of one set of workflows, in a thread, until it is closed."""

    def __init__(
        self,
        schedules: Mapping[WorkflowId, Schedule],
        *,
        invoke: Callable[[Mapping[str, object]], None],
        since: datetime,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """What was due after `since` and is not too late is invoked at once; `wait` says True when it is to end."""
        self._schedules = dict(schedules)
        self._invoke = invoke
        self._since = since
        self._now = now
        self._stop = threading.Event()
        self._wait = wait or self._stop.wait
        self._thread = threading.Thread(target=self.run, name="clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; what was invoked goes on."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """Invoke what is due, until the end, or until nothing will ever be due again."""
        since = self._since
        while upcoming := self._next(max(since, self._now() - LATE)):
            since, workflows = upcoming
            while (left := (since - self._now()).total_seconds()) > 0:
                if self._wait(min(left, _LONGEST_WAIT)):
                    return
            if self._now() - since <= LATE:
                for workflow_id in workflows:
                    self._run(workflow_id, since)

    def _next(self, after: datetime) -> tuple[datetime, list[WorkflowId]] | None:
        due: dict[datetime, list[WorkflowId]] = {}
        for workflow_id in tuple(self._schedules):
            if (at := self._due(workflow_id, after)) is not None:
                due.setdefault(at, []).append(workflow_id)
        return (min(due), due[min(due)]) if due else None

    def _due(self, workflow_id: WorkflowId, after: datetime) -> datetime | None:
        schedule = self._schedules[workflow_id]
        try:
            return next_due(schedule, after=after)
        except ZoneInfoNotFoundError:
            logger.error("schedule_ignored", extra={"workflow_id": workflow_id, "unknown_zone": schedule.timezone})  # noqa: TRY400 (the zone says it all)
            del self._schedules[workflow_id]
            return None

    def _run(self, workflow_id: WorkflowId, due: datetime) -> None:
        logger.info("workflow_due", extra={"workflow_id": workflow_id, "due": due.isoformat()})
        try:
            self._invoke(invocation(workflow_id, self._schedules[workflow_id], due))
        except Exception:
            logger.exception("workflow_not_invoked", extra={"workflow_id": workflow_id})


def invocation(workflow_id: WorkflowId, schedule: Schedule, due: datetime) -> dict[str, object]:
    """The event that the function is invoked with when a workflow is due, as a deployed schedule sends it."""
    return {
        "tailrace": {
            "schedule": {
                "workflow_id": workflow_id,
                "schedule": schedule.expression,
                "timezone": schedule.timezone,
                "scheduled_time": due.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        }
    }
