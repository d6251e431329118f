"""Workflows that run by the clock: one EventBridge schedule for each."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Duration, TimeZone
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledWorkflow:
    """A workflow and when it runs: `rate(…)` or `cron(…)`."""

    workflow_id: str
    schedule: str
    timezone: str = "Etc/UTC"


class Schedules(Construct):
    """Invokes the workflow function when a workflow is due; an invocation carries an id that its retries keep."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        workflows: Sequence[ScheduledWorkflow],
        function: lambda_.IFunction,
        failures: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id)
        for workflow in workflows:
            scheduler.Schedule(
                self,
                workflow.workflow_id,
                description=f"Runs {workflow.workflow_id}",
                schedule=scheduler.ScheduleExpression.expression(workflow.schedule, TimeZone.of(workflow.timezone)),
                target=LambdaInvoke(
                    function,
                    input=scheduler.ScheduleTargetInput.from_object(invocation(workflow)),
                    dead_letter_queue=failures,
                    max_event_age=Duration.hours(1),
                    retry_attempts=5,
                ),
            )


def invocation(workflow: ScheduledWorkflow) -> dict[str, object]:
    """The event that the workflow function is invoked with; Scheduler fills in what stands in angle brackets."""
    return {
        "tailrace": {
            "schedule": {
                "workflow_id": workflow.workflow_id,
                "schedule": workflow.schedule,
                "timezone": workflow.timezone,
                "scheduled_time": "<aws.scheduler.scheduled-time>",
                "execution_id": "<aws.scheduler.execution-id>",
            }
        }
    }
