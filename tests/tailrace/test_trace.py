import pytest

from tailrace.errors import InvalidNotice
from tailrace.event import Batch, Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.notice import Notice, decode_notice, encode_notice
from tailrace.runner import Trigger, run
from tailrace.trace import TraceContext
from tailrace.workflow import Workflow

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"
STREAM = WorkflowId("p_a")


def test_context_is_read_as_it_is_written() -> None:
    context = TraceContext.parse(TRACEPARENT)

    assert context == TraceContext(TRACE, SPAN, sampled=True)
    assert str(context) == TRACEPARENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"01-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"{TRACEPARENT}\n",
        f"{TRACEPARENT}-more",
        f"00-\uff14{TRACE[1:]}-{SPAN}-01",
    ],
)
def test_what_is_no_context_is_none(text: str) -> None:
    assert TraceContext.parse(text) is None


def test_child_stays_in_the_trace_and_a_begun_trace_is_not_sampled() -> None:
    parent = TraceContext(TRACE, SPAN, sampled=True)

    child, begun = parent.child(), TraceContext.begin(TRACE)

    assert (child.trace_id, child.sampled) == (TRACE, True)
    assert len({child.span_id, begun.span_id, SPAN}) == 3
    assert (begun.trace_id, begun.sampled) == (TRACE, False)
    assert TraceContext.parse(str(child)) == child


# --- with a batch


async def test_batch_and_notice_carry_what_the_run_was_given() -> None:
    table, notifier = InMemoryTable(), InMemoryNotifier()
    workflow = Workflow("p_a")
    workflow.step("send", lambda pd: pd.send.sse(channel="c", payload=1))

    result = await run(
        workflow, Trigger(event={}), log=EventLog(table=table), notifier=notifier, traceparent=TRACEPARENT
    )

    [batch] = result.batches
    [reading] = (await EventLog(table=table).read(STREAM, 1)).batches
    notice = decode_notice(encode_notice(batch))
    assert isinstance(notice, Notice)
    assert batch.traceparent == reading.traceparent == notice.traceparent == TRACEPARENT
    assert notice.batch() == reading


async def test_batch_that_is_appended_again_keeps_the_trace_of_its_first_try() -> None:
    log = EventLog(table=InMemoryTable())
    floor = await log.floor(STREAM)
    await log.append(STREAM, [Event("c", "1")], batch_id="run", floor=floor, traceparent=TRACEPARENT)

    [again] = await log.append(STREAM, [Event("c", "1")], batch_id="run", floor=floor, traceparent="another")

    assert again.traceparent == TRACEPARENT


async def test_batch_without_a_trace_has_none_in_its_notice() -> None:
    [batch] = await EventLog(table=InMemoryTable()).append(STREAM, [Event("c", "1")], batch_id="run")

    assert "traceparent" not in encode_notice(batch)
    assert _decoded(batch, encode_notice(batch)).traceparent is None


@pytest.mark.parametrize("text", ['"nonsense"', "7", "null", '["a"]'])
async def test_notice_whose_trace_is_none_is_a_notice_all_the_same(text: str) -> None:
    [batch] = await EventLog(table=InMemoryTable()).append(STREAM, [Event("c", "1")], batch_id="run")
    header, _, events = encode_notice(batch).partition("\n")

    notice = _decoded(batch, f'{header[:-1]},"traceparent":{text}}}\n{events}')

    assert notice.traceparent is None
    assert notice.batch() == batch


def _decoded(batch: Batch, text: str) -> Notice:
    notice = decode_notice(text)
    if not isinstance(notice, Notice) or notice.position != batch.position:
        raise InvalidNotice(text)
    return notice
