"""The processes that tests of the whole chain run on do form the whole chain."""

import json

import httpx
from httpx_sse import connect_sse

from tests.support.services import API_KEY, Service


def test_event_of_a_run_in_one_process_comes_out_of_the_other(stream_service: Service, workflow_api: Service) -> None:
    run = httpx.post(
        f"{workflow_api.url}/pipelines/p_hello/events",
        headers={"Authorization": f"Bearer {API_KEY}"},
        json={"name": "Luke Skywalker"},
    )
    assert run.is_success, workflow_api.output

    with httpx.Client() as client, connect_sse(client, "GET", run.json()["stream_url"]) as stream:
        event = next(stream.iter_sse())

    assert run.json()["stream_url"] == f"{stream_service.url}/pipelines/p_hello/sse"
    assert event.id == run.json()["sent"]["last_id"]
    assert "Luke Skywalker" in json.dumps(json.loads(event.data))
