"""The stacks, deployed by the real CDK CLI: what the deployed function sends reaches an EventSource."""

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from httpx_sse import ServerSentEvent, connect_sse

from infra.local_deployment import Deployment, Programs, local_deployment

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The `local` stage in emulated AWS; `make test` installs what it takes."""
    missing = [str(program) for program in (Programs().ministack, Programs().cdk) if not program.exists()]
    assert not missing, f"Run `make test`, which installs {', '.join(missing)}."
    with local_deployment(tmp_path_factory.mktemp("deployment")) as deployment:
        yield deployment


def post(deployment: Deployment, path: str, body: object, **headers: str) -> httpx.Response:
    """Send to the deployed HTTP API, whose host name need not resolve."""
    address = urlsplit(deployment.endpoint_url)
    return httpx.post(
        f"http://{address.netloc}{path}",
        json=body,
        headers={"Host": urlsplit(deployment.api_url).netloc, **headers},
        timeout=60,
        trust_env=False,
    )


def follow(deployment: Deployment, workflow_id: str, *, count: int) -> list[ServerSentEvent]:
    """What a client sees first: events only, nothing of control."""
    url = f"{deployment.stream_url}/pipelines/{workflow_id}/sse"
    seen: list[ServerSentEvent] = []
    with httpx.Client(trust_env=False, timeout=60) as client, connect_sse(client, "GET", url) as stream:
        for event in stream.iter_sse():
            if not event.event.startswith("$"):
                seen.append(event)
            if len(seen) == count:
                break
    return seen


def test_the_deployed_function_runs_a_workflow_and_its_event_reaches_an_eventsource(deployment: Deployment) -> None:
    answer = post(
        deployment, "/pipelines/p_hello/events", {"name": "Luke"}, Authorization=f"Bearer {deployment.api_key}"
    )

    assert answer.status_code == 200, answer.text
    sent = answer.json()["sent"]
    events = follow(deployment, "p_hello", count=sent["count"])
    assert [event.id for event in events][-1] == sent["last_id"]
    assert "Luke" in json.dumps([json.loads(event.data) for event in events])


def test_the_deployed_api_asks_for_its_key(deployment: Deployment) -> None:
    assert post(deployment, "/pipelines/p_hello/events", {}).status_code == 401


def test_the_answer_names_the_stream_where_the_event_is(deployment: Deployment) -> None:
    answer = post(deployment, "/pipelines/p_hello/events", {}, Authorization=f"Bearer {deployment.api_key}")

    assert answer.json()["stream_url"] == f"{deployment.stream_url}/pipelines/p_hello/sse"


def test_an_asynchronous_run_is_carried_out_by_the_deployed_function(deployment: Deployment) -> None:
    answer = post(
        deployment,
        "/pipelines/p_cron/events",
        {},
        Authorization=f"Bearer {deployment.api_key}",
        Prefer="respond-async",
    )

    assert answer.status_code == 202, answer.text
    [event] = follow(deployment, "p_cron", count=1)
    assert event.event == "events"


def test_a_workflow_of_both_languages_runs_in_both_functions_and_reaches_an_eventsource(
    deployment: Deployment,
) -> None:
    answer = post(
        deployment, "/pipelines/p_mixed/events", {"planet": "Endor"}, Authorization=f"Bearer {deployment.api_key}"
    )

    assert answer.status_code == 200, answer.text
    assert answer.json() == ["Luke, welcome to Endor!", "Leia, welcome to Endor!"]
    events = follow(deployment, "p_mixed", count=8)
    assert [event.event for event in events] == ["progress", *["names"] * 4, *["greetings"] * 2, "progress"]
    assert json.loads(events[-1].data) == {"text": "Greeted 2 on Endor", "percent": 100}
