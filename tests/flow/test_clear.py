"""A stream is cleared while it is followed: who is connected stays so and is told, and nobody sees the past again."""

import json

import httpx

from tests.flow.chain import Chain
from tests.support.sse import Frame
from tests.support.streams import PATIENCE, StreamClient, stream_url


async def clear(chain: Chain, workflow: str) -> str:
    """Clear a stream through the API; return the id up to which it is cleared."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as client:
        answer = await client.delete(
            f"{chain.api.url}/pipelines/{workflow}/events",
            headers={"Authorization": f"Bearer {chain.system.api_key}"},
        )
    assert answer.status_code == 200, answer.text
    cleared_to: str = answer.json()["cleared_to"]
    return cleared_to


async def until_gap(client: StreamClient) -> Frame:
    while (frame := await client.next()).event != "$gap":
        pass
    return frame


async def test_who_follows_stays_connected_and_gets_a_gap_then_what_is_new(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send_numbers(workflow, [1, 2, 3])
    clients = [await StreamClient.open(stream_url(task.url, workflow)) for task in chain.tasks]
    for client in clients:
        await client.until(3)

    cleared_to = await clear(chain, workflow)
    await chain.send_numbers(workflow, [4])

    for client in clients:
        gap = await until_gap(client)
        await client.until(4)
        assert json.loads(gap.data)["reason"] == "cleared"
        assert gap.id == cleared_to
        assert client.payloads == [1, 2, 3, 4]
        assert not client.ended
        client.cut()


async def test_who_comes_back_is_told_and_who_is_new_sees_nothing_of_the_past(chain: Chain) -> None:
    workflow = chain.workflow()
    sent = await chain.send_numbers(workflow, [1, 2, 3])
    cleared_to = await clear(chain, workflow)
    await chain.send_numbers(workflow, [4])

    for task in chain.tasks:
        url = stream_url(task.url, workflow)
        back = await StreamClient.open(url, headers={"Last-Event-ID": sent["first_id"]})
        new = await StreamClient.open(url)
        from_the_beginning = await StreamClient.open(url, query={"last_event_id": "0-0"})

        gap = await until_gap(back)
        for client in (back, new, from_the_beginning):
            await client.until(1)
            assert client.payloads == [4]
            client.cut()
        assert json.loads(gap.data) | {"next": ""} == {
            "reason": "cleared",
            "requested": sent["first_id"],
            "next": "",
            "missed": 3,
        }
        assert gap.id == cleared_to


async def test_the_past_of_a_cleared_stream_is_empty_and_says_why(chain: Chain) -> None:
    workflow = chain.workflow()
    sent = await chain.send_numbers(workflow, [1, 2, 3])
    cleared_to = await clear(chain, workflow)

    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE, base_url=chain.url) as client:
        everything = (await client.get(f"/streams/{workflow}/events?after=0-0")).json()
        behind = (await client.get(f"/streams/{workflow}/events?after={sent['first_id']}")).json()

    assert (everything["events"], everything["cursor"], everything["gap"]) == ([], cleared_to, None)
    assert (behind["events"], behind["gap"]["reason"], behind["gap"]["missed"]) == ([], "cleared", 3)


async def test_cleared_again_nobody_is_told_a_second_time(chain: Chain) -> None:
    workflow = chain.workflow()
    await chain.send_numbers(workflow, [1])
    client = await StreamClient.open(stream_url(chain.url, workflow))
    await client.until(1)

    marks = {await clear(chain, workflow) for _ in range(3)}
    await chain.send_numbers(workflow, [2])
    await client.until(2)

    assert len(marks) == 1
    assert [frame.event for frame in client.frames if frame.event == "$gap"] == ["$gap"]
    client.cut()
