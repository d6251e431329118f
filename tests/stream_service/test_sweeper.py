"""Sweeps by a stepped clock: how often each stream is swept, and how many a second all together."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import pytest

from infra.stages import stage_config
from infra.task_bounds import task_bounds
from stream_service import sweeper as module
from stream_service.hub import Hub
from stream_service.pulse import DEGRADED_AFTER, READY_AFTER, Pulse
from stream_service.question import AskHead, AskNewest, Question
from stream_service.subscription import Subscription
from stream_service.sweeper import LONGEST_SECONDS, MOST_UNDERWAY, TURN_SECONDS, Pace, Sweeper
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import eventually, some_settings

PACE = Pace(every=15, per_second=10, degraded_every=2, degraded_per_second=50)


class Deaf:
    """A connection that keeps nothing."""

    def write(self, data: bytes) -> None: ...

    def end(self) -> None: ...

    def abort(self) -> None: ...


class Watched:
    """Streams that are watched, and when each was swept: every sweep is a question for a head."""

    def __init__(self, streams: int, pulse: Pulse, pace: Pace = PACE, *, jitter: float = 1.0) -> None:
        self.now = 0.0
        self.pulse = pulse
        self.swept: list[tuple[float, str]] = []
        self.underway = 0
        self.answering = True
        self.hub = Hub(ask=self._ask, bounds=some_settings().bounds)
        self.subscriptions = [self.watch(f"p_{number}") for number in range(streams)]
        self.sweeper = Sweeper(self.hub, pulse, pace=pace, underway=lambda: self.underway, jitter=lambda: jitter)
        self.sweeper.sweep_due(0.0)

    def watch(self, stream: str) -> Subscription:
        return self.hub.subscribe(WorkflowId(stream), Deaf(), Wish())

    def step(self, seconds: float) -> None:
        """Let the time go by, in the sweeper's own steps."""
        for _ in range(round(seconds / TURN_SECONDS)):
            self.now += TURN_SECONDS
            self.sweeper.sweep_due(self.now)

    @property
    def most_in_a_second(self) -> int:
        return max(Counter(int(at) for at, _ in self.swept).values(), default=0)

    def pauses(self) -> Iterable[float]:
        """Between two sweeps of the same stream."""
        times: dict[str, list[float]] = {}
        for at, stream in self.swept:
            times.setdefault(stream, []).append(at)
        return (later - earlier for each in times.values() for earlier, later in pairwise(each))

    def _ask(self, question: Question) -> None:
        match question:
            case AskNewest():
                question.answer(None)
            case AskHead(sweeps=True):
                self.swept.append((self.now, question.workflow_id))
                if self.answering:
                    question.answer(None)
                else:
                    self.underway += 1
            case _:
                raise AssertionError(question)


def healthy() -> Pulse:
    pulse = Pulse()
    for _ in range(READY_AFTER):
        pulse.came_back(pulse.next_number())
    return pulse


def fall_silent(pulse: Pulse) -> None:
    for _ in range(DEGRADED_AFTER + 1):
        pulse.next_number()


@pytest.mark.parametrize("streams", [1, 2, 150])
def test_few_streams_are_swept_once_an_interval_each(streams: int) -> None:
    watched = Watched(streams, healthy())

    watched.step(60)

    assert len(watched.swept) == pytest.approx(4 * streams, abs=1)
    assert list(watched.pauses()) == pytest.approx([15.0] * (len(watched.swept) - streams), abs=2 * TURN_SECONDS)


def test_interval_grows_with_the_streams_and_the_sweeps_a_second_do_not() -> None:
    watched = Watched(400, healthy())

    watched.step(120)

    assert len(watched.swept) == pytest.approx(1_200, abs=2)
    assert watched.most_in_a_second <= 11
    assert max(watched.pauses()) <= 40 + 2 * TURN_SECONDS


@pytest.mark.parametrize("stage", ["dev", "prod"])
@pytest.mark.parametrize("pulse", ["healthy", "in doubt"])
def test_task_with_as_many_streams_as_it_may_have_sweeps_each_once_a_minute(stage: str, pulse: str) -> None:
    config = stage_config(stage).stream_service
    assert config is not None
    bounds = {name.removeprefix("TAILRACE_").lower(): value for name, value in task_bounds(config).items()}
    settings = some_settings(**bounds)
    watched = Watched(settings.max_connections, healthy() if pulse == "healthy" else Pulse(), settings.pace)

    watched.step(2 * LONGEST_SECONDS)

    allowed = settings.pace.per_second if pulse == "healthy" else settings.pace.degraded_per_second
    assert watched.most_in_a_second <= max(allowed, settings.max_connections / LONGEST_SECONDS) + 2
    assert len({stream for _, stream in watched.swept}) == settings.max_connections
    assert max(watched.pauses()) <= LONGEST_SECONDS + 2 * TURN_SECONDS


def test_newcomer_is_swept_within_an_interval_and_not_at_once() -> None:
    watched = Watched(150, healthy())
    watched.step(7)
    watched.watch("p_new")

    watched.step(17)

    [at] = [at for at, stream in watched.swept if stream == "p_new"]
    assert 20 <= at <= 24


def test_streams_are_swept_often_while_notices_may_not_come() -> None:
    watched = Watched(3, Pulse())

    watched.step(60)

    assert list(watched.pauses()) == pytest.approx([2.0] * (len(watched.swept) - 3), abs=2 * TURN_SECONDS)
    assert len(watched.swept) >= 3 * 28


def test_thousands_of_streams_in_doubt_leave_the_task_time_for_its_clients() -> None:
    watched = Watched(2_000, Pulse())

    watched.step(80)

    assert watched.most_in_a_second <= 51
    assert max(watched.pauses()) <= 40 + 2 * TURN_SECONDS


def test_sweeps_become_frequent_as_soon_as_canaries_stay_away() -> None:
    watched = Watched(4, healthy())
    watched.step(1)
    fall_silent(watched.pulse)

    watched.step(2.5)

    assert {stream for _, stream in watched.swept} == {"p_0", "p_1", "p_2", "p_3"}


def test_streams_are_all_swept_once_more_after_canaries_have_come_back() -> None:
    watched = Watched(100, healthy())
    fall_silent(watched.pulse)
    watched.step(10)
    watched.pulse.came_back(watched.pulse.next_number())
    assert not watched.pulse.degraded
    watched.swept.clear()

    watched.step(2.5)

    assert len({stream for _, stream in watched.swept}) == 100
    assert len(watched.swept) < 110


def test_all_streams_are_swept_soon_when_they_are_in_doubt_and_not_in_one_turn() -> None:
    watched = Watched(100, healthy())
    watched.step(8)
    watched.swept.clear()

    watched.sweeper.all_in_doubt()
    watched.step(2.25)

    assert len({stream for _, stream in watched.swept}) == 100
    assert max(Counter(at for at, _ in watched.swept).values()) <= 14
    watched.step(15)
    assert len(watched.swept) == pytest.approx(200, abs=5)


def test_stream_that_came_a_moment_before_the_doubt_is_swept_with_the_others() -> None:
    watched = Watched(2, healthy())
    watched.step(0.5)
    watched.watch("p_new")

    watched.sweeper.all_in_doubt()
    watched.step(2.5)

    assert [stream for _, stream in watched.swept][:3] == ["p_0", "p_1", "p_new"]


def test_no_more_is_asked_while_the_log_is_slow() -> None:
    watched = Watched(1_000, Pulse())
    watched.answering = False

    watched.step(30)
    assert len(watched.swept) == MOST_UNDERWAY

    watched.underway = 0
    watched.step(1)
    assert len(watched.swept) > MOST_UNDERWAY


def test_stream_that_nobody_watches_any_more_is_forgotten() -> None:
    watched = Watched(3, healthy())
    watched.subscriptions[0].leave()
    watched.hub.tick(0.0)
    watched.hub.tick(1000.0)

    watched.step(60)

    assert {stream for _, stream in watched.swept} == {"p_1", "p_2"}
    assert len(watched.swept) == pytest.approx(8, abs=1)


def test_sweeps_are_jittered() -> None:
    watched = Watched(1, healthy(), jitter=0.75)

    watched.step(110)

    assert list(watched.pauses()) == pytest.approx([20.0] * 4, abs=2 * TURN_SECONDS)


async def test_sweeper_runs_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", 0.01)
    watched = Watched(1, Pulse(), Pace(degraded_every=0.02))
    running = asyncio.create_task(watched.sweeper.run())

    await eventually(lambda: len(watched.swept) >= 3)

    running.cancel()
