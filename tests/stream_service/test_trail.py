import logging

import pytest

from stream_service import trail
from stream_service.unwritten import Unwritten
from tailrace.event import Event, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tests.support.rim import notice_of

ASKED_FOR = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOT_ASKED_FOR = f"{ASKED_FOR[:-1]}0"


async def tell(traceparent: str | None) -> None:
    """Tell of a batch's notice and delivery."""
    log = EventLog(table=InMemoryTable())
    events = [Event("secrets", '"of somebody"')] * 2
    [batch] = await log.append(WorkflowId("p_a"), events, batch_id="run", traceparent=traceparent)
    unwritten = Unwritten()
    unwritten.add(batch)
    trail.tell_notice(notice_of(batch))
    for delivered in unwritten.up_to(Position(2)):
        trail.tell_delivery(delivered, seconds=0.0421)


async def test_batch_whose_caller_asked_for_a_trace_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    await tell(ASKED_FOR)

    assert [record.message for record in caplog.records] == ["notice_heard", "batch_delivered"]
    for record in caplog.records:
        fields = vars(record)
        assert (fields["workflow_id"], fields["traceparent"]) == ("p_a", ASKED_FOR)
        assert fields["last_id"].endswith("-2")
        assert "of somebody" not in str(fields)
    assert vars(caplog.records[1])["ms"] == 42


@pytest.mark.parametrize("traceparent", [NOT_ASKED_FOR, None])
async def test_others_are_told_of_to_who_debugs(traceparent: str | None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await tell(traceparent)
    at_info = len(caplog.records)

    caplog.set_level(logging.DEBUG)
    await tell(traceparent)

    assert (at_info, len(caplog.records)) == (0, 2)
