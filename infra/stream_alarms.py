"""The alarms of the stream service: what clients feel, what brings notices, and the tasks."""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.alarm_spec import AlarmSpec
from infra.event_log import EventLog
from infra.measures import Measures
from infra.stream_service import StreamService

_MINUTES = 5
_ONE, _FIVE = Duration.minutes(1), Duration.minutes(_MINUTES)


def stream_alarms(measures: Measures, streams: StreamService, event_log: EventLog) -> Iterator[AlarmSpec]:
    """Every alarm of the stream service, the user's view first."""
    yield from _of_what_clients_feel(measures, streams)
    yield from _of_fan_out(measures, event_log)
    yield from _of_the_fleet(measures, streams)


def _of_what_clients_feel(measures: Measures, streams: StreamService) -> Iterator[AlarmSpec]:
    balancer, targets = streams.balancer.metrics, streams.balancer.targets.metrics
    yield AlarmSpec(
        id="LagHigh",
        metric=measures.streams("DeliveryLag", "p99"),
        at_least=2_000,
        periods=_MINUTES,
        advice="Events take over 2 s from the log to the socket: compare CanaryLag; if it rose too, SNS or SQS is "
        "slow (AWS Health), else the tasks lack CPU (raise cpu or max_tasks).",
    )
    yield AlarmSpec(
        id="StreamErrors",
        metric=cloudwatch.MathExpression(
            expression="balancer + targets",
            using_metrics={
                "balancer": balancer.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum"),
                "targets": targets.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum"),
            },
            label="5xx",
            period=_FIVE,
        ),
        at_least=10,
        advice="Clients get 5xx instead of streams, which ends a browser's EventSource for good where nothing "
        "answers in their place: look for unhealthy targets and at the newest deployment, and roll it back.",
    )
    yield AlarmSpec(
        id="ConnectionsRefused",
        metric=balancer.rejected_connection_count(statistic="Sum", period=_FIVE),
        at_least=1,
        advice="The load balancer is at its own limit of connections: request more capacity units, and raise "
        "max_tasks.",
    )


def _of_fan_out(measures: Measures, event_log: EventLog) -> Iterator[AlarmSpec]:
    yield AlarmSpec(
        id="FeedDegraded",
        metric=measures.streams("FeedDegraded", "Maximum"),
        at_least=1,
        periods=_MINUTES,
        advice="A task's canaries stay away, so it sweeps its streams often: nothing is lost, lag is 2 to "
        "60 s; look for feed_ events in its log, then stop the task.",
    )
    yield AlarmSpec(
        id="CanaryLagHigh",
        metric=measures.streams("CanaryLag", "p99", minutes=_MINUTES),
        at_least=2_000,
        periods=2,
        advice="Notices take over 2 s through topic and queue: look at AWS Health for SNS and SQS, and at the "
        "tasks' CPU.",
    )
    yield AlarmSpec(
        id="HolesUnresolved",
        metric=measures.streams("HolesUnresolved", minutes=_MINUTES),
        at_least=1,
        advice="The log lacks what a notice or its own tail announced: look whether somebody else publishes to the "
        "topic, changed the table, or restored it, and keep the table as it is until you know.",
    )
    yield AlarmSpec(
        id="LogReadFailures",
        metric=measures.streams("LogReadFailures", minutes=_MINUTES),
        at_least=5,
        periods=2,
        advice="Tasks can't read the event log: look for log_not_read in their log; throttled reads want a higher "
        "quota, refused ones the task role's permission.",
    )
    yield AlarmSpec(
        id="NoticesInvalid",
        metric=measures.streams("NoticesInvalid", minutes=_MINUTES),
        at_least=1,
        advice="Somebody publishes to the notice topic what is no notice: find out who may (the topic's policy, "
        "CloudTrail).",
    )
    yield AlarmSpec(
        id="NoticesUndelivered",
        metric=event_log.topic.metric_number_of_notifications_failed(period=_FIVE),
        at_least=1,
        periods=3,
        advice="SNS has subscriptions whose queue is gone: run the queue janitor, and look at its log.",
    )


def _of_the_fleet(measures: Measures, streams: StreamService) -> Iterator[AlarmSpec]:
    config = streams.config
    yield AlarmSpec(
        id="TasksMissing",
        metric=streams.balancer.targets.metrics.healthy_host_count(statistic="Minimum", period=_ONE),
        below=config.tasks,
        periods=2 * _MINUTES,
        advice="Fewer tasks are ready than the stage wants: read the ECS service's events and the stopped tasks' "
        "reasons.",
    )
    yield AlarmSpec(
        id="TargetsUnhealthy",
        metric=streams.balancer.targets.metrics.unhealthy_host_count(statistic="Maximum", period=_ONE),
        at_least=1,
        periods=_MINUTES,
        advice="A task does not say that it is ready: read its log from its start; one that never saw its canaries "
        "lacks a permission for its queue or the topic.",
    )
    yield AlarmSpec(
        id="TasksNearlyFull",
        metric=measures.streams("Connections", "Maximum"),
        at_least=0.8 * config.streams_per_task,
        periods=_MINUTES,
        advice="A task has over 80 % of the streams that it may have: raise max_tasks, or look why it gets more "
        "than others.",
    )
    yield AlarmSpec(
        id="ClientsTurnedAway",
        metric=measures.streams("ConnectionsEndedFull", minutes=_MINUTES),
        at_least=1,
        advice="Clients are asked to come again since a task is full: raise max_tasks or streams_per_task.",
    )
    yield AlarmSpec(
        id="ClientsOverShare",
        metric=measures.streams("ConnectionsEndedShare", minutes=_MINUTES),
        at_least=100,
        periods=3,
        advice="Ten clients or more are kept waiting since their address or subscriber has all that one may: look "
        "whether a page opens streams anew and anew, or many share an address (streams_per_address).",
    )
    yield AlarmSpec(
        id="CpuHigh",
        metric=streams.service.metric_cpu_utilization(period=_FIVE),
        at_least=85,
        periods=2,
        advice="Tasks lack CPU, and lag follows: raise cpu or max_tasks.",
    )
    yield AlarmSpec(
        id="MemoryHigh",
        metric=streams.service.metric_memory_utilization(period=_FIVE, statistic="Maximum"),
        at_least=85,
        periods=2,
        advice="A task is about to be killed for its memory: raise memory_mb, or lower streams_per_task.",
    )
    yield AlarmSpec(
        id="JanitorFailures",
        metric=streams.janitor.function.metric_errors(period=_FIVE),
        at_least=1,
        periods=1,
        advice="The queue janitor failed, and queues of tasks that are gone may pile up: read its log; it sweeps "
        "again within the hour.",
    )
