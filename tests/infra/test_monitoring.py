"""What the monitoring stack promises."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.keys_not_read import METRIC
from infra.monitoring import RUNBOOK
from stream_service.counts import End
from stream_service.report import COUNTERS, GAUGES
from tailrace.result import RunStatus
from tests.infra.templates import Assembly

STREAM_METRICS = {
    *(name.title().replace("_", "") for name in GAUGES | COUNTERS),
    *(f"ConnectionsEnded{why.title()}" for why in End),
    "DeliveryLag",
    "CanaryLag",
}
RUN_METRICS = {
    "AppendConflicts", "AppendFailures", "AppendLatency", "CallersRefused", "EventsAppended", "NoticesFailed",
    "RunDuration", "Runs",
}  # fmt: skip
EXPECTED = (
    "LagHigh", "StreamErrors", "FeedDegraded", "HolesUnresolved", "LogReadFailures", "TasksMissing", "TargetsUnhealthy",
    "ClientsTurnedAway", "JanitorFailures", "AppendFailures", "NoticesFailed", "FunctionErrors", "FunctionThrottles",
    "FailuresKept", "ApiErrors", "TableThrottled", "TableErrors", "ClientsOverShare", "KeysNotRead", "CallersOverLimit",
)  # fmt: skip


def test_each_alarm_says_what_to_do_and_tells_somebody_also_when_it_is_over(stage: Assembly) -> None:
    [topic] = stage.monitoring.of_type("AWS::SNS::Topic")

    for name, alarm in _alarms(stage).items():
        advice = alarm["AlarmDescription"]
        assert re.fullmatch(rf".{{50,}}\. More: {re.escape(RUNBOOK)}, {name}\.", advice), name
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name


def test_what_an_operator_expects_is_watched(stage: Assembly) -> None:
    assert set(EXPECTED) <= _alarms(stage).keys()


def test_a_stage_whose_stream_service_runs_elsewhere_watches_its_runs(python_only: Assembly) -> None:
    alarms = _alarms(python_only)

    assert {"AppendFailures", "FailuresKept"} <= alarms.keys()
    assert not {"LagHigh", "TasksMissing"} & alarms.keys()


def test_a_number_that_is_not_written_is_no_alarm_unless_it_counts_the_tasks(dev: Assembly) -> None:
    treated = {name: alarm["TreatMissingData"] for name, alarm in _alarms(dev).items()}

    assert treated.pop("TasksMissing") == "breaching"
    assert set(treated.values()) == {"notBreaching"}


def test_no_alarm_fills_in_what_comes_late(stage: Assembly) -> None:
    """A sum takes what is missing for nothing; a period that is filled before its values come says that all is well.

    Source: Amazon CloudWatch User Guide, "Using metric math": "Basic arithmetic functions", and FILL.
    """
    expressions = [
        each["Expression"]
        for alarm in _alarms(stage).values()
        for each in alarm.get("Metrics", ())
        if "Expression" in each
    ]

    assert any(" + " in each for each in expressions)
    assert [each for each in expressions if "FILL" in each] == []


def test_alarms_may_publish_to_their_topic_and_nobody_without_tls(dev: Assembly) -> None:
    statements = dev.monitoring.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    [allowed] = [each for each in statements if each["Effect"] == "Allow"]
    [denied] = [each for each in statements if each["Effect"] == "Deny"]

    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_an_address_is_told_where_the_stage_names_one(dev: Assembly, custom: Assembly) -> None:
    subscription = custom.monitoring.only("AWS::SNS::Subscription")

    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "operators@example.org")
    assert not dev.monitoring.of_type("AWS::SNS::Subscription")


def test_every_metric_of_ours_is_one_that_the_code_writes(stage: Assembly) -> None:
    written = {"stream-service": STREAM_METRICS, "workflow-api": RUN_METRICS, "": {METRIC}}
    used = [*_metrics_of_alarms(stage), *_metrics_of_dashboard(stage)]
    ours = [metric for metric in used if metric["namespace"].startswith("Tailrace/")]

    assert len(ours) > 30
    for metric in ours:
        assert metric["namespace"] == f"Tailrace/{stage.stage}"
        assert metric["name"] in written[metric.get("service", "")], metric


def test_dashboard_begins_with_what_clients_feel_and_ends_with_what_is_paid(dev: Assembly) -> None:
    titles = [re.sub("^## ", "", each) for each in _texts(dev)]

    assert titles[0] == "What clients feel"
    assert titles[-1] == "What is paid by use"
    assert len(titles) == 5


def test_dashboard_shows_runs_by_each_way_to_end_and_streams_by_each_reason(dev: Assembly) -> None:
    body = _dashboard(dev)

    assert all(f'"status","{status}"' in body for status in RunStatus)
    assert all(f'"ConnectionsEnded{why.title()}"' in body for why in End)


def test_dashboard_finds_the_queues_of_all_tasks_by_a_part_of_their_names(stage: Assembly) -> None:
    """CloudWatch takes a quoted term for a whole name, another one for a part of it."""
    [search] = re.findall(r"SEARCH\((.*?)\)", _dashboard(stage).replace("\\", ""))
    [container] = stage.stream_service.only("AWS::ECS::TaskDefinition")["ContainerDefinitions"]
    [prefix] = [each["Value"] for each in container["Environment"] if each["Name"] == "TAILRACE_QUEUE_PREFIX"]

    assert search.startswith('\'{AWS/SQS,QueueName} MetricName="ApproximateAgeOfOldestMessage" ')
    assert f"QueueName={prefix.removesuffix('-')}'" in search


def test_every_metric_that_is_paid_for_is_shown_or_watched(dev: Assembly) -> None:
    used = [*_metrics_of_alarms(dev), *_metrics_of_dashboard(dev)]

    assert {metric["name"] for metric in used if metric.get("service") == "stream-service"} == STREAM_METRICS


@pytest.mark.parametrize("unit", ["WorkflowApi", "StreamService"])
def test_every_log_is_kept_for_as_long_as_the_stage_says(unit: str, dev: Assembly, prod: Assembly) -> None:
    for stage, days in ((dev, 14), (prod, 30)):
        groups = dict(stage.templates)[f"Tailrace-{stage.stage}-{unit}"].of_type("AWS::Logs::LogGroup")

        assert groups
        assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {days}


def _alarms(stage: Assembly) -> dict[str, dict[str, Any]]:
    """Alarms by their own names: what stands between the construct's and CDK's hash."""
    alarms = stage.monitoring.of_type("AWS::CloudWatch::Alarm")
    return {
        re.sub("^Monitoring(.*)[0-9A-F]{8}$", r"\1", name): dict(alarm["Properties"]) for name, alarm in alarms.items()
    }


def _metrics_of_alarms(stage: Assembly) -> Iterator[dict[str, str]]:
    for alarm in _alarms(stage).values():
        for query in alarm.get("Metrics", []):
            if "MetricStat" in query:
                metric = query["MetricStat"]["Metric"]
                dimensions = {each["Name"]: each["Value"] for each in metric.get("Dimensions", [])}
                yield {"namespace": metric["Namespace"], "name": metric["MetricName"], **dimensions}


def _metrics_of_dashboard(stage: Assembly) -> Iterator[dict[str, str]]:
    for namespace, name, service in re.findall(
        r'\["(Tailrace/[^"]+)","([^"]+)","service","([^"]+)"', _dashboard(stage)
    ):
        yield {"namespace": namespace, "name": name, "service": service}


def _dashboard(stage: Assembly) -> str:
    """The dashboard's body, in which references to other stacks are nothing."""
    body = stage.monitoring.only("AWS::CloudWatch::Dashboard")["DashboardBody"]
    return "".join(part if isinstance(part, str) else "" for part in body["Fn::Join"][1])


def _texts(stage: Assembly) -> list[str]:
    return [json.loads(f'"{text}"') for text in re.findall(r'"markdown":"((?:[^"\\]|\\.)*)"', _dashboard(stage))]
