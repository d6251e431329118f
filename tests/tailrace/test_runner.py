import asyncio
import contextvars
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tailrace import Pd, action
from tailrace.errors import InvalidTrigger
from tailrace.runner import RunStatus
from tests.support.running import Bench, sent, tick

SOON = 0.2
"""A deadline that passes, in seconds."""
PATIENCE = 20.0
"""Seconds after which a test gives up on what must happen."""


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a blocking step waits for; opened at the test's end, so that no thread is left behind."""
    gate = threading.Event()
    yield gate
    gate.set()


async def test_steps_run_in_order_and_see_what_came_before(bench: Bench) -> None:
    @bench.workflow.step
    def first(pd: Pd) -> str:
        return str(pd.steps["trigger"]["event"]["body"]) + " 1"

    @bench.workflow.step
    async def second(pd: Pd) -> str:
        await asyncio.sleep(0)
        return str(pd.steps["first"]["$return_value"]) + " 2"

    @bench.workflow.step
    def third(pd: Pd) -> list[str]:
        return list(pd.steps)

    result = await bench.go({"body": "body"})

    assert result.status is RunStatus.COMPLETED
    assert result.steps == {
        "first": {"$return_value": "body 1"},
        "second": {"$return_value": "body 1 2"},
        "third": {"$return_value": ["trigger", "first", "second"]},
    }


async def test_workflow_without_steps_completes(bench: Bench) -> None:
    result = await bench.go()

    assert (result.status, result.steps, result.batches, result.announced) == ("Completed", {}, (), True)


async def test_synchronous_steps_do_not_hold_up_the_loop(bench: Bench, gate: threading.Event) -> None:
    @bench.workflow.step
    def block(_: Pd) -> bool:
        return gate.wait(PATIENCE)

    running = asyncio.create_task(bench.go())
    await asyncio.sleep(0)
    gate.set()  # which a loop that stood still would never come to

    assert (await running).steps["block"]["$return_value"] is True


async def test_steps_see_the_context_variables_of_their_caller(bench: Bench) -> None:
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    bench.workflow.step("in_thread", lambda _: variable.get())

    @bench.workflow.step
    async def in_task(_: Pd) -> str:
        return variable.get()

    steps = (await bench.go()).steps

    assert [steps[name]["$return_value"] for name in ("in_thread", "in_task")] == ["set", "set"]


async def test_callables_of_every_kind_are_steps(bench: Bench) -> None:
    class Sync:
        def __call__(self, pd: Pd) -> str:
            return f"called with {len(pd.steps)} step"

        async def method(self, pd: Pd) -> str:
            return f"awaited with {len(pd.steps)} steps"

    class Async:
        async def __call__(self, pd: Pd) -> str:
            return f"awaited with {len(pd.steps)} steps"

    bench.workflow.step("object", Sync())
    bench.workflow.step("method", Sync().method)
    bench.workflow.step("async_object", Async())
    bench.workflow.step("lambda_of_async", lambda pd: Sync().method(pd))
    bench.workflow.step("lambda_of_send", lambda pd: pd.send.sse(channel="a", payload=1))
    bench.workflow.step("builtin", id)

    result = await bench.go()

    values = [exports["$return_value"] for exports in result.steps.values()]
    assert values[:5] == [
        "called with 1 step",
        "awaited with 2 steps",
        "awaited with 3 steps",
        "awaited with 4 steps",
        None,
    ]
    assert sent(result) == [("a", "1")]


async def test_actions_get_their_props_as_keywords_and_as_inputs(bench: Bench) -> None:
    @action
    def sync_action(pd: Pd, name: str, *, times: int = 2) -> list[Any]:
        return [name, times, pd.inputs]

    @action
    async def async_action(pd: Pd, *, name: str) -> list[Any]:
        return [name, pd.inputs]

    bench.workflow.step(sync_action, name="{{steps.trigger.event.body.name}}")
    bench.workflow.step(async_action, name="Hi {{steps.sync_action.$return_value[0]}}")

    steps = (await bench.go({"body": {"name": "Luke"}})).steps

    assert steps["sync_action"]["$return_value"] == ["Luke", 2, {"name": "Luke", "times": 2}]
    assert steps["async_action"]["$return_value"] == ["Hi Luke", {"name": "Hi Luke"}]


async def test_event_that_is_not_json_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidTrigger, match="The event that starts this run is not JSON"):
        await bench.go({"body": object()})


async def test_event_belongs_to_the_run_alone(bench: Bench) -> None:
    @bench.workflow.step
    def change(pd: Pd) -> None:
        pd.steps["trigger"]["event"]["body"].append(1)

    body: list[int] = []
    await bench.go({"body": body})

    assert body == []


async def test_run_has_an_id_of_each_try_and_one_that_survives(bench: Bench) -> None:
    bench.workflow.step("code", lambda pd: dict(pd.context))

    first = await bench.go(trace_id="trace", now=lambda: 1_769_860_800.5, deadline=28)
    second = await bench.go(trace_id="trace")

    assert first.steps["code"]["$return_value"] == {
        "id": first.run_id,
        "trace_id": "trace",
        "workflow_id": "p_mine",
        "ts": "2026-01-31T12:00:00.500Z",
        "deadline": 1_769_860_828_500,
    }
    assert first.run_id != second.run_id
    assert (first.trace_id, second.trace_id, first.workflow_id) == ("trace", "trace", "p_mine")


async def test_run_without_an_identity_makes_one_up(bench: Bench) -> None:
    result = await bench.go(make_id=lambda: "made-up")

    assert (result.run_id, result.trace_id) == ("made-up", "made-up")
    assert re.fullmatch("[0-9a-f]{32}", (await bench.go()).run_id)


async def test_trigger_tells_the_context_as_pipedreams_does(bench: Bench) -> None:
    bench.workflow.step("code", lambda pd: pd.steps["trigger"]["context"] == dict(pd.context))

    assert (await bench.go()).steps["code"]["$return_value"] is True


async def test_run_that_is_tried_twice_is_delivered_once(bench: Bench) -> None:
    bench.workflow.step(tick)

    first, second = await bench.go(trace_id="trace"), await bench.go(trace_id="trace")

    assert first.batches == second.batches
    assert str(await bench.head()) == str(first.batches[-1].last_id)


async def test_runs_at_once_do_not_mix(bench: Bench) -> None:
    @bench.workflow.step
    async def first(pd: Pd) -> Any:  # noqa: ANN401 - JSON
        await asyncio.sleep(0)
        pd.send.sse(channel="numbers", payload=pd.steps["trigger"]["event"]["number"])
        return pd.steps["trigger"]["event"]["number"]

    bench.workflow.step("second", lambda pd: pd.send.sse(channel="numbers", payload=pd.steps["first"]["$return_value"]))

    results = await asyncio.gather(*(bench.go({"number": number}) for number in range(20)))

    assert [sent(result) for result in results] == [[("numbers", str(number))] * 2 for number in range(20)]
    assert (await bench.head()).position == 40  # type: ignore[union-attr] # there is one
