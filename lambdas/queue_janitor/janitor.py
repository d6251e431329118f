"""What the janitor does with each kind of event that it is called with."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambdas.queue_janitor.queues import TaskQueues

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.literals import DesiredStatusType

logger = logging.getLogger(__name__)

_STATUSES: tuple["DesiredStatusType", ...] = ("RUNNING", "STOPPED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Janitor:
    """Removes queues whose task is gone."""

    queues: TaskQueues
    ecs: "ECSClient"
    cluster_arn: str

    def handle(self, event: Mapping[str, Any]) -> None:
        """Tidy up after a task that stopped, after all when the stack goes, else after those that ECS does not know."""
        if "RequestType" in event:
            if event["RequestType"] == "Delete":
                self.queues.remove(lambda _task: True)
        elif event.get("detail-type") == "ECS Task State Change":
            stopped = event["detail"]["taskArn"].rpartition("/")[2]
            self.queues.remove(lambda task: task == stopped)
        else:
            self.sweep()

    def sweep(self) -> None:
        """Remove the queues of tasks that ECS doesn't know."""
        # First the queues, then the tasks: a task that starts in between is not taken for one that is gone.
        found = self.queues.tasks()
        orphans = found - self._tasks()
        if orphans:
            self.queues.remove(lambda task: task in orphans)
        logger.info("queues_swept", extra={"found": len(found), "orphans": len(orphans)})

    def _tasks(self) -> frozenset[str]:
        """Every task that ECS still tells of; one that is stopping still needs its queue."""
        pages = self.ecs.get_paginator("list_tasks")
        return frozenset(
            arn.rpartition("/")[2]
            for status in _STATUSES
            for page in pages.paginate(cluster=self.cluster_arn, desiredStatus=status)
            for arn in page["taskArns"]
        )
