import asyncio
from typing import Literal, Self

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.parsers import ResponseParserError

from stream_service import heart
from stream_service.heart import Canaries
from stream_service.pulse import Pulse
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tailrace.notice import Canary, decode_notice
from tests.support.rim import Rim, eventually, some_settings


class Client:
    """A connection that keeps what is written to it."""

    def __init__(self) -> None:
        self.written = b""
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.written += data

    def end(self) -> None:
        raise AssertionError

    def abort(self) -> None:
        self.aborted = True


# --- keepalives and ticks


async def test_every_client_is_kept_alive() -> None:
    rim = Rim()
    clients = [Client(), Client(), Client()]
    for client, stream in zip(clients, ("p_a", "p_a", "p_b"), strict=True):
        rim.hub.subscribe(WorkflowId(stream), client, Wish())
    beating = asyncio.create_task(heart.keep_alive(rim.hub, every=0.02))

    await eventually(lambda: all(client.written.count(b":keepalive\n") >= 3 for client in clients))

    beating.cancel()


async def test_hub_is_ticked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "TICK_SECONDS", 0.01)
    rim = Rim(settings=some_settings(linger_seconds=0.05))
    rim.hub.subscribe(WorkflowId("p_a"), Client(), Wish()).leave()
    assert rim.hub.streams == 1
    ticking = asyncio.create_task(heart.tick(rim.hub))

    await eventually(lambda: rim.hub.streams == 0)

    ticking.cancel()


async def test_client_that_does_not_read_is_cut_by_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "TICK_SECONDS", 0.01)
    rim = Rim(settings=some_settings(slow_client_seconds=0.05))
    client = Client()
    rim.hub.subscribe(WorkflowId("p_a"), client, Wish()).pause()
    ticking = asyncio.create_task(heart.tick(rim.hub))

    await eventually(lambda: client.aborted)

    ticking.cancel()


# --- canaries


class Topic:
    """What is published; each canary comes back at once, unless the topic is mute."""

    def __init__(self) -> None:
        self.pulse = Pulse()
        self.sent: list[Canary] = []
        self.took: list[float] = []
        self.renewals = 0
        self.mute = False
        self.broken: Exception | None = None
        self.opened = asyncio.Event()
        self.opened.set()
        self._loop = asyncio.get_running_loop()
        self.canaries = Canaries(
            self.pulse,
            task="task-1",
            every=0.01,
            opened=self.opened,
            publish=self._publish,
            renew=self._renew,
            measure=self.took.append,
        )

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self.canaries.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert not self._running.done()
        self._running.cancel()

    def _publish(self, message: str) -> None:
        canary = decode_notice(message)
        assert isinstance(canary, Canary)
        self.sent.append(canary)
        if self.broken is not None:
            raise self.broken
        if not self.mute:
            self._loop.call_soon_threadsafe(self.canaries.came_back, canary)

    def _renew(self) -> None:
        self.renewals += 1


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take minutes for milliseconds."""
    monkeypatch.setattr(heart, "HASTY_CANARY_SECONDS", 0.001)
    monkeypatch.setattr(heart, "HASTY_PATIENCE_SECONDS", 0.02)
    monkeypatch.setattr(heart, "DEGRADED_CANARY_SECONDS", 0.005)


async def test_canaries_that_come_back_make_the_service_ready() -> None:
    async with Topic() as topic:
        await eventually(lambda: topic.pulse.ready)

        assert {canary.task for canary in topic.sent} == {"task-1"}
        assert [canary.number for canary in topic.sent] == list(range(1, len(topic.sent) + 1))
        assert topic.renewals == 0


async def test_each_canary_that_comes_back_is_timed_also_a_late_one() -> None:
    async with Topic() as topic:
        await eventually(lambda: topic.pulse.ready)
        topic.mute = True
        late = len(topic.sent) + 1
        await eventually(lambda: len(topic.sent) >= late)
        before = len(topic.took)

        topic.canaries.came_back(Canary("task-1", late))
        topic.canaries.came_back(Canary("task-1", late))

        assert len(topic.took) == before + 1
        assert all(seconds > 0 for seconds in topic.took)


async def test_no_canary_is_sent_before_there_is_a_queue_to_come_back_through() -> None:
    topic = Topic()
    topic.opened.clear()
    async with topic:
        await asyncio.sleep(0.02)
        assert topic.sent == []

        topic.opened.set()
        await eventually(lambda: topic.pulse.ready)


class Awaited(asyncio.Event):
    """An event that tells when it is waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.awaited = asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.awaited.set()
        return await super().wait()


async def test_canary_that_comes_back_as_the_service_stops_does_not_keep_it_running(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heart, "HASTY_PATIENCE_SECONDS", 60.0)
    topic = Topic()
    topic.mute = True
    topic.canaries._returned = returned = Awaited()
    running = asyncio.create_task(topic.canaries.run())
    await asyncio.wait_for(returned.awaited.wait(), 5)

    topic.canaries.came_back(topic.sent[0])
    running.cancel()

    ended, _ = await asyncio.wait({running}, timeout=5)
    assert ended == {running}


async def test_other_tasks_canaries_are_none_of_ours() -> None:
    async with Topic() as topic:
        topic.mute = True
        await eventually(lambda: len(topic.sent) >= 1)
        for number in range(1, 10):
            topic.canaries.came_back(Canary("task-2", number))

        assert not topic.pulse.ready


async def test_feed_is_renewed_when_canaries_stay_away() -> None:
    async with Topic() as topic:
        await eventually(lambda: topic.pulse.ready)
        topic.mute = True
        await eventually(lambda: topic.renewals >= 2)
        assert topic.pulse.degraded

        topic.mute = False
        await eventually(lambda: not topic.pulse.degraded)
        assert topic.pulse.ready


async def test_feed_is_renewed_also_before_the_first_canary_has_come_back() -> None:
    topic = Topic()
    topic.mute = True
    async with topic:
        await eventually(lambda: topic.renewals >= 2)

        topic.mute = False
        await eventually(lambda: topic.pulse.ready)


@pytest.mark.parametrize(
    "error", [EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), ResponseParserError("hello")], ids=repr
)
async def test_topic_that_cannot_be_reached_or_answers_garbage_is_tried_again(error: Exception) -> None:
    topic = Topic()
    topic.broken = error
    async with topic:
        await eventually(lambda: len(topic.sent) >= 5)

        topic.broken = None
        await eventually(lambda: topic.pulse.ready)


@pytest.mark.parametrize("has_a_queue", [True, False])
async def test_service_takes_clients_after_a_while_though_no_canary_has_come_back(
    monkeypatch: pytest.MonkeyPatch, has_a_queue: bool
) -> None:
    monkeypatch.setattr(heart, "FEED_PATIENCE_SECONDS", 0.2)
    topic = Topic()
    topic.mute = True
    if not has_a_queue:
        topic.opened.clear()
    async with topic:
        assert not topic.pulse.ready

        await eventually(lambda: topic.pulse.ready)
        assert topic.pulse.degraded

        topic.mute = False
        topic.opened.set()
        await eventually(lambda: not topic.pulse.degraded)
