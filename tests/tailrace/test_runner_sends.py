from typing import Any, NoReturn

import pytest

from tailrace import Pd
from tailrace.errors import LogUnavailable
from tailrace.event import Batch
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.notice import NoticeFailed, Notifier
from tailrace.runner import StepError
from tailrace.table import Item
from tests.support.running import Bench, answer, failure, sent, tick


@pytest.fixture
def bench() -> Bench:
    return Bench()


class Unreachable:
    """A `Notifier` that reaches nobody."""

    async def announce(self, batch: Batch) -> NoReturn:
        raise NoticeFailed(f"{batch.first_id} was not published.")


class AwayTable(InMemoryTable):
    """A table that does not answer."""

    async def put(self, item: Item) -> NoReturn:
        raise LogUnavailable(f"{item.position} was not put.")


async def test_sends_of_all_steps_become_one_batch_in_the_order_of_the_calls(bench: Bench) -> None:
    @bench.workflow.step
    def first(pd: Pd) -> None:
        for number in range(3):
            pd.send.sse(channel="numbers", payload=number)

    @bench.workflow.step
    async def second(pd: Pd) -> None:
        pd.send.sse(channel="numbers", payload=3)

    result = await bench.go(trace_id="trace")

    assert sent(result) == [("numbers", str(number)) for number in range(4)]
    (batch,) = result.batches
    assert (batch.count, batch.batch_id) == (4, "trace:0")
    assert bench.notifier.batches == [batch]
    assert result.announced


async def test_nothing_leaves_before_the_workflow_has_finished(bench: Bench) -> None:
    seen: list[Any] = []

    bench.workflow.step(tick)

    @bench.workflow.step
    async def look(_: Pd) -> None:
        seen.extend([await bench.head(), list(bench.notifier.batches)])

    await bench.go()

    assert seen == [None, []]
    assert len(bench.notifier.batches) == 1


async def test_run_that_sends_nothing_appends_and_announces_nothing(bench: Bench) -> None:
    bench.workflow.step("code", lambda _: None)

    assert (await bench.go()).batches == ()
    assert await bench.head() is None
    assert bench.notifier.batches == []


async def test_large_flush_is_announced_batch_by_batch(bench: Bench) -> None:
    @bench.workflow.step
    def code(pd: Pd) -> None:
        for number in range(20):
            pd.send.sse(channel="large", payload=[number, "x" * 255_000])

    result = await bench.go()

    assert len(result.batches) > 1
    assert bench.notifier.batches == list(result.batches)
    assert sum(batch.count for batch in result.batches) == 20


async def test_notice_that_fails_is_told_and_the_run_is_still_a_success(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.workflow.step(tick)
    notifier: Notifier = Unreachable()

    result = await bench.go(notifier=notifier, trace_id="trace")

    assert (result.status, result.announced, sent(result)) == ("Completed", False, [("ticks", "1")])
    (line,) = caplog.records
    assert line.message == "notice_failed"
    assert vars(line)["trace_id"] == "trace"


async def test_log_that_cannot_be_written_is_no_result(bench: Bench) -> None:
    bench.workflow.step(tick)

    with pytest.raises(LogUnavailable):
        await bench.go(log=EventLog(table=AwayTable(), patience=0))
    assert bench.notifier.batches == []


async def test_exit_ends_the_run_with_its_step_whose_other_code_still_runs(bench: Bench) -> None:
    @bench.workflow.step
    def leave(pd: Pd) -> str:
        pd.flow.exit("enough")
        pd.send.sse(channel="after", payload="exit")
        return "still here"

    bench.workflow.step(tick)

    result = await bench.go()

    assert (result.status, result.exit_reason, result.error) == ("Exited", "enough", None)
    assert result.steps == {"leave": {"$return_value": "still here"}}
    assert sent(result) == [("after", '"exit"')]


async def test_returned_exit_ends_the_run_at_once(bench: Bench) -> None:
    @bench.workflow.step
    def leave(pd: Pd) -> int | None:
        if pd.steps:
            return pd.flow.exit()
        pd.send.sse(channel="never", payload=1)
        return 1

    result = await bench.go()

    assert (result.status, result.exit_reason, sent(result)) == ("Exited", None, [])
    assert result.steps == {"leave": {"$return_value": None}}


async def test_exit_in_the_last_step_is_an_exit_too(bench: Bench) -> None:
    bench.workflow.step("leave", lambda pd: pd.flow.exit("done"))

    assert (await bench.go()).status == "Exited"


async def test_exit_followed_by_a_failure_is_a_failure(bench: Bench) -> None:
    @bench.workflow.step
    def leave(pd: Pd) -> None:
        pd.flow.exit("done")
        raise ValueError("no")

    result = await bench.go()

    assert (result.status, result.error) == ("Failed", StepError(step="leave", type="ValueError", message="no"))


async def test_response_of_any_step_comes_back_and_later_steps_still_run(bench: Bench) -> None:
    bench.workflow.step("answer", lambda pd: pd.respond({"status": 201, "headers": {"X-A": "b"}, "body": [1]}))
    bench.workflow.step(tick)

    result = await bench.go()

    assert (answer(result).status, answer(result).headers, answer(result).body) == (201, {"X-A": "b"}, [1])
    assert sent(result) == [("ticks", "1")]


async def test_second_response_fails_its_step_and_the_first_stays(bench: Bench) -> None:
    bench.workflow.step("first", lambda pd: pd.respond({"status": 201}))
    bench.workflow.step("second", lambda pd: pd.respond({"status": 202}))

    result = await bench.go()

    assert (result.status, failure(result).step, answer(result).status) == ("Failed", "second", 201)
