import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tailrace import Pd, Workflow
from tailrace.errors import RunFinished
from tailrace.runner import RunStatus, StepError
from tests.support.running import Bench, failure, sent, tick

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


async def test_deadline_ends_a_step_that_blocks_and_delivers_what_was_sent(
    bench: Bench, gate: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    bench.workflow.step(tick)

    @bench.workflow.step
    def block(pd: Pd) -> None:
        pd.send.sse(channel="own", payload=2)
        gate.wait(PATIENCE)

    bench.workflow.step("never", tick)
    began = time.monotonic()

    result = await bench.go(deadline=SOON)

    assert time.monotonic() - began < PATIENCE / 2
    assert result.status is RunStatus.TIMED_OUT
    assert result.error == StepError(
        step="block", type="TimedOut", message="The run's time, 0.2 seconds, was up before this step had ended."
    )
    assert list(result.steps) == ["tick"]
    assert sent(result) == [("ticks", "1"), ("own", "2")]
    assert [line.message for line in caplog.records] == ["run_timed_out"]


async def test_deadline_cancels_a_step_that_awaits(bench: Bench) -> None:
    cleaned_up = asyncio.Event()

    @bench.workflow.step
    async def wait(pd: Pd) -> None:
        tick(pd)
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            with pytest.raises(RunFinished):
                tick(pd)
            cleaned_up.set()

    result = await bench.go(deadline=SOON)

    await asyncio.wait_for(cleaned_up.wait(), PATIENCE)
    assert (result.status, sent(result)) == ("TimedOut", [("ticks", "1")])


async def test_deadline_ends_a_run_whose_step_will_not_be_cancelled(bench: Bench) -> None:
    let_go = asyncio.Event()

    @bench.workflow.step
    async def stubborn(_: Pd) -> None:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    result = await bench.go(deadline=SOON)
    let_go.set()

    assert result.status == "TimedOut"


async def test_deadline_that_has_passed_begins_no_step(bench: Bench) -> None:
    bench.workflow.step(tick)

    result = await bench.go(deadline=0)

    assert (result.status, failure(result).step, sent(result)) == ("TimedOut", "tick", [])


async def test_run_that_is_done_in_time_keeps_to_its_result(bench: Bench) -> None:
    bench.workflow.step(tick)

    assert (await bench.go(deadline=PATIENCE)).status == "Completed"


async def test_timed_out_run_delivers_nothing_where_the_workflow_discards() -> None:
    bench = Bench(Workflow("p_all_or_nothing", on_error="discard"))

    @bench.workflow.step
    async def wait(pd: Pd) -> None:
        tick(pd)
        await asyncio.sleep(PATIENCE)

    result = await bench.go(deadline=SOON)

    assert (result.status, result.batches) == ("TimedOut", ())


async def test_thread_that_a_deadline_left_behind_cannot_send_any_more(bench: Bench, gate: threading.Event) -> None:
    refused: list[BaseException] = []
    ended = threading.Event()

    @bench.workflow.step
    def block(pd: Pd) -> None:
        gate.wait(PATIENCE)
        late: list[Callable[[], object]] = [
            partial(tick, pd),
            partial(pd.export, "late", 1),
            partial(pd.respond, {}),
            pd.flow.exit,
        ]
        for call in late:
            try:
                call()
            except RunFinished as error:
                refused.append(error)
        ended.set()

    result = await bench.go(deadline=SOON)
    gate.set()
    await asyncio.to_thread(ended.wait, PATIENCE)

    assert len(refused) == 4
    assert (result.response, result.exit_reason) == (None, None)
    assert await bench.head() is None


def test_thread_that_was_left_behind_keeps_neither_loop_nor_process_from_ending(
    gate: threading.Event,
) -> None:
    bench = Bench()
    threads: list[threading.Thread] = []

    @bench.workflow.step
    def block(_: Pd) -> None:
        threads.append(threading.current_thread())
        gate.wait(PATIENCE)

    began = time.monotonic()
    asyncio.run(bench.go(deadline=SOON))

    assert time.monotonic() - began < PATIENCE / 2
    assert threads[0].daemon
    gate.set()
    threads[0].join(PATIENCE)  # its loop is closed by now, and it must not mind


async def test_run_that_is_cancelled_cancels_its_step_and_sends_nothing(bench: Bench) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    @bench.workflow.step
    async def wait(pd: Pd) -> None:
        tick(pd)
        begun.set()
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    running = asyncio.create_task(bench.go())
    await begun.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.wait_for(cancelled.wait(), PATIENCE)
    assert await bench.head() is None
