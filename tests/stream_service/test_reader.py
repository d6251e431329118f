import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest

from stream_service.question import AskFrom, AskHead, AskNewest, AskStart, Question
from stream_service.reader import FEW_QUESTIONS, LONGEST_PAUSE, READS_AT_ONCE, SWEEPS_AT_ONCE, Reader
from tailrace.errors import LogUnavailable
from tailrace.event import Event, EventId, Position, WorkflowId, workflow_id
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryTable
from tailrace.log_reader import Newest, Reading
from tailrace.table import Page
from tests.support.rim import eventually

STREAM = workflow_id("p_stream")
Answer = TypeVar("Answer")


class TroubledTable(InMemoryTable):
    """A table whose readings can be made to fail, or to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.readings = 0
        self.at_once = 0
        self.most_at_once = 0

    async def query(
        self,
        workflow_id: WorkflowId,
        *,
        first: int | None = None,
        last: int | None = None,
        descending: bool = False,
        limit: int | None = None,
        without_events: bool = False,
    ) -> Page:
        self.readings += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.gate.wait()
        finally:
            self.at_once -= 1
        if self.errors:
            raise self.errors.pop(0)
        return await super().query(
            workflow_id, first=first, last=last, descending=descending, limit=limit, without_events=without_events
        )


class Pauses:
    """A sleep that takes no time, and is kept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def table() -> TroubledTable:
    return TroubledTable()


@pytest.fixture
def log(table: TroubledTable) -> EventLog:
    return EventLog(table=table)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
async def reader(log: EventLog, pauses: Pauses) -> Reader:
    return Reader(log, sleep=pauses, chance=lambda: 1.0)


async def answer_to(reader: Reader, question: Callable[[Callable[[Answer], None]], Question]) -> Answer:
    """Ask, and wait for the answer."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    reader.ask(question(answered.set_result))
    return await answered


def always() -> bool:
    return True


def head(answer: Callable[[EventId | None], None], wanted: Callable[[], bool] = always) -> AskHead:
    return AskHead(workflow_id=STREAM, wanted=wanted, answer=answer)


async def append(log: EventLog, *channels: str) -> EventId:
    (batch,) = await log.append(STREAM, [Event.of(channel, 1) for channel in channels], batch_id="-".join(channels))
    return batch.last_id


async def test_head_is_read(reader: Reader, log: EventLog) -> None:
    last = await append(log, "a", "b")

    assert await answer_to(reader, head) == last


async def test_head_of_an_empty_stream_is_none(reader: Reader) -> None:
    assert await answer_to(reader, head) is None


async def test_newest_events_are_read(reader: Reader, log: EventLog) -> None:
    await append(log, "a", "b")

    def question(answer: Callable[[Newest | None], None]) -> AskNewest:
        return AskNewest(workflow_id=STREAM, wanted=always, count=100, max_bytes=1000, answer=answer)

    newest = await answer_to(reader, question)

    assert newest is not None
    assert newest.next == 3
    assert newest.whole


async def test_stream_is_read_on_from_a_position(reader: Reader, log: EventLog) -> None:
    await append(log, "a", "b")
    await append(log, "c")

    def question(answer: Callable[[Reading], None]) -> AskFrom:
        return AskFrom(workflow_id=STREAM, wanted=always, position=Position(2), answer=answer)

    reading = await answer_to(reader, question)

    assert [batch.position for batch in reading.batches] == [1, 3]
    assert not reading.more


async def test_start_of_chosen_channels_is_found(reader: Reader, log: EventLog) -> None:
    await append(log, "a", "b", "a", "b", "b")

    def question(answer: Callable[[EventId | None], None]) -> AskStart:
        return AskStart(workflow_id=STREAM, wanted=always, count=1, channels=frozenset({"a"}), answer=answer)

    start = await answer_to(reader, question)

    assert start is not None
    assert start.position == 2


async def test_log_that_fails_is_asked_until_it_answers(
    reader: Reader, log: EventLog, table: TroubledTable, pauses: Pauses
) -> None:
    last = await append(log, "a")
    table.errors = [LogUnavailable("away")] * 20

    assert await answer_to(reader, head) == last

    assert reader.failures == 20
    assert pauses.seconds == sorted(pauses.seconds)
    assert pauses.seconds[0] < 1
    assert pauses.seconds[-1] == LONGEST_PAUSE


async def test_pauses_are_a_random_part_of_a_growing_time(log: EventLog, table: TroubledTable, pauses: Pauses) -> None:
    chances = iter([0.5, 0.25, 0.0])
    reader = Reader(log, sleep=pauses, chance=lambda: next(chances))
    table.errors = [LogUnavailable("away")] * 3

    await answer_to(reader, head)

    assert pauses.seconds == [0.5 * 0.2, 0.25 * 0.4, 0]


async def test_question_that_nobody_asks_any_more_is_dropped(reader: Reader, table: TroubledTable) -> None:
    answers: list[EventId | None] = []
    wanted = [True, True, False]
    table.errors = [LogUnavailable("away")]

    reader.ask(head(answers.append, lambda: wanted.pop(0)))
    await eventually(lambda: reader.waiting == 0)

    assert answers == []
    assert table.readings == 1


async def test_questions_that_nobody_asks_any_more_do_not_pile_up(reader: Reader, table: TroubledTable) -> None:
    answers: list[EventId | None] = []
    table.gate.clear()
    for _ in range(FEW_QUESTIONS // 2):
        reader.ask(head(answers.append))
    most = 0
    for _ in range(20):
        for _ in range(FEW_QUESTIONS // 2):
            reader.ask(head(answers.append, lambda: False))
        await asyncio.sleep(0)
        most = max(most, reader.waiting)

    table.gate.set()
    await eventually(lambda: reader.waiting == 0)

    assert most <= FEW_QUESTIONS
    assert len(answers) == FEW_QUESTIONS // 2


async def test_only_so_many_readings_go_on_at_once(reader: Reader, table: TroubledTable) -> None:
    answers: list[EventId | None] = []
    table.gate.clear()
    for _ in range(5 * READS_AT_ONCE):
        reader.ask(head(answers.append))
    await eventually(lambda: table.at_once == READS_AT_ONCE)
    assert reader.waiting == 5 * READS_AT_ONCE

    table.gate.set()
    await eventually(lambda: reader.waiting == 0)

    assert len(answers) == 5 * READS_AT_ONCE
    assert table.most_at_once == READS_AT_ONCE


async def test_reading_that_failed_makes_room_for_others_while_it_pauses(log: EventLog, table: TroubledTable) -> None:
    pause = asyncio.Event()

    async def sleep(_: float) -> None:
        await pause.wait()

    reader = Reader(log, sleep=sleep)
    answers: list[EventId | None] = []
    table.errors = [LogUnavailable("away")] * READS_AT_ONCE
    for _ in range(READS_AT_ONCE + 1):
        reader.ask(head(answers.append))

    await eventually(lambda: len(answers) == 1)

    pause.set()
    await eventually(lambda: len(answers) == READS_AT_ONCE + 1)


async def test_what_nobody_foresaw_ends_the_reader(reader: Reader, table: TroubledTable) -> None:
    table.errors = [ZeroDivisionError()]
    reader.ask(head(lambda _: None))

    with pytest.raises(ZeroDivisionError):
        await reader.run()


async def test_answer_that_fails_ends_the_reader(reader: Reader) -> None:
    def answer(_: EventId | None) -> None:
        raise ZeroDivisionError

    reader.ask(head(answer))

    with pytest.raises(ZeroDivisionError):
        await reader.run()


async def test_closing_drops_what_has_no_answer_yet(reader: Reader, table: TroubledTable) -> None:
    answers: list[EventId | None] = []
    table.gate.clear()
    for _ in range(2 * READS_AT_ONCE):
        reader.ask(head(answers.append))
    await eventually(lambda: table.at_once == READS_AT_ONCE)

    await reader.close()

    assert reader.waiting == 0
    assert answers == []


async def test_reader_that_was_closed_has_not_died(reader: Reader, table: TroubledTable) -> None:
    running = asyncio.create_task(reader.run())
    table.gate.clear()
    reader.ask(head(lambda _: None))
    await asyncio.sleep(0)

    await reader.close()

    assert not running.done()
    running.cancel()


async def test_client_is_answered_while_many_streams_are_swept(
    reader: Reader, log: EventLog, table: TroubledTable
) -> None:
    last = await append(log, "a")
    table.gate.clear()
    table.most_at_once = 0
    for _ in range(50):
        reader.ask(AskHead(workflow_id=STREAM, wanted=always, sweeps=True, answer=lambda _: None))
    await eventually(lambda: table.at_once == SWEEPS_AT_ONCE)

    answering = asyncio.create_task(answer_to(reader, head))
    await eventually(lambda: table.at_once == SWEEPS_AT_ONCE + 1)
    table.gate.set()

    assert await answering == last
    assert table.most_at_once == SWEEPS_AT_ONCE + 1


async def test_sweeps_are_counted_until_they_are_answered(reader: Reader) -> None:
    for _ in range(3):
        reader.ask(AskHead(workflow_id=STREAM, wanted=always, sweeps=True, answer=lambda _: None))
    reader.ask(head(lambda _: None))
    assert reader.sweeps == 3

    await eventually(lambda: reader.waiting == 0)
    assert reader.sweeps == 0


async def test_sweep_that_the_log_fails_to_answer_holds_no_other_up(log: EventLog, table: TroubledTable) -> None:
    pausing, go_on = asyncio.Event(), asyncio.Event()

    async def pause(_: float) -> None:
        pausing.set()
        await go_on.wait()

    reader = Reader(log, sleep=pause)
    table.errors = [LogUnavailable("away")]
    reader.ask(AskHead(workflow_id=STREAM, wanted=always, sweeps=True, answer=lambda _: None))
    await pausing.wait()
    assert (reader.sweeps, reader.waiting) == (0, 1)

    go_on.set()
    await eventually(lambda: reader.waiting == 0)
    assert reader.sweeps == 0
