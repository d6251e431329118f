"""Who has a run in hand, in which order whatever happens."""

from dataclasses import dataclass, field, replace

import pytest

from lambdas.workflow_api.once import KEPT, Asked, Once, OtherRequest, RunInProgress
from lambdas.workflow_api.records import Record, RecordsUnavailable
from tailrace.event import BEGINNING, Event, EventId, Position, WorkflowId
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tests.lambdas.workflow_api.records import InMemoryRecordTable

HELLO = WorkflowId("p_hello")
ASKED = Asked(record_id="p_hello#7f", workflow_id=HELLO, fingerprint="e3")
TICK = Event("ticks", "1")


class LossyRecordTable(InMemoryRecordTable):
    """Does what it is asked, and may not be heard."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    async def create(self, record: Record, *, now: float) -> Record | None:
        self._check()
        return await super().create(record, now=now)

    async def change(self, record: Record, *, seen: Record) -> Record | None:
        self._check()
        return await super().change(record, seen=seen)

    def _check(self) -> None:
        if self.away:
            raise RecordsUnavailable("The table does not answer.")


@dataclass(kw_only=True)
class World:
    """Processes that share a table, a log and the true time."""

    now: float = 1_800_000_000.0
    records: LossyRecordTable = field(default_factory=LossyRecordTable)
    items: InMemoryTable = field(default_factory=InMemoryTable)

    def process(self) -> Once:
        return Once(table=self.records, log=self.log(), now=lambda: self.now)

    def log(self) -> EventLog:
        return EventLog(table=self.items)


async def test_the_first_to_ask_fixes_the_floor_for_all() -> None:
    world = World()
    await world.log().append(HELLO, [TICK] * 3, batch_id="before")
    first = await world.process().begin(ASKED, seconds=30)
    await world.log().append(HELLO, [TICK], batch_id="between")

    world.now += 31
    second = await world.process().begin(ASKED, seconds=30)

    assert first.floor.position == 1
    assert (second.floor, second.trace_id) == (first.floor, first.trace_id)
    assert second.try_id != first.try_id


async def test_of_an_empty_stream_the_floor_is_the_beginning() -> None:
    record = await World().process().begin(ASKED, seconds=30)

    assert record.floor == BEGINNING


async def test_a_floor_and_a_trace_id_that_are_known_already_are_kept() -> None:
    floor = EventId("m1", Position(7))

    record = await World().process().begin(replace(ASKED, trace_id="7f", floor=floor), seconds=30)

    assert (record.trace_id, record.floor) == ("7f", floor)


async def test_a_run_in_hand_is_nobody_elses_until_its_lease_is_over() -> None:
    world = World()
    await world.process().begin(ASKED, seconds=30)

    world.now += 29
    with pytest.raises(RunInProgress) as caught:
        await world.process().begin(ASKED, seconds=30)
    world.now += 1
    await world.process().begin(ASKED, seconds=30)

    assert caught.value.seconds == 1


async def test_of_two_that_take_over_at_once_one_does() -> None:
    world = World()
    await world.process().begin(ASKED, seconds=30)
    world.now += 31
    change, rivals = world.records.change, [world.process()]

    async def interrupted(record: Record, *, seen: Record) -> Record | None:
        if rivals:
            await rivals.pop().begin(ASKED, seconds=30)
        return await change(record, seen=seen)

    world.records.change = interrupted  # type: ignore[method-assign] # another process comes in between

    with pytest.raises(RunInProgress):
        await world.process().begin(ASKED, seconds=30)


async def test_tries_of_one_invocation_follow_each_other_without_waiting() -> None:
    world = World()
    asked = replace(ASKED, try_id="invocation")

    first, second = [await world.process().begin(asked, seconds=900) for _ in range(2)]

    assert second == first
    with pytest.raises(RunInProgress):
        await world.process().begin(replace(asked, try_id="another"), seconds=900)


async def test_what_a_run_came_to_is_what_others_find() -> None:
    world = World()
    once = world.process()
    await once.finish(await once.begin(ASKED, seconds=30), b"answer")

    found = await world.process().begin(ASKED, seconds=30)

    assert (found.finished, found.answer) == (True, b"answer")


async def test_the_first_to_finish_is_the_one_that_counts() -> None:
    world = World()
    slow, fast = world.process(), world.process()
    lost = await slow.begin(ASKED, seconds=30)
    world.now += 31
    taken = await fast.begin(ASKED, seconds=30)

    first = await slow.finish(lost, b"slow, but first")
    second = await fast.finish(taken, b"fast, but second")

    assert first.answer == second.answer == b"slow, but first"


async def test_a_run_that_failed_is_given_back() -> None:
    world = World()
    once = world.process()
    first = await once.begin(ASKED, seconds=30)

    with pytest.raises(ZeroDivisionError):
        async with once.in_hand(first):
            raise ZeroDivisionError
    second = await world.process().begin(ASKED, seconds=30)

    assert (second.trace_id, second.floor) == (first.trace_id, first.floor)


async def test_a_run_that_others_have_taken_over_is_not_given_back_for_them() -> None:
    world = World()
    once = world.process()
    first = await once.begin(ASKED, seconds=30)
    world.now += 31
    await world.process().begin(ASKED, seconds=30)

    with pytest.raises(ZeroDivisionError):
        async with once.in_hand(first):
            raise ZeroDivisionError

    with pytest.raises(RunInProgress):
        await world.process().begin(ASKED, seconds=30)


@pytest.mark.parametrize("finished", [True, False])
async def test_the_same_key_for_something_else_is_refused_at_any_time(*, finished: bool) -> None:
    world = World()
    once = world.process()
    record = await once.begin(ASKED, seconds=30)
    if finished:
        await once.finish(record, b"answer")

    with pytest.raises(OtherRequest):
        await world.process().begin(replace(ASKED, fingerprint="e4"), seconds=30)


async def test_a_record_is_kept_for_a_day_and_then_the_same_key_is_another_run() -> None:
    world = World()
    once = world.process()
    first = await once.finish(await once.begin(ASKED, seconds=30), b"answer")

    world.now += KEPT - 1
    kept = await once.begin(ASKED, seconds=30)
    world.now += 1
    another = await once.begin(ASKED, seconds=30)

    assert kept == first
    assert not another.finished
    assert another.trace_id != first.trace_id


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    once = world.process()
    record = await once.begin(ASKED, seconds=30)

    world.records.away = True
    finished = await once.finish(record, b"answer")

    assert (finished.try_id, finished.answer) == (record.try_id, b"answer")
    assert "answer_not_kept" in caplog.messages


async def test_a_run_that_cannot_be_given_back_fails_as_it_did(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    once = world.process()
    record = await once.begin(ASKED, seconds=30)

    world.records.away = True
    with pytest.raises(ZeroDivisionError):
        async with once.in_hand(record):
            raise ZeroDivisionError

    assert "run_not_given_back" in caplog.messages
