"""DELETE clears a stream: what was sent is gone, whoever follows is told, and again does no harm."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.keys import Verb, make_key
from tailrace.errors import LogRefused, OutcomeUnknown
from tailrace.event import Batch, Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.notice import NoticeFailed
from tailrace.table import Item
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Gateway

EVENTS = "/pipelines/p_hello/events"
HELLO = WorkflowId("p_hello")


def send(api: Api, *payloads: object) -> None:
    """Append what a run has sent."""
    events = [Event.of("c", payload) for payload in payloads]
    asyncio.run(EventLog(table=api.table).append(HELLO, events, batch_id=f"run-{payloads}"))


def left_in(api: Api) -> list[str]:
    batches = asyncio.run(EventLog(table=api.table).read(HELLO, 1)).batches
    return [event.payload for batch in batches for event in batch.events]


def test_what_was_sent_is_gone_and_the_mark_is_announced(api: Api, gateway: Gateway) -> None:
    send(api, 1, 2)
    send(api, 3)

    answer = gateway.request("DELETE", EVENTS)

    assert isinstance(api.notifier, InMemoryNotifier)
    [mark] = api.notifier.batches
    assert answer.status == 200
    assert answer.json == {"workflow_id": "p_hello", "cleared_to": str(mark.last_id), "announced": True}
    assert (mark.cleared, mark.position) == (True, 4)
    assert left_in(api) == []


def test_cleared_again_it_is_answered_alike_and_announced_again(api: Api, gateway: Gateway) -> None:
    send(api, 1)

    first, again = gateway.request("DELETE", EVENTS), gateway.request("DELETE", EVENTS)

    assert isinstance(api.notifier, InMemoryNotifier)
    assert first.json == again.json
    assert len(set(api.notifier.batches)) == 1
    assert len(api.notifier.batches) == 2


def test_what_is_sent_after_it_stays(api: Api, gateway: Gateway) -> None:
    send(api, "before")
    gateway.request("DELETE", EVENTS)

    send(api, "after")

    assert left_in(api) == ['"after"']


def test_a_stream_that_holds_nothing_is_cleared_of_nothing(gateway: Gateway) -> None:
    answer = gateway.request("DELETE", EVENTS)

    assert (answer.status, answer.json["cleared_to"]) == (200, None)


def test_the_stream_of_a_workflow_that_is_gone_can_be_cleared_and_no_id_can_not(api: Api, gateway: Gateway) -> None:
    send(api, 1)

    assert HELLO not in api.workflows
    assert gateway.request("DELETE", EVENTS).json["cleared_to"].endswith("-2")
    assert gateway.request("DELETE", "/pipelines/hello/events").status == 422


def test_a_public_workflow_is_not_cleared_by_strangers_nor_by_who_may_run_it(api: Api) -> None:
    api.add("p_hello", public=True)
    key, kept = make_key("runner", workflows=["*"], verbs=[Verb.RUN, Verb.READ], created_at=datetime.now(UTC))
    api.ring = api.ring.with_key(kept)
    api.function = api.make_function(invoke_later=api.invoke_later)
    send(api, 1)

    assert api.gateway(key=None).request("DELETE", EVENTS).status == 401
    assert api.gateway(key=key).request("DELETE", EVENTS).json["missing"] == {"verb": "clear"}
    assert left_in(api) == ["1"]


class FailingTable(InMemoryTable):
    """Refuses every mark, in one way or the other."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def put(self, item: Item) -> Item | None:
        if item.cleared:
            raise self._error
        return await super().put(item)


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (OutcomeUnknown("away"), 503, "not-cleared"),
        (LogRefused("no permission"), 500, "log-refused"),
    ],
)
def test_a_log_that_fails_is_a_problem_that_tells_nothing_of_it(error: Exception, status: int, kind: str) -> None:
    api = Api(table=FailingTable(error), patience=0.1)
    send(api, 1)

    answer = api.gateway().request("DELETE", EVENTS)

    assert (answer.status, answer.json["type"]) == (status, f"urn:tailrace:problem:{kind}")
    assert str(error) not in answer.body.decode()


class StuckTable(InMemoryTable):
    """Does not end emptying items, the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.stuck = True

    async def empty(self, items: Sequence[Item]) -> None:
        if self.stuck:
            self.stuck = False
            await asyncio.Event().wait()
        await super().empty(items)


def test_a_clear_that_the_functions_time_does_not_suffice_for_is_gone_on_with_by_the_next() -> None:
    api = Api(table=StuckTable())
    send(api, 1)

    late = api.gateway(remaining_milliseconds=2_200).request("DELETE", EVENTS)
    again = api.gateway().request("DELETE", EVENTS)

    assert (late.status, late.headers["retry-after"]) == (503, "5")
    assert again.status == 200
    assert left_in(api) == []


class Silent:
    async def announce(self, batch: Batch) -> None:
        raise NoticeFailed(str(batch.first_id))


def test_a_notice_that_fails_is_told_and_the_stream_is_cleared() -> None:
    api = Api(notifier=Silent())
    send(api, 1)

    answer = api.gateway().request("DELETE", EVENTS)

    assert (answer.status, answer.json["announced"]) == (200, False)
    assert left_in(api) == []
