"""Rules 15 to 20: a client that comes, goes and comes back has every event once, in order."""

import asyncio
import json

import pytest

from tailrace.in_memory import InMemoryTable
from tests.support.rim import Rim, serving
from tests.support.streams import follow

pytestmark = pytest.mark.usefixtures("path")


async def test_rule_15_newest_hundred_and_then_live_while_events_are_published(rim: Rim, url: str) -> None:
    await rim.publish("p_a", *range(150))
    enough = asyncio.Event()

    async def publish() -> None:
        number = 150
        while not enough.is_set():
            await rim.publish("p_a", number)
            number += 1
            await asyncio.sleep(0)  # clients come in between any two

    publishing = asyncio.create_task(publish())
    for _ in range(10):
        async with follow(url, "p_a") as client:
            await client.until(120)
            payloads = client.payloads
            assert payloads == list(range(payloads[0], payloads[0] + len(payloads)))
            assert payloads[0] >= 50
    enough.set()
    await publishing


async def test_rule_15_without_a_cursor_a_hundred_are_replayed(rim: Rim, url: str) -> None:
    await rim.publish("p_a", *range(150))
    async with follow(url, "p_a") as client:
        await client.until(100)
        await rim.publish("p_a", 150)
        await client.until(101)

        assert client.payloads == list(range(50, 151))


@pytest.mark.parametrize("behind", [1, 150, 1500])
async def test_rule_16_everything_after_the_cursor_comes_once_and_in_order(rim: Rim, url: str, behind: int) -> None:
    for start in range(0, 2000, 40):
        batches = await rim.publish("p_a", *range(start, start + 40))
    async with follow(url, "p_a", last_event_id=f"{batches[0].generation}-{2000 - behind}") as client:
        await client.until(behind)
        await rim.publish("p_a", 2000)
        await client.until(behind + 1)

        assert client.payloads == list(range(2000 - behind, 2001))
        assert [frame.id for frame in client.frames] == [
            f"{batches[0].generation}-{position}" for position in range(2001 - behind, 2002)
        ]


@pytest.mark.parametrize(
    "cursor",
    [
        "nonsense",
        "-1",
        "1",
        "9" * 400,
        "{}-999999",
        "{}--1",
        "{}-1.0",
        "{}-01",
        "zzzz-1",
        "x" * 5000,
        "\xff",
        "0x1-1",
        "{}-",
    ],
)
async def test_rule_17_cursor_of_nowhere_gets_a_gap_and_the_newest(rim: Rim, url: str, cursor: str) -> None:
    (batch,) = await rim.publish("p_a", *range(3))
    async with follow(url, "p_a", last_event_id=cursor.format(batch.generation)) as client:
        gap = await client.next()
        await client.until(3)

        assert (client.status, gap.event) == (200, "$gap")
        assert json.loads(gap.data) | {"requested": ""} == {
            "reason": "unknown",
            "requested": "",
            "next": str(batch.first_id),
            "missed": None,
        }
        assert gap.id == f"{batch.generation}-0"
        assert client.payloads == [0, 1, 2]


async def test_rule_18_positions_go_on_after_a_restart_of_everything() -> None:
    table = InMemoryTable()
    held = ""
    for life in range(3):
        rim = Rim(table=table)
        async with serving(rim.app) as (url, _), follow(url, "p_a", last_event_id=held or "0-0") as client:
            await rim.publish("p_a", life)
            await client.until(1)
            (frame,) = client.events
            assert frame.id.endswith(f"-{life + 1}")
            held = frame.id


async def test_rule_19_event_has_the_same_id_on_every_connection_and_task() -> None:
    table = InMemoryTable()
    one, two = Rim(table=table), Rim(table=table)
    await one.publish("p_a", 1)
    async with (
        serving(one.app) as (first, _),
        serving(two.app) as (second, _),
        follow(first, "p_a") as a,
        follow(first, "p_a") as b,
        follow(second, "p_a") as c,
    ):
        for client in (a, b, c):
            await client.until(1)
        await one.publish("p_a", 2, 3)
        two.hub.sweep(two.hub.watched()[0])  # its notice was lost
        for client in (a, b, c):
            await client.until(3)

        assert len({tuple(client.frames) for client in (a, b, c)}) == 1


@pytest.mark.parametrize("name", ["last_event_id", "lastEventId"])
async def test_rule_20_cursor_is_taken_from_the_query_and_the_header_wins(rim: Rim, url: str, name: str) -> None:
    (batch,) = await rim.publish("p_a", *range(10))
    query = {name: f"{batch.generation}-7"}
    async with follow(url, "p_a", query=query) as first:
        await first.until(3)
        assert first.payloads == [7, 8, 9]
    async with follow(url, "p_a", query=query, last_event_id=f"{batch.generation}-9") as again:
        await again.until(1)
        assert again.payloads == [9]
