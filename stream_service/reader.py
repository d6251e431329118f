"""Carries the hub's questions to the log: as many at once as the log's threads, again and again until it answers."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TypeVar

from stream_service.question import AskFrom, AskHead, AskNewest, AskStart, Question
from tailrace.errors import TailraceError
from tailrace.log_reader import LogReader

logger = logging.getLogger(__name__)

_Answer = TypeVar("_Answer")

READS_AT_ONCE = 16
SWEEPS_AT_ONCE = 4
"""Of those: the others are for what clients ask."""
FEW_QUESTIONS = 1024
"""As many wait without being looked at; of more, those that nobody wants any more are dropped."""
LONGEST_PAUSE = 10.0
"""Seconds between two tries, at most; a random part of it, so that streams don't all come back at once."""


class Reader:
    """Asks the log, and hands the answers back to the hub."""

    def __init__(
        self,
        log: LogReader,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._log = log
        self._sleep = sleep
        self._chance = chance
        self._at_once = asyncio.Semaphore(READS_AT_ONCE)
        self._sweeps_at_once = asyncio.Semaphore(SWEEPS_AT_ONCE)
        self._sweeps: set[Question] = set()
        self._tasks: dict[asyncio.Task[None], Question] = {}
        self._many = FEW_QUESTIONS
        self._died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failures = 0
        """Readings that the log failed to answer."""

    @property
    def waiting(self) -> int:
        """How many questions have no answer yet."""
        return len(self._tasks)

    @property
    def sweeps(self) -> int:
        """How many sweeps have begun; not those that pause, since the log failed to answer."""
        return len(self._sweeps)

    def ask(self, question: Question) -> None:
        """Begin to carry out a question."""
        self._count_sweep(question)
        task = asyncio.get_running_loop().create_task(self._carry_out(question))
        self._tasks[task] = question
        task.add_done_callback(self._ended)
        if len(self._tasks) > self._many:
            self._drop_unwanted()

    async def once(self, read: Callable[[LogReader], Awaitable[_Answer]]) -> _Answer:
        """Read for somebody who waits, when it is its turn; what the log raises is theirs."""
        async with self._at_once:
            return await read(self._log)

    async def run(self) -> None:
        """Wait for ever; raise what no reading should have raised, since its stream would wait for ever too."""
        await self._died

    async def close(self) -> None:
        """Drop what has no answer yet."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _count_sweep(self, question: Question) -> None:
        if _sweeps(question):
            self._sweeps.add(question)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._sweeps.discard(self._tasks.pop(task))
        if not task.cancelled() and (error := task.exception()) is not None and not self._died.done():
            self._died.set_exception(error)

    def _drop_unwanted(self) -> None:
        """Cancel what nobody waits for any more, so that what waits is at most twice what is wanted.

        While the log is away, clients that come and go, each for another stream, would leave questions without end.
        """
        unwanted = [task for task, question in self._tasks.items() if not question.wanted()]
        for task in unwanted:
            task.cancel()
        self._many = max(FEW_QUESTIONS, 2 * (len(self._tasks) - len(unwanted)))

    async def _carry_out(self, question: Question) -> None:
        log, workflow_id = self._log, question.workflow_id
        match question:
            case AskNewest(count=count, max_bytes=max_bytes):
                await self._until_answered(
                    question, lambda: log.newest(workflow_id, count, max_bytes=max_bytes), question.answer
                )
            case AskFrom(position=position):
                await self._until_answered(question, lambda: log.read(workflow_id, position), question.answer)
            case AskHead():
                await self._until_answered(question, lambda: log.head(workflow_id), question.answer)
            case AskStart(count=count, channels=channels):
                await self._until_answered(
                    question, lambda: log.start_of_newest(workflow_id, count, channels), question.answer
                )

    async def _until_answered(
        self, question: Question, read: Callable[[], Awaitable[_Answer]], answer: Callable[[_Answer], None]
    ) -> None:
        """Read until the log answers; streams stay open meanwhile."""
        failures = 0
        while question.wanted():
            try:
                async with self._turn_of(question):
                    if not question.wanted():  # by now
                        return
                    found = await read()
            except TailraceError as error:
                failures += 1
                self.failures += 1
                logger.warning("log_not_read", extra={"workflow_id": question.workflow_id, "error": str(error)})
                self._sweeps.discard(question)
                await self._sleep(self._chance() * min(LONGEST_PAUSE, 0.1 * 2 ** min(failures, 10)))
                self._count_sweep(question)
            else:
                answer(found)
                return

    @asynccontextmanager
    async def _turn_of(self, question: Question) -> AsyncIterator[None]:
        """Wait for one of the log's threads; a sweep for one of those that sweeps may have."""
        async with self._sweeps_at_once if _sweeps(question) else nullcontext(), self._at_once:
            yield


def _sweeps(question: Question) -> bool:
    return isinstance(question, AskHead) and question.sweeps
