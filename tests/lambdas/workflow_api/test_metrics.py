import json
from typing import Any

import pytest

from lambdas.workflow_api.measured_log import MeasuredEventLog
from lambdas.workflow_api.metrics import LoggedMetrics
from tailrace.errors import LogRefused
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.log_reader import RETENTION
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.test_run import FailingNotifier, FailingTable

HELLO = WorkflowId("p_hello")
TICK = Event("ticks", "1")


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_runs_are_counted_over_all_and_by_status(capsys: pytest.CaptureFixture[str]) -> None:
    api = Api(notifier=FailingNotifier())
    api.add("p_hello").step("send", lambda pd: [pd.send.sse(channel="a", payload=number) for number in range(3)][:0])
    api.function = api.make_function(invoke_later=api.invoke_later, metrics=LoggedMetrics(namespace="Tailrace/dev"))

    run = api.gateway().post("/pipelines/p_hello/events").json

    [line] = written(capsys)
    [definition] = line["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == "Tailrace/dev"
    assert sorted(definition["Dimensions"]) == [["service"], ["service", "status"]]
    assert (line["service"], line["status"]) == ("workflow-api", "Completed")
    assert (line["Runs"], line["EventsAppended"], line["NoticesFailed"]) == ([1], [3], [1])
    assert (line["workflow_id"], line["run_id"]) == ("p_hello", run["run_id"])


async def test_each_append_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([10.0, 10.25])
    log = MeasuredEventLog(
        table=InMemoryTable(),
        retention=RETENTION,
        metrics=LoggedMetrics(namespace="Tailrace/dev"),
        clock=lambda: next(times),
    )

    await log.append(HELLO, [TICK], batch_id="run")

    [line] = written(capsys)
    assert (line["AppendLatency"], line["AppendFailures"], line["AppendConflicts"]) == ([250.0], [0], [0])


async def test_writers_that_were_faster_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    table = InMemoryTable()
    log = MeasuredEventLog(table=table, retention=RETENTION, metrics=LoggedMetrics(namespace="Tailrace/dev"))
    await log.append(HELLO, [TICK], batch_id="first")
    await EventLog(table=table).append(HELLO, [TICK], batch_id="another's")
    capsys.readouterr()

    await log.append(HELLO, [TICK], batch_id="second")
    await log.append(HELLO, [TICK], batch_id="third")

    assert [line["AppendConflicts"] for line in written(capsys)] == [[1], [0]]


async def test_a_run_that_sent_nothing_measures_no_append(capsys: pytest.CaptureFixture[str]) -> None:
    log = MeasuredEventLog(table=InMemoryTable(), retention=RETENTION, metrics=LoggedMetrics(namespace="Tailrace/dev"))

    await log.append(HELLO, [], batch_id="run")

    assert written(capsys) == []


async def test_an_append_that_fails_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    table = FailingTable(LogRefused("no permission"))
    log = MeasuredEventLog(table=table, retention=RETENTION, metrics=LoggedMetrics(namespace="Tailrace/dev"))

    with pytest.raises(LogRefused):
        await log.append(HELLO, [TICK], batch_id="run")

    [line] = written(capsys)
    assert line["AppendFailures"] == [1]
