"""Who traces sees a run from its caller to the sockets, as OpenTelemetry's spans; who does not pays nothing for it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from cli.running_system import RunningSystem
from tests.support.collector import Collector, Recorded, collector
from tests.support.services import Service, stream_service_process, workflow_api_process
from tests.support.streams import PATIENCE, follow

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
ASKED_FOR = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
API, TASK = "tailrace-workflow-api", "tailrace-stream-service"
NEVER_BY_ITSELF = {"OTEL_BSP_SCHEDULE_DELAY": "3600000"}
"""The function must let its spans out before it has answered: afterwards, Lambda freezes it."""
MODULE = """
from opentelemetry import trace
from tailrace import Workflow

workflow = Workflow("p_orders")


@workflow.step
def look_up(pd):
    with trace.get_tracer("shop").start_as_current_span("ask the shop"):
        pd.send.sse(channel="orders", payload={"of": "somebody secret"})


@workflow.step
def fail(pd):
    if pd.steps["trigger"]["event"]["body"]["fail"]:
        raise ValueError("an order of somebody secret")
"""


@dataclass(frozen=True, kw_only=True)
class Traced:
    """The whole system, with all of its spans sent to a collector."""

    collector: Collector
    system: RunningSystem
    api: Service
    task: Service

    def run(self, *, fail: bool = False, headers: dict[str, str] | None = None) -> str:
        """Run the workflow, and name its trace."""
        answer = httpx.post(
            f"{self.api.url}/pipelines/p_orders/events",
            json={"fail": fail},
            headers={"Authorization": f"Bearer {self.system.api_key}", **(headers or {})},
            trust_env=False,
            timeout=PATIENCE,
        )
        return answer.headers["Tailrace-Trace-Id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("workflows")
    (path / "orders.py").write_text(MODULE)
    return path


@pytest.fixture(scope="module")
def traced(flow_system: RunningSystem, folder: Path) -> Iterator[Traced]:
    with ExitStack() as running:
        spans = running.enter_context(collector())
        task = running.enter_context(stream_service_process(flow_system, settings=spans.environment))
        system = replace(flow_system, stream_url=task.url)
        settings = {**spans.environment, **NEVER_BY_ITSELF}
        api = running.enter_context(workflow_api_process(system, workflows=folder, settings=settings))
        yield Traced(collector=spans, system=system, api=api, task=task)


def named(spans: list[Recorded], trace_id: str) -> dict[str, Recorded]:
    return {span.name: span for span in spans if span.trace_id == trace_id}


async def test_spans_of_a_run_lead_from_its_caller_to_the_sockets(traced: Traced) -> None:
    async with follow(traced.task.url, "p_orders") as client:
        await client.next()
        traced.run(headers=ASKED_FOR)
        await client.next()
        traced.collector.wait_for(lambda span: span.trace_id == TRACE and span.name == "deliver p_orders")

    spans = named(traced.collector.spans, TRACE)

    run = spans["run p_orders"]
    assert (run.parent_id, run.service) == (CALLER, API)
    assert {name: (span.parent_id, span.service) for name, span in spans.items() if span is not run} == {
        "step look_up": (run.span_id, API),
        "ask the shop": (spans["step look_up"].span_id, API),
        "step fail": (run.span_id, API),
        "append": (run.span_id, API),
        "publish": (run.span_id, API),
        "deliver p_orders": (run.span_id, TASK),
    }


async def test_span_of_a_stream_ends_with_its_headers_and_keeps_its_token_to_itself(traced: Traced) -> None:
    caller = {"traceparent": f"00-{'a' * 32}-{CALLER}-01"}

    async with follow(traced.task.url, "p_orders", query={"token": "a-secret"}, headers=caller) as client:
        await client.next()
        [span] = traced.collector.wait_for(lambda span: span.trace_id == "a" * 32)

    assert span.name == "GET /pipelines/{workflow_id}/sse"
    assert (span.parent_id, span.service) == (CALLER, TASK)
    assert span.attributes["http.response.status_code"] == 200
    assert span.attributes["tailrace.workflow_id"] == "p_orders"
    assert "a-secret" not in span.text


def test_trace_that_nobody_began_has_the_id_that_the_runs_answer_names(traced: Traced) -> None:
    trace_id = traced.run()

    [run] = traced.collector.wait_for(lambda span: span.trace_id == trace_id and span.name.startswith("run "))

    assert run.parent_id == ""


def test_failure_is_told_by_its_type_and_no_payload_is(traced: Traced) -> None:
    trace_id = traced.run(fail=True)

    traced.collector.wait_for(lambda span: span.trace_id == trace_id and span.name.startswith("run "))

    spans = named(traced.collector.spans, trace_id)
    assert {name for name, span in spans.items() if span.failed} == {"run p_orders", "step fail"}
    assert spans["step fail"].attributes["error.type"] == "ValueError"
    assert not [span for span in traced.collector.spans if "secret" in span.text]


def test_caller_who_does_not_want_a_trace_gets_none(traced: Traced) -> None:
    unwanted = "b" * 32
    traced.run(headers={"traceparent": f"00-{unwanted}-{CALLER}-00"})
    later = traced.run()

    traced.collector.wait_for(lambda span: span.trace_id == later and span.name.startswith("run "))

    assert unwanted not in {span.trace_id for span in traced.collector.spans}


def test_load_balancers_questions_are_not_recorded(traced: Traced) -> None:
    httpx.get(f"{traced.task.url}/readyz", trust_env=False, timeout=PATIENCE)
    url = f"{traced.task.url}/streams/p_orders/events"
    httpx.get(url, headers={"traceparent": f"00-{'c' * 32}-{CALLER}-01"}, trust_env=False, timeout=PATIENCE)

    traced.collector.wait_for(lambda span: span.trace_id == "c" * 32)

    assert not [span for span in traced.collector.spans if "readyz" in span.text]


NOTHING_LOADED = """
import json, sys
import lambdas.workflow_api.handler, stream_service.start
import stream_service.service

print(json.dumps([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))]))
"""


def test_nothing_of_it_is_loaded_where_it_is_off() -> None:
    done = subprocess.run([sys.executable, "-c", NOTHING_LOADED], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == []


async def test_nothing_is_sent_where_it_is_off(flow_system: RunningSystem, folder: Path) -> None:
    with ExitStack() as running:
        spans = running.enter_context(collector())
        settings = {**spans.environment, "TAILRACE_TRACES": "off"}
        task = running.enter_context(stream_service_process(flow_system, settings=settings))
        system = replace(flow_system, stream_url=task.url)
        api = running.enter_context(workflow_api_process(system, workflows=folder, settings=settings))
        silent = Traced(collector=spans, system=system, api=api, task=task)
        async with follow(task.url, "p_orders") as client:
            await client.next()
            silent.run(headers=ASKED_FOR)
            await client.until(1)

    assert spans.spans == []
