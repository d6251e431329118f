import pytest

from lambdas.workflow_api.traces import caller_of, new_trace_id, own_trace
from tailrace.spans import NoSpans
from tailrace.trace import TraceContext

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADERS = {"headers": {"traceparent": f"00-{TRACE}-{SPAN}-01"}}
XRAY = {"_X_AMZN_TRACE_ID": "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1;Lineage=1:2:0"}


def test_run_goes_on_with_its_callers_trace_under_a_span_of_its_own() -> None:
    caller = caller_of(HEADERS, environ=XRAY)

    with NoSpans().run("p_a", caller=caller, trace_id=new_trace_id()) as (context, _):
        assert (context.trace_id, context.sampled) == (TRACE, True)
        assert context.span_id != SPAN


def test_run_without_a_caller_is_in_the_trace_of_x_ray() -> None:
    context = caller_of({"headers": {}}, environ=XRAY)

    assert context is not None
    assert (context.trace_id, context.sampled) == ("67891233abcdef012345678912345678", True)


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {"traceparent": "00-nonsense"}}])
def test_run_that_nobody_traces_has_its_own_identity_for_a_trace(event: dict[str, object]) -> None:
    identity = new_trace_id()

    caller = caller_of(event, environ={"_X_AMZN_TRACE_ID": "Root=1-a-b;Sampled=0"})

    with NoSpans().run("p_a", caller=caller, trace_id=own_trace(identity)) as (context, _):
        assert (context.trace_id, context.sampled) == (identity, False)


def test_tries_of_one_run_are_in_one_trace_also_where_its_identity_is_no_trace_id() -> None:
    request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    first, second = (own_trace(request_id) for _ in range(2))

    assert first == second
    assert TraceContext.parse(str(TraceContext.begin(first))) is not None


def test_identities_are_random_in_every_digit_since_traces_are_sampled_by_the_last_ones() -> None:
    identities = [new_trace_id() for _ in range(500)]

    assert {len(set(digits)) for digits in zip(*identities, strict=True)} == {16}
