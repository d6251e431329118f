"""The stacks: they wire constructs, and name what people need to know."""

from collections.abc import Sequence

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.config import StageConfig
from infra.event_log import EventLog
from infra.front import Front
from infra.fronts import OwnDomain
from infra.measures import Measures, metrics_namespace
from infra.monitoring import Monitoring
from infra.scheduled_workflow import ScheduledWorkflow
from infra.schedules import Schedules
from infra.stand_in import StandInThrottle
from infra.stream_access import StreamAccess
from infra.stream_service import StreamService
from infra.watched import Watched
from infra.workflow_api import WorkflowApi
from infra.workflow_function import WorkflowFunction


class EventLogStack(Stack):
    """What must not be lost, and what both services share."""

    def __init__(self, scope: Construct, id: str, *, config: StageConfig) -> None:  # noqa: A002 - CDK's own name
        super().__init__(
            scope,
            id,
            description=f"Tailrace ({config.name}): the log of events",
            termination_protection=config.termination_protection,
        )
        self.event_log = EventLog(self, "EventLog", config=config.event_log)
        CfnOutput(self, "EventLogTable", value=self.event_log.table_name)
        self.access = StreamAccess(self, "StreamAccess", config=config)
        CfnOutput(self, "NoticeTopic", value=self.event_log.topic_arn)
        if self.access.secret_arn is not None:
            CfnOutput(self, "TokenSecret", value=self.access.secret_arn)


class StreamServiceStack(Stack):
    """What holds the connections."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: StageConfig,
        event_log: EventLog,
        access: StreamAccess,
    ) -> None:
        super().__init__(scope, id, description=f"Tailrace ({config.name}): the stream service")
        if config.stream_service is None:
            raise ValueError(f"The stage {config.name!r} has no stream service.")
        self.streams = StreamService(
            self,
            "StreamService",
            config=config.stream_service,
            event_log=event_log,
            access=access,
            measures=Measures(metrics_namespace(config.name)),
            traces=config.traces,
        )
        if isinstance(config.stream_service.front, OwnDomain):
            CfnOutput(self, "BalancerName", value=self.streams.balancer.dns_name)


class WorkflowApiStack(Stack):
    """What runs workflows, and the address that everything is reached by."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002 - CDK's own name
        *,
        config: StageConfig,
        event_log: EventLog,
        access: StreamAccess,
        streams: StreamService | None,
        schedules: Sequence[ScheduledWorkflow],
        node_steps: bool,
    ) -> None:
        super().__init__(scope, id, description=f"Tailrace ({config.name}): the workflow API")
        stand_in = StandInThrottle.of(streams.config) if streams is not None and _has_cloudfront(streams) else None
        self.api = WorkflowApi(self, "WorkflowApi", config=config.workflow_api, stand_in=stand_in)
        front = self._make_front(streams)
        stream_url = front.url if front else _stream_url(config)
        self.runner = WorkflowFunction(
            self,
            "WorkflowFunction",
            config=config.workflow_api,
            event_log=event_log,
            access=access,
            stream_url=stream_url,
            measures=Measures(metrics_namespace(config.name)),
            one_host=front is not None,
            origin_key=front.shown_to_api if front else None,
            node_steps=node_steps,
            traces=config.traces,
        )
        self.api.serve(self.runner.function)
        Schedules(self, "Schedules", workflows=schedules, function=self.runner.function, failures=self.runner.failures)
        CfnOutput(self, "ApiUrl", value=front.url if front else self.api.url)
        CfnOutput(self, "StreamUrl", value=stream_url)
        CfnOutput(self, "ApiKeySecret", value=self.runner.keys.secret_arn)

    def _make_front(self, streams: StreamService | None) -> Front | None:
        """CloudFront, unless clients come to the load balancer itself."""
        if streams is None or not _has_cloudfront(streams):
            return None
        return Front(
            self,
            "Front",
            balancer=streams.balancer,
            api_domain_name=self.api.domain_name,
        )


def _has_cloudfront(streams: StreamService) -> bool:
    return not isinstance(streams.config.front, OwnDomain)


def _stream_url(config: StageConfig) -> str:
    """Where streams are without CloudFront."""
    if config.stream_service is not None and isinstance(config.stream_service.front, OwnDomain):
        return f"https://{config.stream_service.front.domain_name}"
    if config.stream_url is None:
        raise ValueError(f"The stage {config.name!r} has neither a stream service nor the URL of one.")
    return config.stream_url


class MonitoringStack(Stack):
    """What looks at the others; it holds nothing, and may be deleted at any time."""

    def __init__(self, scope: Construct, id: str, *, config: StageConfig, watched: Watched) -> None:  # noqa: A002 - CDK's own name
        super().__init__(scope, id, description=f"Tailrace ({config.name}): dashboard and alarms")
        if config.monitoring is None:
            raise ValueError(f"The stage {config.name!r} is not monitored.")
        monitoring = Monitoring(self, "Monitoring", config=config.monitoring, watched=watched)
        CfnOutput(self, "AlarmTopic", value=monitoring.topic_arn)
        CfnOutput(self, "Dashboard", value=monitoring.dashboard_url)


def build(
    scope: Construct, config: StageConfig, *, schedules: Sequence[ScheduledWorkflow] = (), node_steps: bool
) -> None:
    """Add a stage's stacks to an app; `node_steps` says whether workflows may have steps in Node.js."""
    prefix = f"Tailrace-{config.name}"
    log = EventLogStack(scope, f"{prefix}-EventLog", config=config)
    streams = None
    if config.stream_service is not None:
        streams = StreamServiceStack(
            scope, f"{prefix}-StreamService", config=config, event_log=log.event_log, access=log.access
        ).streams
    api = WorkflowApiStack(
        scope,
        f"{prefix}-WorkflowApi",
        config=config,
        event_log=log.event_log,
        access=log.access,
        streams=streams,
        schedules=schedules,
        node_steps=node_steps,
    )
    if config.monitoring is not None:
        watched = Watched(
            measures=Measures(metrics_namespace(config.name)),
            event_log=log.event_log,
            api=api.api,
            runner=api.runner,
            streams=streams,
        )
        MonitoringStack(scope, f"{prefix}-Monitoring", config=config, watched=watched)
