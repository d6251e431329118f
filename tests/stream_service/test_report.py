import asyncio
import io
import json
import logging
from typing import Any

from stream_service import report
from stream_service.counts import End
from stream_service.logs import JsonFormatter
from stream_service.report import Report
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import Rim, eventually
from tests.support.stepped_client import Client


def report_of(rim: Rim) -> Report:
    return Report(rim.metrics, namespace="Tailrace/dev", task="task-1", now=lambda: 1_700_000_000.5)


def metrics_of(line: dict[str, Any]) -> dict[str, Any]:
    """The metrics that CloudWatch makes of a line."""
    [directive] = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: line[metric["Name"]] for metric in directive["Metrics"]}


async def test_idle_service_pays_for_two_metrics() -> None:
    line: dict[str, Any] = report_of(Rim()).line()

    assert metrics_of(line) == {"Connections": 0, "FeedDegraded": 1}
    assert line["_aws"]["Timestamp"] == 1_700_000_000_500
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]
    assert (line["service"], line["task"], line["ring_bytes"]) == ("stream-service", "task-1", 0)


async def test_line_holds_what_came_since_the_last_one() -> None:
    rim = Rim()
    written = report_of(rim)
    rim.hub.counts.deliveries = 10
    rim.lags.canary_returned(0.09)
    first = metrics_of(written.line())
    rim.hub.counts.deliveries = 15
    rim.lags.canary_returned(30.0)
    rim.lags.canary_returned(500.0)

    second = metrics_of(written.line())
    third = metrics_of(written.line())

    assert (first["Deliveries"], first["CanaryLag"]) == (10, [100.0])
    assert (second["Deliveries"], second["CanaryLag"]) == (5, [31_500.0, 100_000.0])
    assert not {"Deliveries", "CanaryLag"} & third.keys()


async def test_clients_that_came_and_ended_are_counted_by_reason() -> None:
    rim = Rim()
    written = report_of(rim)
    for _ in range(3):
        client = Client()
        rim.hub.subscribe(WorkflowId("p_a"), client, Wish(), introduce=client.follow)
    one, other, _ = rim.hub.subscriptions()
    one.leave()
    other.abort(End.SLOW)

    metrics = metrics_of(written.line())

    assert (metrics["Connections"], metrics["ConnectionsOpened"]) == (1, 3)
    assert (metrics["ConnectionsEndedLeft"], metrics["ConnectionsEndedSlow"]) == (1, 1)


async def test_lags_of_a_busy_minute_fit_into_a_line() -> None:
    rim = Rim()
    for number in range(10_000):
        rim.lags.delivery.observe(number / 10_000)

    lags = metrics_of(report_of(rim).line())["DeliveryLag"]

    assert len(lags) == 100
    assert (lags[49], lags[-1]) == (500.0, 1000.0)


async def test_lines_come_one_after_the_other_and_are_json() -> None:
    written, output = report_of(Rim()), io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger(report.__name__)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    running = asyncio.create_task(written.run(every=0.01))

    await eventually(lambda: output.getvalue().count("\n") >= 3)

    running.cancel()
    logger.removeHandler(handler)
    for line in output.getvalue().splitlines():
        assert metrics_of(json.loads(line)) == {"Connections": 0, "FeedDegraded": 1}
