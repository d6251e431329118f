import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tailrace import Pd, Workflow
from tailrace.runner import RunStatus, StepError
from tests.support.running import Bench, failure, sent, tick

SOON = 0.2
"""A deadline that passes, in seconds."""
PATIENCE = 20.0
"""Seconds after which a test gives up on what must happen."""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def fail_after_sending(pd: Pd) -> None:
    pd.send.sse(channel="own", payload=2)
    raise ValueError("half-way")


def tick_and_exit(pd: Pd) -> None:
    tick(pd)
    pd.flow.exit()


async def fail_after_sending_async(pd: Pd) -> None:
    fail_after_sending(pd)


@pytest.mark.parametrize("failing", [fail_after_sending, fail_after_sending_async])
async def test_failure_delivers_what_was_sent_until_then(bench: Bench, failing: Callable[..., Any]) -> None:
    bench.workflow.step(tick)
    bench.workflow.step("fail", failing)
    bench.workflow.step("never", tick)

    result = await bench.go()

    assert result.status is RunStatus.FAILED
    assert result.error == StepError(step="fail", type="ValueError", message="half-way")
    assert list(result.steps) == ["tick"]
    assert sent(result) == [("ticks", "1"), ("own", "2")]


@pytest.mark.parametrize("failing", [fail_after_sending, fail_after_sending_async])
async def test_failure_drops_all_that_was_sent_where_the_workflow_discards(failing: Callable[..., Any]) -> None:
    bench = Bench(Workflow("p_all_or_nothing", on_error="discard"))
    bench.workflow.step(tick)
    bench.workflow.step("fail", failing)

    result = await bench.go()

    assert (result.status, result.batches, result.announced) == ("Failed", (), True)
    assert await bench.head() is None
    assert bench.notifier.batches == []


@pytest.mark.parametrize("leave", [tick, tick_and_exit])
async def test_workflow_that_discards_delivers_what_gets_through(leave: Callable[..., Any]) -> None:
    bench = Bench(Workflow("p_all_or_nothing", on_error="discard"))
    bench.workflow.step("code", leave)

    assert sent(await bench.go()) == [("ticks", "1")]


@pytest.mark.parametrize("error", [SystemExit(3), GeneratorExit(), StopIteration(1), asyncio.CancelledError()])
@pytest.mark.parametrize("is_async", [False, True])
async def test_whatever_a_step_raises_is_its_failure_and_not_the_process(
    bench: Bench, error: BaseException, is_async: bool
) -> None:
    def fail(_: Pd) -> None:
        raise error

    async def fail_async(pd: Pd) -> None:
        fail(pd)

    bench.workflow.step("fail", fail_async if is_async else fail)

    result = await bench.go()

    expected = "RuntimeError" if is_async and isinstance(error, StopIteration) else type(error).__name__
    assert (result.status, failure(result).type) == ("Failed", expected)


async def test_leaving_the_process_is_the_steps_failure(bench: Bench) -> None:
    bench.workflow.step("leave", lambda _: sys.exit("bye"))

    assert (await bench.go()).error == StepError(step="leave", type="SystemExit", message="bye")


@pytest.mark.parametrize("is_async", [False, True])
async def test_interrupt_is_nobodys_failure_and_nothing_is_sent(bench: Bench, is_async: bool) -> None:
    def interrupt(pd: Pd) -> None:
        tick(pd)
        raise KeyboardInterrupt

    async def interrupt_async(pd: Pd) -> None:
        interrupt(pd)

    bench.workflow.step("code", interrupt_async if is_async else interrupt)

    with pytest.raises(KeyboardInterrupt):
        await bench.go()
    assert await bench.head() is None


async def test_step_that_awaits_what_it_has_cancelled_itself_fails(bench: Bench) -> None:
    @bench.workflow.step
    async def code(_: Pd) -> None:
        task = asyncio.create_task(asyncio.sleep(PATIENCE))
        task.cancel()
        await task

    assert failure(await bench.go()).type == "CancelledError"


@pytest.mark.parametrize(
    ("function", "type_", "message"),
    [
        (lambda pd: pd.steps["gone"], "KeyError", "'gone'"),
        (lambda _: object(), "InvalidExport", "What step 'code' returned is not JSON"),
        (lambda pd: pd.export("it", {1}), "InvalidExport", "The export 'it' of step 'code' is not JSON"),
        (lambda pd: pd.send.sse(channel="", payload=1), "InvalidChannel", "A channel is a text"),
        (lambda pd: pd.send.email(to="x"), "SendNotOffered", "pd.send.email is not offered"),
        (lambda pd: [tick(pd) for _ in range(10_001)], "TooManySends", "has sent 10,000 events"),
        (lambda pd: pd.respond({"status": 42}), "InvalidResponse", "a number from 200 to 599"),
    ],
)
async def test_mistake_is_told_in_the_step_that_made_it(
    bench: Bench, function: Callable[..., Any], type_: str, message: str
) -> None:
    bench.workflow.step("code", function)

    error = failure(await bench.go())

    assert (error.step, error.type) == ("code", type_)
    assert message in error.message


async def test_prop_that_leads_to_nothing_fails_its_step(bench: Bench) -> None:
    bench.workflow.step(tick)
    bench.workflow.step("code", lambda pd: pd.inputs, name="{{steps.trigger.event.body.name}}")

    result = await bench.go({"body": {"nme": "Luke"}})

    assert (failure(result).step, failure(result).type) == ("code", "UnresolvedExpression")
    assert "steps.trigger.event.body is a dict of nme, without .name" in failure(result).message
    assert sent(result) == [("ticks", "1")]


async def test_message_of_an_error_is_bounded(bench: Bench) -> None:
    @bench.workflow.step
    def code(_: Pd) -> None:
        raise ValueError("x" * 1_000_000)

    assert len(failure(await bench.go()).message) == 4_001


async def test_error_that_cannot_describe_itself_is_told_by_its_type(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise TypeError

    @bench.workflow.step
    def code(_: Pd) -> None:
        raise Mute

    assert (await bench.go()).error == StepError(step="code", type="Mute", message="Mute, whose text can't be had")
    assert len(caplog.records) == 1


async def test_failure_is_logged_with_its_traceback(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.workflow.step("fail", fail_after_sending)

    result = await bench.go(trace_id="trace")

    (line,) = caplog.records
    assert (line.message, line.levelno) == ("step_failed", logging.WARNING)
    fields = {"workflow_id": "p_mine", "run_id": result.run_id, "trace_id": "trace", "step": "fail"}
    assert fields.items() <= vars(line).items()
    assert vars(line)["error_type"] == "ValueError"
    assert "fail_after_sending" in str(line.exc_text)
