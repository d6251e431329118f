"""Everything that is sent arrives once, in order, at whoever came before, during and after."""

import asyncio
import json
import random

import pytest
from httpx import AsyncClient
from httpx_sse import aconnect_sse

from tests.flow.chain import Chain
from tests.support.streams import StreamClient, follow, stream_url

Runs = list[list[list[object]]]


async def test_event_that_a_step_sends_arrives_as_a_frame(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.url, workflow) as client:
        assert (await client.next()).event == "$sync"
        sent = await chain.send(workflow, ("greetings", {"name": "Luke Skywalker"}))

        frame = await client.next()

    assert (frame.event, json.loads(frame.data)) == ("greetings", {"name": "Luke Skywalker"})
    assert frame.id == sent["first_id"] == sent["last_id"]


async def test_answer_names_the_stream_and_what_was_sent(chain: Chain) -> None:
    workflow = chain.workflow()
    answer = await chain.post(workflow, {"events": [["a", 1], ["b", 2]], "more": [["c", 3]]})
    run = answer.json()

    async with follow(run["stream_url"].removesuffix(f"/pipelines/{workflow}/sse"), workflow) as client:
        await client.until(3)

    assert [frame.event for frame in client.frames] == ["a", "b", "c"]
    assert (client.frames[0].id, client.frames[-1].id) == (run["sent"]["first_id"], run["sent"]["last_id"])


async def test_nothing_leaves_before_the_run_has_ended(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.url, workflow) as client:
        await client.next()
        run = asyncio.create_task(
            chain.post(workflow, {"events": [["c", 1]], "seconds": 1.5, "more": [["c", 2], ["c", 3]]})
        )
        await client.expect_silence(0.7)
        assert not run.done()

        frames = await client.take(3)
        await run

    assert [json.loads(frame.data) for frame in frames] == [1, 2, 3]


async def test_several_workflows_at_once_reach_everyone_once_and_in_order(chain: Chain) -> None:
    """Twelve clients a workflow: before, during and after its runs, on both tasks."""
    chance = random.Random(2026)
    workflows = [chain.workflow() for _ in range(3)]
    runs = {workflow: [chance.randint(1, 6) for _ in range(8)] for workflow in workflows}
    clients: dict[str, list[StreamClient]] = {workflow: [] for workflow in workflows}
    half_way = asyncio.Event()

    async def come(workflow: str) -> None:
        for task in chain.tasks:
            clients[workflow] += [await StreamClient.open(stream_url(task.url, workflow)) for _ in range(2)]

    async def run(workflow: str, number: int, count: int) -> None:
        if number >= len(runs[workflow]) / 2:
            await half_way.wait()
        await chain.send(workflow, *(("c", [number, place]) for place in range(count)))

    async def run_all(workflow: str) -> None:
        await asyncio.gather(*(run(workflow, number, count) for number, count in enumerate(runs[workflow])))

    await asyncio.gather(*map(come, workflows))
    sending = asyncio.gather(*map(run_all, workflows))
    await asyncio.gather(*(clients[workflow][0].until(1) for workflow in workflows))
    for workflow in workflows:
        assert 0 < len(await chain.recorded(workflow)) < sum(runs[workflow])
    half_way.set()
    await asyncio.gather(*map(come, workflows))
    await sending
    await asyncio.gather(*map(come, workflows))

    for workflow in workflows:
        recorded = await chain.recorded(workflow)
        assert sorted(json.loads(payload) for _, payload in recorded) == [
            [number, place] for number, count in enumerate(runs[workflow]) for place in range(count)
        ]
        for client in clients[workflow]:
            await client.until(len(recorded))
            assert [(frame.id, frame.data) for frame in client.events] == recorded
            client.cut()


async def test_events_of_one_run_stand_together_in_the_order_of_the_calls(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.tasks[1].url, workflow) as client:
        await asyncio.gather(
            *(chain.send(workflow, *(("c", [number, place]) for place in range(10))) for number in range(6))
        )
        await client.until(60)

    for begin in range(0, 60, 10):
        run = client.payloads[begin : begin + 10]
        assert [place for _, place in run] == list(range(10))
        assert len({number for number, _ in run}) == 1


async def test_both_tasks_send_the_same_bytes(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.tasks[0].url, workflow) as one, follow(chain.tasks[1].url, workflow) as two:
        await asyncio.gather(one.next(), two.next())
        for number in range(5):
            await chain.send_numbers(workflow, range(number * 10, number * 10 + 10))
        await asyncio.gather(one.until(50), two.until(50))

    written = [client.raw.split(b"\n", 1)[1].replace(b":keepalive\n", b"") for client in (one, two)]
    assert written[0] == written[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_clients_that_come_during_runs_see_the_seam_neither_twice_nor_not_at_all(chain: Chain, seed: int) -> None:
    workflow = chain.workflow()
    chance = random.Random(seed)

    async def come_and_stay() -> StreamClient:
        client = await StreamClient.open(stream_url(chance.choice(chain.tasks).url, workflow))
        await client.until(60)
        return client

    come_during = [chance.randrange(20) for _ in range(15)]
    watching: list[asyncio.Task[StreamClient]] = []
    for number in range(20):
        run = asyncio.create_task(chain.send_numbers(workflow, range(number * 3, number * 3 + 3)))
        watching += [asyncio.create_task(come_and_stay()) for _ in range(come_during.count(number))]
        await run

    for client in await asyncio.gather(*watching):
        assert client.payloads == list(range(60))
        client.cut()


async def test_payload_too_large_for_a_notice_arrives_by_way_of_the_log(chain: Chain) -> None:
    workflow = chain.workflow()
    texts = [random.Random(number).randbytes(75_000).hex() for number in range(3)]
    async with follow(chain.url, workflow) as live:
        await chain.send_numbers(workflow, [0])
        await live.until(1)
        sent = await chain.send(workflow, *(("large", text) for text in texts), ("small", "last"))
        await chain.send_numbers(workflow, [1])
        await live.until(6)
    async with follow(chain.tasks[1].url, workflow) as later:
        await later.until(6)

    assert live.payloads == later.payloads == [0, *texts, "last", 1]
    assert live.events[4].id == sent["last_id"]


async def test_largest_payload_arrives(chain: Chain) -> None:
    workflow = chain.workflow()
    text = "x" * (256 * 1024 - 2)
    async with follow(chain.url, workflow) as client:
        await chain.send(workflow, ("large", text))
        await client.until(1)

    assert client.payloads == [text]


async def test_text_of_every_kind_arrives_as_it_was(chain: Chain) -> None:
    workflow = chain.workflow()
    payload = {"text": "\u2028\u2029\x85\x0b\x0c\r\n\0 \U0001f600 data: x\n\nid: 1-1", "": [None, True, 1e-9, -0.5]}
    async with follow(chain.url, workflow) as client:
        await chain.send(workflow, ("kanal ünïcode: 名", payload))
        await client.until(1)

    (frame,) = client.events
    assert (frame.event, json.loads(frame.data)) == ("kanal ünïcode: 名", payload)


async def test_failing_run_delivers_what_was_sent_before(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.url, workflow) as client:
        answer = await chain.post(workflow, {"events": [["c", "before"]], "fail": True})
        await client.until(2)

    assert answer.status_code == 500
    assert client.payloads == ["before", "the last words"]


async def test_run_that_is_asked_for_asynchronously_delivers_too(chain: Chain) -> None:
    workflow = chain.workflow()
    async with follow(chain.url, workflow) as client:
        answer = await chain.post(workflow, {"events": [["c", 1], ["c", 2]]}, headers={"Prefer": "respond-async"})
        await client.until(2)

    assert answer.status_code == 202
    assert client.payloads == [1, 2]


async def test_run_that_is_asked_for_twice_with_one_key_delivers_once(chain: Chain) -> None:
    workflow = chain.workflow()
    key = {"Idempotency-Key": "order-4711"}
    async with follow(chain.url, workflow) as client:
        for _ in range(3):
            await chain.post(workflow, {"events": [["c", 1], ["c", 2]]}, headers=key)
        await chain.send_numbers(workflow, [3])
        await client.until(3)

    assert client.payloads == [1, 2, 3]


async def test_library_that_people_use_reads_the_stream(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send(workflow, ("message", {"n": 1}), ("named", {"n": 2}))

    async with (
        AsyncClient(trust_env=False, timeout=20) as http,
        aconnect_sse(http, "GET", stream_url(chain.url, workflow)) as source,
    ):
        events = source.aiter_sse()
        first, second = await anext(events), await anext(events)

    assert (first.event, first.json(), second.event, second.json()) == ("message", {"n": 1}, "named", {"n": 2})
    assert first.retry is not None
    assert second.id.endswith("-2")
