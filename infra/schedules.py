"""Workflows that run by the clock: one EventBridge schedule for each."""

from collections.abc import Sequence

from aws_cdk import Duration, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct

from infra.review import explain_wildcards, versions_of
from infra.scheduled_workflow import ScheduledWorkflow, invocation


class Schedules(Construct):
    """Invokes the workflow function when a workflow is due; each invocation says when it was due."""

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
        if not workflows:
            return
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        explain_wildcards(role, "CDK's grant names the function's versions, too.", resources=[versions_of(function)])
        for workflow in workflows:
            scheduler.Schedule(
                self,
                workflow.workflow_id,
                description=f"Runs {workflow.workflow_id}",
                schedule=scheduler.ScheduleExpression.expression(workflow.schedule, TimeZone.of(workflow.timezone)),
                target=LambdaInvoke(
                    function,
                    role=role,
                    input=scheduler.ScheduleTargetInput.from_object(invocation(workflow)),
                    dead_letter_queue=failures,
                    max_event_age=Duration.hours(1),
                    retry_attempts=5,
                ),
            )
