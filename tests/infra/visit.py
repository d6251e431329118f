"""What people do with a deployment, and what came of it: done once, for tests that may run in several processes."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
from httpx_sse import connect_sse
from pydantic import BaseModel

from infra.local_deployment import Deployment


class Answer(BaseModel):
    """What the API said."""

    status: int
    body: Any


class Seen(BaseModel):
    """An event, as an EventSource has it."""

    id: str
    event: str
    data: Any


class Run(BaseModel):
    """A request, and the events that its stream then had."""

    answer: Answer
    events: Sequence[Seen]


class Visit(BaseModel):
    """All that was done."""

    stream_url: str
    hello: Run
    without_a_key: Answer
    later: Run
    mixed: Run


def visit(deployment: Deployment) -> Visit:
    """Run workflows in each of the ways, and follow their streams."""
    return Visit(
        stream_url=deployment.stream_url,
        hello=_run(deployment, "p_hello", {"name": "Luke"}, count=1),
        without_a_key=_post(deployment, "p_hello", {}),
        later=_run(deployment, "p_cron", {}, count=1, Prefer="respond-async"),
        mixed=_run(deployment, "p_mixed", {"planet": "Endor"}, count=8),
    )


def _run(deployment: Deployment, workflow_id: str, body: object, *, count: int, **headers: str) -> Run:
    answer = _post(deployment, workflow_id, body, Authorization=f"Bearer {deployment.api_key}", **headers)
    events = _follow(deployment, workflow_id, count=count) if answer.status < httpx.codes.BAD_REQUEST else []
    return Run(answer=answer, events=events)


def _post(deployment: Deployment, workflow_id: str, body: object, **headers: str) -> Answer:
    """Send to the deployed HTTP API, whose host name need not resolve."""
    response = httpx.post(
        f"http://{urlsplit(deployment.endpoint_url).netloc}/pipelines/{workflow_id}/events",
        json=body,
        headers={"Host": urlsplit(deployment.api_url).netloc, **headers},
        timeout=60,
        trust_env=False,
    )
    return Answer(status=response.status_code, body=response.json())


def _follow(deployment: Deployment, workflow_id: str, *, count: int) -> list[Seen]:
    """What a client sees first: events only, nothing of control."""
    url = f"{deployment.stream_url}/pipelines/{workflow_id}/sse"
    seen: list[Seen] = []
    with httpx.Client(trust_env=False, timeout=60) as client, connect_sse(client, "GET", url) as stream:
        for event in stream.iter_sse():
            if not event.event.startswith("$"):
                seen.append(Seen(id=event.id, event=event.event, data=json.loads(event.data)))
            if len(seen) == count:
                break
    return seen
