"""The model's writers: whatever becomes of requests, answers and processes, the log keeps its promises."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tailrace.event import Batch, Event
from tests.model.settings import ITEM_BYTES, PAGE_BYTES, lateness
from tests.model.writers import Process, Run, Try
from tests.support.log import DAY, HOUR, MINUTE, STREAM, check_kept, check_landed
from tests.support.stepping import SteppedTable, left_alone
from tests.support.stream_log import Streams

PROCESSES = 3
TRIES = 3
"""At once."""
LONGEST_TRY = 15 * MINUTE
"""As long as a function may run; a process that is frozen and thawed again lives for days."""
KEPT_FOR = 22 * HOUR
"""For so long at least after a batch has landed, the batch is known to whoever tries its run again."""

WRITES = ("put", "extend", "delete")
"""What an append decides on."""

some = st.integers(0, 99)
"""Chooses from whatever there is."""
processes = st.integers(0, PROCESSES - 1)
decisions = st.sampled_from([(), WRITES, ("put",), ("announce",)])
"""What an append that has begun comes to: what it writes first, its put, its notice; nothing at all for now."""
channels = st.lists(st.sampled_from("ab"), min_size=1, max_size=5)
WRONG = 15 * MINUTE - 1
"""By how much a clock may be wrong: less than a quarter of an hour."""
skews = st.sampled_from([0, 0, 0, -WRONG, WRONG])
days = st.sampled_from([1, 1, 1, 3])


@dataclass(frozen=True, slots=True)
class Late:
    """A write that nobody waits for any more."""

    decided: float
    operation: str | None
    land: Callable[[], object]


class Writing(RuleBasedStateMachine):
    """The writers' part of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.streams = Streams(page_bytes=PAGE_BYTES, item_bytes=ITEM_BYTES)
        self.processes = [self._process(0, 1) for _ in range(PROCESSES)]
        self.runs: list[Run] = []
        self.late: list[Late] = []
        self.notices: list[Batch] = []
        """All that was ever published."""
        self.on_the_way: list[Batch] = []
        self.lossless = False
        """Whether every batch has been announced, and every notice arrives in the end: then nothing needs a sweep."""
        self._begun = 0

    # --- undisturbed

    @rule(process=processes, channels=channels)
    def append(self, process: int, channels: list[str]) -> None:
        self._append(channels, process)

    @precondition(lambda self: self.streams.items)
    @rule(process=processes)
    def clear(self, process: int) -> None:
        self._finish(self._begin_to_clear(process))

    # --- step by step

    @precondition(lambda self: len(self._tries()) < TRIES)
    @rule(process=processes, channels=channels, until=decisions)
    def begin_to_append(self, process: int, channels: list[str], until: tuple[str, ...]) -> None:
        self._go_on_until(self._begin(process, channels, again=False), until)

    @precondition(lambda self: len(self._tries()) < TRIES)
    @rule(process=processes, channels=channels, until=decisions)
    def begin_what_may_be_tried_again(self, process: int, channels: list[str], until: tuple[str, ...]) -> None:
        self._go_on_until(self._begin(process, channels, again=True), until)

    @precondition(lambda self: self.streams.items and len(self._tries()) < TRIES)
    @rule(process=processes, marked=st.booleans())
    def begin_to_clear(self, process: int, *, marked: bool) -> None:
        begun = self._begin_to_clear(process)
        if marked:
            self._go_on_until(begun, ("empty",))

    @precondition(lambda self: self._runs() and len(self._tries()) < TRIES)
    @rule(choice=some, process=processes, channels=channels, until=decisions)
    def try_again(self, choice: int, process: int, channels: list[str], until: tuple[str, ...]) -> None:
        runs = self._runs()
        self._go_on_until(self._try(runs[choice % len(runs)], process, channels), until)

    @precondition(lambda self: self._tries())
    @rule(choice=some, steps=st.sampled_from([1, 1, 2, 4]))
    def go_on(self, choice: int, steps: int) -> None:
        chosen = self._chosen(choice)
        for _ in range(steps):
            self._go_on(chosen)

    @precondition(lambda self: self._tries())
    @rule(choice=some)
    def finish(self, choice: int) -> None:
        self._finish(self._chosen(choice))

    # --- trouble

    @precondition(lambda self: self._tries())
    @rule(choice=some)
    def lose_a_request(self, choice: int) -> None:
        chosen = self._chosen(choice)
        self._lose_notice(chosen)
        chosen.lose_request(self.streams.now)
        self._hear(chosen)

    @precondition(lambda self: self._tries())
    @rule(choice=some)
    def lose_an_answer(self, choice: int) -> None:
        chosen = self._chosen(choice)
        chosen.lose_answer(self.streams.now)
        self._hear(chosen)

    @precondition(lambda self: self._tries())
    @rule(choice=some)
    def let_a_write_be_late(self, choice: int) -> None:
        chosen = self._chosen(choice)
        if (operation := chosen.next) in (*WRITES, "empty"):
            decided = chosen.decided
            self.late.append(Late(decided, operation, chosen.delay(self.streams.now)))
            self._hear(chosen)

    @precondition(lambda self: self.late)
    @rule(choice=some)
    def land(self, choice: int) -> None:
        self.late.pop(choice % len(self.late)).land()

    @precondition(lambda self: not self.lossless)
    @rule(process=processes, channels=channels)
    def be_killed_while_a_write_is_on_its_way(self, process: int, channels: list[str]) -> None:
        begun = self._begin(process, channels, again=False)
        self._go_on_until(begun, WRITES)
        if not begun.ended:
            self.late.append(Late(begun.decided, begun.next, begun.delay(self.streams.now)))
            begun.crash()
            self._hear(begun)

    @precondition(lambda self: self._tries() and not self.lossless)
    @rule(choice=some)
    def give_up(self, choice: int) -> None:
        chosen = self._chosen(choice)
        chosen.crash()
        self._hear(chosen)

    @rule(process=processes, skew=skews, days=days)
    def replace_a_process(self, process: int, skew: int, days: int) -> None:
        for each in self.processes[process].tries:
            each.crash()
            self.lossless = False
        self.processes[process] = self._process(skew, days)

    # --- how

    def _process(self, skew: int, days: int) -> Process:
        log = self.streams.log_over(SteppedTable(self.streams.table), skew=skew, days=days)
        return Process(log, self._publish)

    def _publish(self, batch: Batch) -> None:
        self.notices.append(batch)
        self.on_the_way.append(batch)

    def _append(self, channels: list[str], process: int = 0) -> None:
        self._finish(self._begin(process, channels, again=False))

    def _begin(self, process: int, channels: list[str], *, again: bool) -> Try:
        self._begun += 1
        run = Run(f"{self._begun}", self.streams.now)
        if again:
            run.floor = left_alone(self.processes[process].log.floor(STREAM))
        self.runs.append(run)
        return self._try(run, process, channels)

    def _try(self, run: Run, process: int, channels: list[str]) -> Try:
        events = [Event.of(channel, f"{run.name}.{len(run.sent)}.{each}") for each, channel in enumerate(channels)]
        return self.processes[process].begin(run, events, self.streams.now)

    def _begin_to_clear(self, process: int) -> Try:
        self._begun += 1
        return self.processes[process].begin_to_clear(f"{self._begun}", self.streams.now)

    def _go_on(self, chosen: Try) -> None:
        if not chosen.ended:
            chosen.go_on(self.streams.now)
            self._hear(chosen)

    def _go_on_until(self, chosen: Try, operations: tuple[str, ...]) -> None:
        """Go on until one of these operations comes next; not at all where none is named."""
        while operations and not chosen.ended and chosen.next not in operations:
            self._go_on(chosen)

    def _runs(self) -> list[Run]:
        """Those that may be tried again."""
        return [run for run in self.runs if run.floor and self.streams.now - run.began < DAY]

    def _tries(self) -> list[Try]:
        return [each for process in self.processes for each in process.tries]

    def _chosen(self, choice: int) -> Try:
        tries = self._tries()
        return tries[choice % len(tries)]

    def _lose_notice(self, chosen: Try) -> None:
        if chosen.next == "announce":
            self.lossless = False

    def _finish(self, chosen: Try) -> None:
        chosen.finish(self.streams.now)
        self._hear(chosen)

    def _hear(self, chosen: Try) -> None:
        """Forget a try that has ended, and hold what came of it against the log."""
        if not chosen.ended:
            return
        for process in self.processes:
            process.tries = [each for each in process.tries if each is not chosen]
        if not chosen.succeeded:
            self.lossless = False
        elif chosen.run is None and chosen.batches:
            self._check_cleared(chosen.batches[-1])

    def _check_cleared(self, mark: Batch) -> None:
        before = [item for item in self.streams.items.values() if item.position < mark.position]
        left = [item for item in before if item.generation == mark.generation and not item.cleared]
        assert not left, f"{left} were not cleared."

    def let_pass(self, seconds: float) -> None:
        """Let time pass, in which tries come to their end, and writes become too late to land."""
        self.streams.now += seconds
        for each in self._tries():
            if self.streams.now - each.began >= LONGEST_TRY:
                each.crash()
                self._hear(each)
        # Emptying may be as late as it likes: it does nothing to another life of the stream.
        may_land = [late for late in self.late if late.operation == "empty" or self._may_land(late)]
        self.late = may_land

    def _may_land(self, late: Late) -> bool:
        return self.streams.now - late.decided < lateness()

    def check_log(self) -> None:
        """Let every try come to its end, and late writes land; then hold the log against what it promises."""
        for each in self._tries():
            self._finish(each)
        while self.late:
            self.late.pop().land()
        landed = self.streams.table.landed
        check_landed(landed, once_in=KEPT_FOR)
        check_kept(self.streams.table, now=self.streams.now)
        for run in self.runs:
            run.check(landed)
