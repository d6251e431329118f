"""The alarms of the write path: runs, the event log, and what runs fail at."""

from collections.abc import Iterator

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.alarm_spec import AlarmSpec
from infra.keys_not_read import METRIC
from infra.watched import Watched

_MINUTES = 5
_FIVE = Duration.minutes(_MINUTES)


def run_alarms(watched: Watched) -> Iterator[AlarmSpec]:
    """Every alarm of runs."""
    measures, function = watched.measures, watched.runner.function
    yield AlarmSpec(
        id="AppendFailures",
        metric=measures.runs("AppendFailures", minutes=_MINUTES),
        at_least=1,
        advice="What a run sent did not get into the event log: look for append_failed in the function's log; "
        "throttling wants a higher quota of the table's, a refusal the function's permission.",
    )
    yield AlarmSpec(
        id="AppendConflictsMany",
        metric=cloudwatch.MathExpression(
            expression="100 * conflicts / appends",
            using_metrics={
                "conflicts": measures.runs("AppendConflicts"),
                "appends": measures.runs("AppendLatency", "SampleCount"),
            },
            label="Conflicts in a hundred appends",
            period=_FIVE,
        ),
        at_least=50,
        periods=3,
        advice="Runs of one workflow stand in each other's way, and appends take longer: spread what they send "
        "over several workflow ids.",
    )
    yield AlarmSpec(
        id="NoticesFailed",
        metric=measures.runs("NoticesFailed", minutes=_MINUTES),
        at_least=1,
        periods=2,
        advice="Batches are in the log, but SNS did not take their notices, so clients wait for the sweep (15 to "
        "60 s): look at SNS's quota for publishing and at AWS Health.",
    )
    yield AlarmSpec(
        id="FunctionErrors",
        metric=function.metric_errors(period=_FIVE),
        at_least=1,
        periods=2,
        advice="Runs crash or run into their time-out: read the function's log; the workflow that each belongs to "
        "stands there.",
    )
    yield AlarmSpec(
        id="FunctionThrottles",
        metric=function.metric_throttles(period=_FIVE),
        at_least=1,
        advice="Runs are refused since too many run at once: raise reserved_concurrency or the account's quota.",
    )
    yield AlarmSpec(
        id="FailuresKept",
        metric=watched.runner.failures.metric_approximate_number_of_messages_visible(period=_FIVE, statistic="Maximum"),
        at_least=1,
        advice="An asynchronous or scheduled run has failed for good: read its message in the failure queue, mend "
        "the cause, send the run again, and delete the message.",
    )
    yield AlarmSpec(
        id="ApiErrors",
        metric=watched.api.metric_server_error(minutes=_MINUTES),
        at_least=5,
        advice="The API answers with 5xx: read the function's log; `log-unavailable` in the answers means the "
        "event log.",
    )
    yield AlarmSpec(
        id="CallersOverLimit",
        metric=measures.runs("CallersRefused", minutes=_MINUTES),
        at_least=_MINUTES,
        periods=3,
        advice="An address without a key, or a key with a limit, asks the API too often, minute after minute: look who "
        "it is in the table of runs; raise requests_per_address, give the caller a key, or attach a firewall.",
    )
    yield AlarmSpec(
        id="TableThrottled",
        metric=watched.event_log.metric_throttled(minutes=_MINUTES),
        at_least=1,
        advice="DynamoDB refuses requests of the event log for their number: find the workflow that writes over "
        "1,000 units a second, or raise the table's quota.",
    )
    yield AlarmSpec(
        id="TableErrors",
        metric=watched.event_log.metric_system_errors(minutes=_MINUTES),
        at_least=5,
        periods=2,
        advice="DynamoDB fails at requests of the event log: look at AWS Health; runs and tasks try again, and those "
        "that can't wait answer `log-unavailable`.",
    )
    yield AlarmSpec(
        id="KeysNotRead",
        metric=measures.lines(METRIC, minutes=_MINUTES),
        at_least=1,
        periods=2,
        advice="API keys, or those of tokens, can't be read, and the last ones serve for an hour: look for "
        "value_not_read in the logs of function and tasks, and mend it before that hour is over.",
    )
