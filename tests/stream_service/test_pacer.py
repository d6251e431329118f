import asyncio
from collections.abc import Iterator
from typing import cast

import pytest

from stream_service.pacer import Pacer
from stream_service.stream import Stream
from stream_service.turns import CLIENTS_AT_ONCE, for_each
from tests.support.rim import eventually


class Passes:
    """Stands for a stream: counts the passes, and the turns of the loop that each takes."""

    def __init__(self, *, turns: int = 0) -> None:
        self.behind = False
        self.began: list[float] = []
        self.ended = 0
        self.error: Exception | None = None
        self._turns = turns

    @property
    def stream(self) -> Stream:
        return cast("Stream", self)

    def deliver(self, at_once: int) -> Iterator[None]:
        assert at_once == CLIENTS_AT_ONCE
        self.began.append(asyncio.get_running_loop().time())
        for _ in range(self._turns):
            yield
        if self.error is not None:
            raise self.error
        self.ended += 1


async def test_first_event_goes_in_the_next_turn_of_the_loop() -> None:
    passes, pacer = Passes(), Pacer(every=60)

    pacer.due(passes.stream)
    await asyncio.sleep(0)

    assert passes.ended == 1


async def test_what_comes_soon_after_a_pass_waits_and_goes_together() -> None:
    passes, pacer = Passes(), Pacer(every=0.05)

    pacer.due(passes.stream)
    await asyncio.sleep(0)
    for _ in range(10):
        pacer.due(passes.stream)
    await eventually(lambda: passes.ended == 2)

    assert passes.began[1] - passes.began[0] >= 0.049


async def test_pass_gives_other_work_a_turn_between_its_groups() -> None:
    passes, pacer = Passes(turns=3), Pacer(every=0)
    turns: list[int] = []

    pacer.due(passes.stream)
    while not passes.ended:
        turns.append(len(passes.began))
        await asyncio.sleep(0)

    assert len(turns) >= 4


async def test_something_long_begins_at_once_and_gives_other_work_a_turn_in_between() -> None:
    done: list[int] = []

    def turns() -> Iterator[None]:
        for number in range(3):
            done.append(number)
            yield

    Pacer(every=60).spread(turns())
    assert done == [0]
    await asyncio.sleep(0)
    assert done == [0, 1]

    await eventually(lambda: done == [0, 1, 2])


async def test_stream_that_grew_during_a_pass_gets_another() -> None:
    passes, pacer = Passes(turns=1), Pacer(every=0)

    pacer.due(passes.stream)
    await asyncio.sleep(0)
    pacer.due(passes.stream)

    await eventually(lambda: passes.ended == 2)


async def test_stream_that_is_behind_gets_passes_until_it_is_not() -> None:
    passes, pacer = Passes(), Pacer(every=0)
    passes.behind = True

    pacer.due(passes.stream)
    await eventually(lambda: passes.ended > 3)
    passes.behind = False

    await eventually(lambda: pacer.busy == 0)


async def test_streams_do_not_wait_for_each_other() -> None:
    busy, other, pacer = Passes(turns=10_000_000), Passes(), Pacer(every=0)

    pacer.due(busy.stream)
    pacer.due(other.stream)
    await eventually(lambda: other.ended == 1)

    assert busy.ended == 0


@pytest.mark.parametrize("turns", [0, 1])
async def test_pass_that_fails_ends_the_pacer(turns: int) -> None:
    passes, pacer = Passes(turns=turns), Pacer(every=0)
    passes.error = RuntimeError("a defect")

    pacer.due(passes.stream)

    with pytest.raises(RuntimeError, match="a defect"):
        await pacer.run()


async def test_client_that_fails_in_a_later_turn_ends_the_pacer() -> None:
    pacer, reached = Pacer(every=0), []

    def hear(client: int) -> None:
        if client == CLIENTS_AT_ONCE:
            raise RuntimeError("a defect")
        reached.append(client)

    pacer.spread(for_each(range(2 * CLIENTS_AT_ONCE), hear))
    assert len(reached) == CLIENTS_AT_ONCE

    with pytest.raises(RuntimeError, match="a defect"):
        await pacer.run()


async def test_first_turn_that_fails_is_the_callers() -> None:
    def fail(_: int) -> None:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        Pacer(every=0).spread(for_each(range(1), fail))


@pytest.mark.parametrize("every", [0.0, 0.02])
async def test_quiet_stream_costs_nothing(every: float) -> None:
    passes, pacer = Passes(), Pacer(every=every)

    pacer.due(passes.stream)
    await eventually(lambda: passes.ended == 1 and not pacer.busy)

    assert pacer.busy == 0
