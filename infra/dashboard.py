"""The dashboard's rows: what users feel, then where it comes from, piece by piece, and what it costs."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_elasticloadbalancingv2 as elb

from infra.measures import Measures
from infra.stream_service import StreamService
from infra.watched import Watched

_ENDS = ("Left", "Slow", "Expired", "Age", "Drain", "Full", "Share")
_STATUSES = ("Completed", "Exited", "Failed", "TimedOut")
_ONE = Duration.minutes(1)

Row = Sequence[cloudwatch.IWidget]


def rows(watched: Watched, alarms: Sequence[cloudwatch.IAlarm]) -> list[Row]:
    """Rows of widgets, each 24 columns wide."""
    made: list[Row] = [[cloudwatch.AlarmStatusWidget(title="Alarms", alarms=list(alarms), width=24, height=4)]]
    streams = watched.streams
    if streams is not None:
        made += [_title("What clients feel"), _clients(watched, streams)]
    made += [_title("Write path: runs and the event log"), _writes(watched)]
    if streams is not None:
        made += [_title("Fan-out: notices and the tasks' reading"), _fan_out(watched, streams)]
        made += [_title("Fleet"), _fleet(watched.measures, streams)]
    return [*made, _title("What is paid by use"), _cost(watched, streams)]


def _title(text: str) -> Row:
    return [cloudwatch.TextWidget(markdown=f"## {text}", width=24, height=1)]


def _graph(
    title: str, left: Sequence[cloudwatch.IMetric], right: Sequence[cloudwatch.IMetric] = ()
) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(left), right=list(right), width=8, height=6)


def _clients(watched: Watched, streams: StreamService) -> Row:
    measures, balancer = watched.measures, streams.balancer.metrics
    lag = [measures.streams("DeliveryLag", each, label=f"event {each}") for each in ("p50", "p99")]
    canary = [measures.streams("CanaryLag", each, label=f"canary {each}") for each in ("p50", "p99")]
    clients = [measures.streams("Connections", each, label=each.lower()) for each in ("Average", "Maximum")]
    errors = [
        balancer.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, label="load balancer 5xx"),
        streams.balancer.targets.metrics.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, label="tasks 5xx"),
        streams.balancer.targets.metrics.http_code_target(elb.HttpCodeTarget.TARGET_4XX_COUNT, label="tasks 4xx"),
        watched.api.metric_server_error(),
    ]
    return [
        _graph("Lag from the log to the socket (ms)", [*lag, *canary]),
        _graph("Open streams a task", clients, [measures.streams("ConnectionsOpened", label="opened")]),
        _graph("Errors", errors),
    ]


def _writes(watched: Watched) -> Row:
    measures, function = watched.measures, watched.runner.function
    by_status = [
        cloudwatch.Metric(
            namespace=measures.namespace,
            metric_name="Runs",
            dimensions_map={"service": "workflow-api", "status": status},
            statistic="Sum",
            period=_ONE,
            label=status,
        )
        for status in _STATUSES
    ]
    errors = [function.metric_errors(period=_ONE), function.metric_throttles(period=_ONE)]
    latencies = [measures.runs("AppendLatency", each, label=f"append {each}") for each in ("p50", "p99")]
    trouble = [measures.runs(name) for name in ("AppendConflicts", "AppendFailures", "NoticesFailed", "CallersRefused")]
    kept = watched.runner.failures.metric_approximate_number_of_messages_visible(label="failures kept")
    return [
        _graph("Runs by how they ended", by_status, errors),
        _graph("Time (ms)", [*latencies, function.metric_duration(statistic="p95", period=_ONE, label="function p95")]),
        _graph("What went wrong", [*trouble, watched.event_log.metric_throttled(), kept]),
    ]


def _fan_out(watched: Watched, streams: StreamService) -> Row:
    measures, topic = watched.measures, watched.event_log.topic
    repairs = [measures.streams(name) for name in ("HolesRepaired", "HolesUnresolved", "LogReadFailures")]
    # Without quotation marks, which would ask for a queue of just this name.
    age = cloudwatch.SearchExpression(
        expression='SEARCH(\'{AWS/SQS,QueueName} MetricName="ApproximateAgeOfOldestMessage" '
        f"QueueName={streams.queue_prefix.removesuffix('-')}', 'Maximum', 60)",
        label="",
    )
    return [
        _graph(
            "Notices",
            [
                topic.metric_number_of_messages_published(period=_ONE),
                topic.metric_number_of_notifications_delivered(period=_ONE),
            ],
            [topic.metric_number_of_notifications_failed(period=_ONE), measures.streams("NoticesInvalid")],
        ),
        _graph("Reading from the log", repairs, [measures.streams("FeedDegraded", "Maximum")]),
        _graph("Oldest notice in each task's queue (s)", [age]),
    ]


def _fleet(measures: Measures, streams: StreamService) -> Row:
    ends = [measures.streams(f"ConnectionsEnded{why}", label=why.lower()) for why in _ENDS]
    hosts = streams.balancer.targets.metrics
    return [
        _graph("Why streams ended", ends, [measures.streams("RequestsRefused", label="requests refused")]),
        _graph(
            "Tasks",
            [
                hosts.healthy_host_count(statistic="Minimum", period=_ONE, label="ready"),
                hosts.unhealthy_host_count(statistic="Maximum", period=_ONE, label="not ready"),
            ],
            [streams.janitor.function.metric_errors(period=_ONE, label="janitor failures")],
        ),
        _graph(
            "CPU and memory (%)",
            [
                streams.service.metric_cpu_utilization(period=_ONE, label="CPU"),
                streams.service.metric_memory_utilization(period=_ONE, label="memory"),
            ],
        ),
    ]


def _cost(watched: Watched, streams: StreamService | None) -> Row:
    function, log = watched.runner.function, watched.event_log
    hour = Duration.hours(1)
    bytes_out: list[cloudwatch.IMetric] = []
    if streams is not None:
        bytes_out.append(streams.balancer.metrics.processed_bytes(period=hour, label="load balancer's bytes"))
    return [
        _graph("Event log: units an hour", [log.metric_written(), log.metric_read()]),
        _graph(
            "Runs and notices an hour",
            [function.metric_invocations(period=hour), log.topic.metric_number_of_messages_published(period=hour)],
            [function.metric_duration(statistic="Sum", period=hour, label="function ms")],
        ),
        _graph("Delivered an hour", [watched.measures.streams("Deliveries", minutes=60)], bytes_out),
    ]
