"""Whoever is cut off, and comes back with the last id that it had, has every event exactly once."""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence

import pytest

from tests.flow.chain import Chain
from tests.support.services import Service, stream_service_process
from tests.support.sse import Frame
from tests.support.streams import StreamClient, stream_url


class EventSource:
    """Comes back with its last id, as a browser's EventSource does, and keeps what it has got."""

    def __init__(self, tasks: Sequence[Service], workflow: str, *, query: Mapping[str, object] | None = None) -> None:
        self.frames: list[Frame] = []
        self.last_id = ""
        self.connections = 0
        self._tasks = tasks
        self._workflow = workflow
        self._query = query

    @property
    def payloads(self) -> list[object]:
        return [json.loads(frame.data) for frame in self.frames if not frame.event.startswith("$")]

    @property
    def gaps(self) -> list[Frame]:
        return [frame for frame in self.frames if frame.event == "$gap"]

    async def connect(self) -> StreamClient:
        task = self._tasks[self.connections % len(self._tasks)]
        self.connections += 1
        cursor = {"Last-Event-ID": self.last_id} if self.last_id else {}
        return await StreamClient.open(stream_url(task.url, self._workflow), headers=cursor, query=self._query)

    def cut(self, client: StreamClient) -> None:
        client.cut()
        self.frames += client.frames
        self.last_id = client.last_id or self.last_id

    async def greet(self) -> None:
        """Connect, wait for the first frame, and be cut."""
        client = await self.connect()
        await client.next()
        self.cut(client)

    async def read_a_piece(self, chance: random.Random) -> None:
        """Connect, read some bytes, be cut in the middle of whatever it is."""
        client = await self.connect()
        try:
            async with asyncio.timeout(chance.uniform(0.05, 2.0)):
                await client.read_exactly(chance.randint(1, 1500))
        except TimeoutError:
            pass  # a quiet time: it is cut here
        self.cut(client)

    async def read(self, count: int) -> None:
        """Connect and read until so many events have come, in all."""
        client = await self.connect()
        await client.until(count - len(self.payloads))
        self.cut(client)


@pytest.mark.parametrize("seed", range(4))
async def test_client_that_is_cut_at_random_points_has_every_event_once(chain: Chain, seed: int) -> None:
    workflow = chain.workflow()
    chance = random.Random(seed)
    sources = [EventSource(chain.tasks, workflow) for _ in range(4)]
    for source in sources:
        await source.greet()

    async def be_cut_again_and_again(source: EventSource) -> None:
        while len(source.payloads) < 120:
            await source.read_a_piece(chance)

    cut = asyncio.gather(*map(be_cut_again_and_again, sources))
    number = 0
    while number < 120:
        count = min(chance.randint(1, 12), 120 - number)
        await chain.send_numbers(workflow, range(number, number + count))
        number += count
    async with asyncio.timeout(60):
        await cut

    for source in sources:
        assert source.payloads == list(range(120))
        assert source.gaps == []
        assert source.connections > 3


async def test_client_of_an_empty_stream_that_is_cut_before_any_event_has_every_event_once(chain: Chain) -> None:
    workflow = chain.workflow()
    source = EventSource(chain.tasks, workflow)
    await source.greet()
    assert source.last_id == "0-0"

    for begin in range(0, 150, 50):
        await chain.send_numbers(workflow, range(begin, begin + 50))
    await source.read(150)

    assert source.payloads == list(range(150))
    assert source.gaps == []


async def test_client_that_wanted_only_new_events_and_is_cut_before_any_has_every_new_event_once(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send_numbers(workflow, range(30))
    source = EventSource(chain.tasks, workflow, query={"replay": 0})
    await source.greet()

    for begin in range(30, 180, 50):
        await chain.send_numbers(workflow, range(begin, begin + 50))
    await source.read(150)

    assert source.payloads == list(range(30, 180))
    assert source.gaps == []


async def test_more_than_a_hundred_missed_events_come_all(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send_numbers(workflow, [0])
    source = EventSource(chain.tasks, workflow)
    await source.read(1)

    for begin in range(1, 451, 90):
        await chain.send_numbers(workflow, range(begin, begin + 90))
    await source.read(451)

    assert source.payloads == list(range(451))
    assert source.gaps == []


async def test_more_missed_events_than_a_ring_holds_come_all(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.append(workflow, 10)
    source = EventSource(chain.tasks, workflow)
    await source.read(10)
    await chain.append(workflow, 2500)

    await source.read(2510)

    assert source.payloads == [*range(10), *range(2500)]
    assert source.gaps == []


async def test_cursor_in_the_middle_of_a_run_goes_on_in_the_middle(chain: Chain) -> None:
    workflow = chain.workflow()
    sent = await chain.send_numbers(workflow, range(20))
    generation = sent["first_id"].partition("-")[0]
    source = EventSource(chain.tasks, workflow)
    source.last_id = f"{generation}-13"

    await source.read(7)

    assert source.payloads == list(range(13, 20))


async def test_filtered_client_that_is_cut_has_every_event_of_its_channels_once(chain: Chain) -> None:
    workflow = chain.workflow()
    chance = random.Random(7)
    source = EventSource(chain.tasks, workflow, query={"channel": ["a", "b"]})
    await source.greet()
    wanted: list[object] = []

    async def be_cut_again_and_again() -> None:
        while len(source.payloads) < 40:
            await source.read_a_piece(chance)

    cut = asyncio.create_task(be_cut_again_and_again())
    number = 0
    while len(wanted) < 40:
        channel = chance.choice("abcd")
        await chain.send(workflow, (channel, number))
        wanted += [number] if channel in "ab" else []
        number += 1
    async with asyncio.timeout(60):
        await cut

    assert source.payloads == wanted
    assert source.gaps == []


async def test_cursor_of_nowhere_gets_a_gap_and_then_everything_there_is(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send_numbers(workflow, range(5))
    source = EventSource(chain.tasks, workflow)
    source.last_id = "zzzzzz-1"

    await source.read(5)

    (gap,) = source.gaps
    assert json.loads(gap.data)["reason"] == "unknown"
    assert source.payloads == list(range(5))
    source.last_id = gap.id
    await source.read(10)
    assert source.gaps == [gap]


async def test_task_that_is_replaced_costs_its_clients_nothing(chain: Chain) -> None:
    workflow = chain.workflow()
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(5):
            await chain.send_numbers(workflow, range(sent, sent + 4))
            sent += 4

    with stream_service_process(chain.system) as old:
        polite = EventSource([old, *chain.tasks], workflow)
        torn = EventSource([old, *chain.tasks], workflow)
        politely, hard = await polite.connect(), await torn.connect()
        await asyncio.gather(politely.next(), hard.next())
        await send()
        await asyncio.gather(politely.until(20), hard.until(20))

        old.child.terminate()
        await send()
        await asyncio.gather(politely.until_end(), hard.until_end())
        assert politely.ended
        polite.cut(politely)
        torn.cut(hard)
    await send()
    await asyncio.gather(polite.read(60), torn.read(60))

    assert polite.payloads == torn.payloads == list(range(60))
    assert polite.gaps == torn.gaps == []


async def test_task_that_is_killed_costs_its_clients_nothing(chain: Chain) -> None:
    workflow = chain.workflow()
    with stream_service_process(chain.system) as old:
        source = EventSource([old, *chain.tasks], workflow)
        client = await source.connect()
        await chain.send_numbers(workflow, range(10))
        await client.until(10)

        old.child.kill()
        await client.until_end()
        assert not client.ended
        source.cut(client)
    await chain.send_numbers(workflow, range(10, 200))
    await source.read(200)

    assert source.payloads == list(range(200))
