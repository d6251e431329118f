"""Spans, where nobody records them, and where somebody wants to without the packages for it."""

import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from tailrace.spans import NoSpans, Traces, make_spans
from tailrace.trace import TraceContext

CALLER = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)
OWN = "0123456789abcdef0123456789abcdef"


def test_run_that_is_not_recorded_has_its_place_in_its_callers_trace_all_the_same() -> None:
    with make_spans("off", service="tests").run("p_a", caller=CALLER, trace_id=OWN) as (context, span):
        span.fail("ValueError")

    assert (context.trace_id, context.sampled) == (CALLER.trace_id, True)
    assert context.span_id != CALLER.span_id


def test_run_that_nobody_traces_is_in_a_trace_of_its_own() -> None:
    with NoSpans().run("p_a", caller=None, trace_id=OWN) as (context, _):
        assert (context.trace_id, context.sampled) == (OWN, False)


def test_error_in_a_part_that_is_not_recorded_goes_on_its_way() -> None:
    with pytest.raises(LookupError), NoSpans().part("append", "client", {"tailrace.events": 1}):
        raise LookupError


@pytest.mark.parametrize("missing", ["opentelemetry.sdk", "opentelemetry.exporter"])
def test_setting_says_which_packages_it_takes(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setting: TypeAdapter[Traces] = TypeAdapter(Traces)
    monkeypatch.setitem(sys.modules, missing, None)

    assert setting.validate_python("off") == "off"
    with pytest.raises(ValidationError, match=r'pip install "tailrace\[otel\]"'):
        setting.validate_python("otlp")
