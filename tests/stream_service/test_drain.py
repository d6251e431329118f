import asyncio

import pytest

from stream_service.counts import End
from stream_service.drain import LAST_MOMENT_SECONDS, Drain
from stream_service.subscription import Subscription
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tests.support.rim import Rim, eventually


class Client:
    """A connection that knows when it was ended or cut, and leaves at once unless it is stuck."""

    def __init__(self, rim: Rim, workflow_id: str, *, stuck: bool = False) -> None:
        self.ended_at: float | None = None
        self.aborted = False
        self._stuck = stuck
        self._subscription: Subscription = rim.hub.subscribe(WorkflowId(workflow_id), self, Wish())

    def write(self, data: bytes) -> None:
        assert data

    def end(self) -> None:
        self.ended_at = asyncio.get_running_loop().time()
        if not self._stuck:
            self._subscription.leave()

    def abort(self) -> None:
        self.aborted = True
        self._subscription.leave()


@pytest.fixture
async def rim() -> Rim:
    return Rim()


def clients_of(rim: Rim, count: int) -> list[Client]:
    return [Client(rim, f"p_{number % 7}") for number in range(count)]


async def test_streams_end_spread_over_the_time(rim: Rim) -> None:
    clients = clients_of(rim, 100)
    drain = Drain(rim.hub, rim.door, over=0.5)

    drain.hear_signal()
    await drain.run()

    times = sorted(client.ended_at for client in clients if client.ended_at is not None)
    assert len(times) == 100
    assert times[-1] - times[0] > 0.25
    assert len(set(times)) >= 10
    assert rim.hub.connections == 0
    assert not any(client.aborted for client in clients)


async def test_no_new_streams_from_the_signal_on(rim: Rim) -> None:
    drain = Drain(rim.hub, rim.door, over=5)
    before = rim.door.turns_away(WorkflowId("p_a"))

    drain.hear_signal()

    assert (before, rim.door.turns_away(WorkflowId("p_a"))) == (False, True)
    assert rim.hub.counts.ended[End.DRAIN] == rim.hub.counts.opened == 1


async def test_without_streams_the_end_comes_at_once(rim: Rim) -> None:
    drain = Drain(rim.hub, rim.door, over=45)
    drain.hear_signal()

    async with asyncio.timeout(10):
        await drain.run()


async def test_nothing_ends_before_the_signal(rim: Rim) -> None:
    (client,) = clients_of(rim, 1)
    drain = Drain(rim.hub, rim.door, over=0)
    running = asyncio.create_task(drain.run())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert client.ended_at is None

    drain.hear_signal()
    await running

    assert client.ended_at is not None


async def test_client_that_takes_nothing_is_cut_at_the_last_moment(rim: Rim) -> None:
    stuck = Client(rim, "p_a", stuck=True)
    polite = Client(rim, "p_a")
    drain = Drain(rim.hub, rim.door, over=0)
    drain.hear_signal()

    async with asyncio.timeout(LAST_MOMENT_SECONDS + 10):
        await drain.run()

    assert stuck.aborted
    assert not polite.aborted
    assert rim.hub.connections == 0


async def test_second_signal_ends_all_that_are_left_at_once(rim: Rim) -> None:
    clients = clients_of(rim, 50)
    drain = Drain(rim.hub, rim.door, over=45)
    running = asyncio.create_task(drain.run())
    drain.hear_signal()
    await eventually(lambda: any(client.ended_at for client in clients))
    assert not all(client.ended_at for client in clients)

    drain.hear_signal()
    async with asyncio.timeout(10):
        await running

    assert all(client.ended_at for client in clients)
    assert not any(client.aborted for client in clients)


async def test_stream_that_ended_by_itself_meanwhile_is_no_trouble(rim: Rim) -> None:
    clients = clients_of(rim, 20)
    drain = Drain(rim.hub, rim.door, over=0.2)
    running = asyncio.create_task(drain.run())
    drain.hear_signal()
    await eventually(lambda: any(client.ended_at for client in clients))

    for client in clients:
        client.abort()
    await running

    assert rim.hub.connections == 0


async def test_service_that_was_let_go_ends_its_streams_and_waits_for_the_signal(rim: Rim) -> None:
    clients = clients_of(rim, 20)
    drain = Drain(rim.hub, rim.door, over=0.1)
    running = asyncio.create_task(drain.run())

    drain.begin()
    await eventually(lambda: rim.hub.connections == 0)
    assert rim.door.draining
    assert not running.done()

    drain.hear_signal()
    async with asyncio.timeout(10):
        await running
    assert not any(client.aborted for client in clients)


async def test_signal_that_comes_while_streams_end_does_not_hurry_them(rim: Rim) -> None:
    clients = clients_of(rim, 100)
    drain = Drain(rim.hub, rim.door, over=0.5)
    running = asyncio.create_task(drain.run())
    drain.begin()
    await eventually(lambda: any(client.ended_at for client in clients))

    drain.hear_signal()
    await running

    assert len({client.ended_at for client in clients}) >= 10


async def test_being_let_go_during_the_drain_changes_nothing(rim: Rim) -> None:
    clients = clients_of(rim, 10)
    drain = Drain(rim.hub, rim.door, over=0)
    drain.hear_signal()
    drain.begin()

    async with asyncio.timeout(10):
        await drain.run()

    assert all(client.ended_at for client in clients)
