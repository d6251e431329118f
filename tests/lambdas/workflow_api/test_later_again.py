"""Asynchronous and scheduled runs that are invoked more than once."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.scheduled_workflow import ScheduledWorkflow, invocation
from lambdas.workflow_api.once import RunInProgress
from lambdas.workflow_api.records import RecordsUnavailable
from tailrace.errors import LogUnavailable
from tailrace.event import Batch, Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import LambdaContext
from tests.lambdas.workflow_api.test_once import LossyRecordTable
from tests.lambdas.workflow_api.unanswering import UnansweringTable

HELLO = WorkflowId("p_hello")
ONE = LambdaContext(aws_request_id="one", remaining_milliseconds=900_000)
"""An invocation; Lambda's tries of it have its id."""
ANOTHER = LambdaContext(aws_request_id="another", remaining_milliseconds=900_000)

AskFor = Callable[[Api], dict[str, Any]]


def accepted(api: Api) -> dict[str, Any]:
    assert api.gateway().post("/pipelines/p_hello/events", prefer="respond-async").status == 202
    event: dict[str, Any] = json.loads(json.dumps(api.later[-1]))
    return event


def scheduled(_api: Api) -> dict[str, Any]:
    schedule = invocation(ScheduledWorkflow(workflow_id="p_hello", schedule="rate(1 minute)"))
    text = json.dumps(schedule).replace("<aws.scheduler.scheduled-time>", "2026-11-24T08:00:00Z")
    event: dict[str, Any] = json.loads(text)
    return event


@pytest.fixture(params=[accepted, scheduled])
def ask_for(request: pytest.FixtureRequest) -> AskFor:
    ask: AskFor = request.param
    return ask


@dataclass(kw_only=True)
class System(Api):
    """An API whose one workflow counts its runs, and sends the count."""

    table: UnansweringTable = field(default_factory=UnansweringTable)
    records: LossyRecordTable = field(default_factory=LossyRecordTable)
    patience: float = 0
    runs: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.add("p_hello").step("count", self.count)

    def count(self, pd: Pd) -> None:
        self.runs += 1
        pd.send.sse(channel="runs", payload=self.runs)

    def batches(self) -> tuple[Batch, ...]:
        return asyncio.run(EventLog(table=self.table).read(HELLO, 1)).batches


@pytest.fixture
def system() -> System:
    return System()


def test_a_run_that_lambda_tries_again_is_in_the_log_once(system: System, ask_for: AskFor) -> None:
    event = ask_for(system)

    system.table.answers_are_lost = True
    with pytest.raises(LogUnavailable):
        system.function(event, ONE)
    system.table.answers_are_lost = False
    asyncio.run(EventLog(table=system.table).append(HELLO, [Event("others", "1")], batch_id="another"))
    summary = system.function(event, ONE)

    own, _another = system.batches()
    assert [each.payload for each in own.events] == ["1"]
    assert (system.runs, summary["sent"]["first_id"]) == (2, str(own.first_id))


def test_lambdas_next_try_waits_for_no_lease_of_the_one_that_ended_without_a_word(
    system: System, ask_for: AskFor
) -> None:
    event = ask_for(system)

    def crash(_pd: Pd) -> None:
        system.records.away = system.table.answers_are_lost = system.runs == 1

    system.workflows[HELLO].step("crash", crash)
    with pytest.raises(LogUnavailable):
        system.function(event, ONE)
    system.records.away = system.table.answers_are_lost = False
    with pytest.raises(RunInProgress):
        system.function(event, ANOTHER)
    summary = system.function(event, ONE)

    assert (summary["status"], system.runs, len(system.batches())) == ("Completed", 2, 1)


@pytest.mark.parametrize("context", [ONE, ANOTHER])
def test_a_run_that_has_finished_does_not_run_again(system: System, ask_for: AskFor, context: LambdaContext) -> None:
    event = ask_for(system)

    first, again = system.function(event, ONE), system.function(event, context)

    assert again == {"trace_id": first["trace_id"], "status": "AlreadyFinished"}
    assert system.runs == len(system.batches()) == 1


def test_a_run_that_another_invocation_has_in_hand_is_left_to_lambda_to_try_again(
    system: System, ask_for: AskFor
) -> None:
    event = ask_for(system)

    def invoke_again(_pd: Pd) -> None:
        with pytest.raises(RunInProgress):
            system.function(event, ANOTHER)

    system.workflows[HELLO].step("again", invoke_again)
    summary = system.function(event, ONE)

    assert (summary["status"], system.runs) == ("Completed", 1)
    assert system.function(event, ANOTHER)["status"] == "AlreadyFinished"


def test_a_run_begins_only_where_a_record_of_it_can_be_made(system: System, ask_for: AskFor) -> None:
    event = ask_for(system)

    system.records.away = True
    with pytest.raises(RecordsUnavailable):
        system.function(event, ONE)
    system.records.away = False
    system.function(event, ONE)

    assert system.runs == len(system.batches()) == 1


def test_an_accepted_run_has_the_floor_of_the_moment_of_its_acceptance(system: System) -> None:
    asyncio.run(EventLog(table=system.table).append(HELLO, [Event("others", "1")], batch_id="before"))
    [before] = system.batches()

    event = accepted(system)
    asyncio.run(EventLog(table=system.table).append(HELLO, [Event("others", "1")], batch_id="between"))
    system.function(event, ONE)

    assert event["tailrace"]["run"]["floor"] == str(before.first_id)
    [record] = system.records.records.values()
    assert record.floor == before.first_id
