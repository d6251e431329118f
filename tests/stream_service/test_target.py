import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from cli.local_aws import local_environment
from stream_service.target import Standing, Target, TargetWatch, balancers_client
from tests.support.rim import eventually
from tests.support.stream_process import silent_server
from tests.support.target_group import (
    DRAINING,
    GROUP_ARN,
    HEALTHY,
    NOT_REGISTERED,
    STARTING,
    UNHEALTHY,
    TargetGroup,
    target_group,
)


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[TargetGroup]:
    with target_group() as group:
        for name, value in local_environment({}, endpoint_url=group.url).items():
            monkeypatch.setenv(name, value)
        yield group


@pytest.fixture
def target(group: TargetGroup) -> Target:
    assert group.url
    return Target(balancers=balancers_client(), group_arn=GROUP_ARN, address="10.0.2.61", port=8080)


class Told:
    """Counts how often it was said that the task was let go."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


@asynccontextmanager
async def watching(target: Target) -> AsyncIterator[Told]:
    """Watch a target until the context ends."""
    told = Told()
    watch = asyncio.create_task(TargetWatch(target, every=0.01, let_go=told).run())
    yield told
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)


def calls_that_hang() -> bool:
    """Whether a thread still waits for the load balancer's answer."""
    return any(thread.name == "target" for thread in threading.enumerate())


async def next_answers(group: TargetGroup, count: int = 3) -> None:
    """Wait until the watch has heard of what is, and not of what was."""
    asked = len(group.asked)
    await eventually(lambda: len(group.asked) >= asked + count)


@pytest.mark.parametrize(
    ("health", "standing"),
    [
        (NOT_REGISTERED, Standing.UNKNOWN),
        (STARTING, Standing.REGISTERED),
        (HEALTHY, Standing.REGISTERED),
        (UNHEALTHY, Standing.REGISTERED),
        (("unused", "Target.NotInUse"), Standing.REGISTERED),
        (DRAINING, Standing.DRAINING),
    ],
)
def test_target_stands_as_its_own_load_balancer_says(
    group: TargetGroup, target: Target, health: tuple[str, str], standing: Standing
) -> None:
    group.health = health

    assert target.standing() is standing
    assert group.asked == [(GROUP_ARN, "10.0.2.61", "8080")]


async def test_task_that_drains_is_told_once_and_asks_no_more(group: TargetGroup, target: Target) -> None:
    group.health, told = HEALTHY, Told()
    watch = asyncio.create_task(TargetWatch(target, every=0.01, let_go=told).run())
    await next_answers(group)
    assert told.times == 0

    group.health = DRAINING
    await eventually(watch.done)

    assert told.times == 1


async def test_task_that_is_not_in_its_group_yet_goes_on(group: TargetGroup, target: Target) -> None:
    async with watching(target) as told:
        await next_answers(group)

        assert told.times == 0


async def test_task_that_is_not_in_its_group_any_more_was_let_go_unseen(group: TargetGroup, target: Target) -> None:
    group.health = STARTING
    async with watching(target) as told:
        await next_answers(group)

        group.health = NOT_REGISTERED
        await eventually(lambda: told.times == 1)


async def test_load_balancer_that_refuses_to_say_is_asked_again_and_again(group: TargetGroup, target: Target) -> None:
    group.health = DRAINING
    group.refuses = True
    async with watching(target) as told:
        await next_answers(group, 5)
        assert told.times == 0

        group.refuses = False
        await eventually(lambda: told.times == 1)


async def test_what_cannot_be_asked_is_asked_less_often(
    group: TargetGroup, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def remember(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr("stream_service.target.asyncio.sleep", remember)
    group.refuses = True
    watch = asyncio.create_task(TargetWatch(target, every=1, let_go=Told()).run())
    async with asyncio.timeout(45):
        while len(pauses) < 6:
            await sleep(0.01)
    watch.cancel()

    assert [round(pause / factor, 6) for pause, factor in zip(pauses, (1, 2, 4, 8, 8, 8), strict=False)] == [
        pytest.approx(1, abs=0.25)
    ] * 6


async def test_call_that_hangs_holds_up_no_loop_and_no_end(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as silence:
        monkeypatch.setenv("AWS_ENDPOINT_URL", silence)
        hanging = Target(balancers=balancers_client(), group_arn=GROUP_ARN, address=target.address, port=1)
        async with watching(hanging) as told:
            await eventually(calls_that_hang)
        assert calls_that_hang()

    assert told.times == 0
