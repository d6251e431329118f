"""The three stacks: they wire constructs, and name what people need to know."""

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cloudfront as cloudfront
from constructs import Construct

from infra.config import StageConfig
from infra.event_log import EventLog
from infra.front import Front
from infra.scheduled_workflow import ScheduledWorkflow
from infra.schedules import Schedules
from infra.stream_service import StreamService
from infra.workflow_api import WorkflowApi
from infra.workflow_function import WorkflowFunction


class EventLogStack(Stack):
    """What must not be lost."""

    def __init__(self, scope: Construct, id: str, *, config: StageConfig) -> None:  # noqa: A002 - CDK's own name
        super().__init__(
            scope,
            id,
            description=f"Tailrace ({config.name}): the log of events",
            termination_protection=config.termination_protection,
        )
        self.event_log = EventLog(self, "EventLog", config=config.event_log)
        CfnOutput(self, "EventLogTable", value=self.event_log.table_name)
        CfnOutput(self, "NoticeTopic", value=self.event_log.topic_arn)


class StreamServiceStack(Stack):
    """What holds the connections."""

    def __init__(self, scope: Construct, id: str, *, config: StageConfig, event_log: EventLog) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id, description=f"Tailrace ({config.name}): the stream service")
        if config.stream_service is None:
            raise ValueError(f"The stage {config.name!r} has no stream service.")
        service = StreamService(self, "StreamService", config=config.stream_service, event_log=event_log)
        self.origin = service.origin


class WorkflowApiStack(Stack):
    """What runs workflows, and the address that everything is reached by."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: StageConfig,
        event_log: EventLog,
        streams: cloudfront.IVpcOrigin | None,
        schedules: Sequence[ScheduledWorkflow],
        node_steps: bool,
    ) -> None:
        super().__init__(scope, id, description=f"Tailrace ({config.name}): the workflow API")
        api = WorkflowApi(self, "WorkflowApi", config=config.workflow_api)
        front = Front(self, "Front", streams=streams, api_domain_name=api.domain_name) if streams else None
        stream_url = front.url if front else config.stream_url
        if stream_url is None:
            raise ValueError(f"The stage {config.name!r} has neither a stream service nor the URL of one.")
        runner = WorkflowFunction(
            self,
            "WorkflowFunction",
            config=config.workflow_api,
            event_log=event_log,
            stream_url=stream_url,
            node_steps=node_steps,
        )
        api.serve(runner.function)
        Schedules(self, "Schedules", workflows=schedules, function=runner.function, failures=runner.failures)
        CfnOutput(self, "ApiUrl", value=front.url if front else api.url)
        CfnOutput(self, "StreamUrl", value=stream_url)
        CfnOutput(self, "ApiKeySecret", value=runner.key.secret_arn)


def build(
    scope: Construct, config: StageConfig, *, schedules: Sequence[ScheduledWorkflow] = (), node_steps: bool
) -> None:
    """Add a stage's stacks to an app; `node_steps` says whether workflows may have steps in Node.js."""
    prefix = f"Tailrace-{config.name}"
    log = EventLogStack(scope, f"{prefix}-EventLog", config=config)
    streams = None
    if config.stream_service is not None:
        streams = StreamServiceStack(scope, f"{prefix}-StreamService", config=config, event_log=log.event_log).origin
    WorkflowApiStack(
        scope,
        f"{prefix}-WorkflowApi",
        config=config,
        event_log=log.event_log,
        streams=streams,
        schedules=schedules,
        node_steps=node_steps,
    )
