"""Lines that say that keys could not be read become a metric, whichever service writes them."""

import json
import logging

import pytest

from infra.keys_not_read import EVENT, METRIC
from lambdas.workflow_api import logs as function_logs
from stream_service.logs import JsonFormatter
from tailrace.refreshed import Refreshed
from tests.infra.templates import Assembly


def test_lines_of_function_and_tasks_are_counted_together(dev: Assembly) -> None:
    filters = [
        template.only("AWS::Logs::MetricFilter") for template in (dev.workflow_api, dict(dev.templates)[_STREAMS])
    ]
    alarm = dev.monitoring.only("AWS::CloudWatch::Alarm", containing=METRIC)
    [watched] = [each["MetricStat"]["Metric"] for each in alarm["Metrics"]]

    assert [each["FilterPattern"] for each in filters] == [f'{{ $.message = "{EVENT}" }}', f'{{ $.event = "{EVENT}" }}']
    for each in filters:
        [made] = each["MetricTransformations"]
        assert (made["MetricNamespace"], made["MetricName"]) == (watched["Namespace"], watched["MetricName"])


def test_lines_have_the_event_where_it_is_looked_for(caplog: pytest.LogCaptureFixture) -> None:
    def read() -> None:
        raise ValueError("away")

    Refreshed(read, name="keys", troubles=(ValueError,)).refresh()
    [record] = caplog.records

    assert json.loads(JsonFormatter().format(record))["event"] == EVENT
    assert json.loads(function_logs._FORMATTER.format(record))["message"] == EVENT
    assert record.levelno == logging.ERROR


_STREAMS = "Tailrace-dev-StreamService"
