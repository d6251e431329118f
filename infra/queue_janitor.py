"""Removes queues whose task is gone: when ECS says that one stopped, every hour, and when the stack is deleted."""

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_events_targets import LambdaFunction
from constructs import Construct, IConstruct

from infra.config import LogDays
from infra.event_log import EventLog
from infra.function import Function, python_runtime
from infra.function_code import FunctionSource, function_code
from infra.packages import Platform

SOURCE = FunctionSource(entry="lambdas/queue_janitor", modules=("lambdas/__init__.py", "lambdas/queue_janitor"))
_PYTHON = "3.13"
TIMEOUT_SECONDS = 300
"""CloudFormation, which would wait for an hour, waits for three of them: Lambda tries again what was cut short."""


class QueueJanitor(Construct):
    """A task that was killed leaves its queue behind; nobody would ever read or remove it."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        event_log: EventLog,
        cluster: ecs.ICluster,
        queue_prefix: str,
        log_days: LogDays,
    ) -> None:
        super().__init__(scope, id)
        made = Function(
            self,
            "Janitor",
            handler="lambdas.queue_janitor.handler.handler",
            code=function_code(SOURCE, platform=Platform(python=_PYTHON, architecture="arm64")),
            runtime=python_runtime(_PYTHON),
            architecture="arm64",
            memory_mb=256,
            timeout_seconds=TIMEOUT_SECONDS,
            environment={
                "TAILRACE_QUEUE_PREFIX": queue_prefix,
                "TAILRACE_NOTICE_TOPIC_ARN": event_log.topic_arn,
                "TAILRACE_CLUSTER_ARN": cluster.cluster_arn,
            },
            log_days=log_days,
        )
        self.function: lambda_.IFunction = made.function
        event_log.grant_tidy(made.role, queue_prefix=queue_prefix)
        iam.Grant.add_to_principal(
            grantee=made.role,
            actions=["ecs:ListTasks"],
            resource_arns=["*"],
            conditions={"ArnEquals": {"ecs:cluster": cluster.cluster_arn}},
        )
        self._call_when_a_task_stopped(made, cluster)
        events.Rule(
            self, "EveryHour", schedule=events.Schedule.rate(Duration.hours(1)), targets=[LambdaFunction(made.function)]
        )
        # On its deletion, the function sweeps without asking which tasks run.
        self._sweep = CustomResource(
            self,
            "Sweep",
            service_token=made.function.function_arn,
            resource_type="Custom::QueueSweep",
            service_timeout=Duration.seconds(3 * TIMEOUT_SECONDS),
        )
        self._sweep.node.add_dependency(made)

    def outlive(self, service: IConstruct) -> None:
        """Sweep after `service` is gone."""
        service.node.add_dependency(self._sweep)

    def _call_when_a_task_stopped(self, made: Function, cluster: ecs.ICluster) -> None:
        events.Rule(
            self,
            "TaskStopped",
            event_pattern=events.EventPattern(
                source=["aws.ecs"],
                detail_type=["ECS Task State Change"],
                detail={"clusterArn": [cluster.cluster_arn], "lastStatus": ["STOPPED"]},
            ),
            targets=[LambdaFunction(made.function)],
        )
