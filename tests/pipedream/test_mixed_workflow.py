"""A workflow of both languages, from a request to an EventSource, over the real services."""

import httpx

from cli.running_system import RunningSystem
from tests.support.services import Service
from tests.support.streams import follow

SENT = [
    ("progress", '{"text":"Landed on Endor","percent":0}'),
    ("names", '{"name":"Luke"}'),
    ("names", '{"name":"Han"}'),
    ("names", '{"name":"Leia"}'),
    ("names", '{"name":"Obi Wan"}'),
    ("greetings", '{"text":"Luke, welcome to Endor!"}'),
    ("greetings", '{"text":"Leia, welcome to Endor!"}'),
    ("progress", '{"text":"Greeted 2 on Endor","percent":100}'),
]


async def test_what_a_mixed_workflow_sends_reaches_those_who_listen_and_those_who_come_later(
    workflow_api: Service, stream_service: Service, running_system: RunningSystem
) -> None:
    async with follow(stream_service.url, "p_mixed") as listening:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.post(
                f"{workflow_api.url}/pipelines/p_mixed/events",
                headers={"Authorization": f"Bearer {running_system.api_key}"},
                json={"planet": "Endor"},
            )
        await listening.until(len(SENT))
    async with follow(stream_service.url, "p_mixed") as late:
        await late.until(len(SENT))

    assert answer.json() == ["Luke, welcome to Endor!", "Leia, welcome to Endor!"]
    assert [(frame.event, frame.data) for frame in listening.events] == SENT
    assert [frame.id.partition("-")[2] for frame in listening.events] == [str(position) for position in range(1, 9)]
    assert late.events == listening.events
