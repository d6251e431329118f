"""Both services answer as their OpenAPI documents say, whatever they are sent, and whoever sends it."""

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from cli.preparation import keep_secret
from cli.running_system import RunningSystem
from lambdas.workflow_api.keys import Verb, make_key
from tests.security.documents import Visitor, hold_against
from tests.security.streams import guarded
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.keys import ring_of
from tests.support.services import API_KEY, Service, stream_service_process, workflow_api_process
from tests.support.systems import new_system
from tests.support.tokens import SECRET, claims, signed

WORKFLOWS = Path(__file__).parent / "workflows"
RUN = "/pipelines/{workflow_id}/events"
READER, READERS_KEY = make_key("reader", workflows=["p_echo"], verbs=[Verb.READ], created_at=datetime.now(UTC))
ECHO, HOOK = {"path.workflow_id": "p_echo"}, {"path.workflow_id": "p_hook"}


@pytest.fixture(scope="module")
def system(emulated_aws: EmulatedAws, aws_clients: AwsClients) -> RunningSystem:
    """A system whose streams take tokens, and whose API has two keys."""
    keys = ring_of(API_KEY).with_key(READERS_KEY)
    tokens = keep_secret(aws_clients.secretsmanager, f"tokens-{uuid4().hex}", SECRET)
    made = new_system(emulated_aws, aws_clients, api_keys=keys)
    return replace(made, stream_url="https://streams.example.org", token_secret=tokens)


@pytest.fixture(scope="module")
def api(system: RunningSystem) -> Iterator[Service]:
    with workflow_api_process(system, workflows=WORKFLOWS) as service:
        yield service


@pytest.fixture(scope="module")
def document(api: Service) -> dict[str, Any]:
    """What the API says of itself, but that a workflow may answer as it likes: those that run here do not."""
    key = {"Authorization": f"Bearer {API_KEY}"}
    described: dict[str, Any] = httpx.get(f"{api.url}/openapi.json", headers=key, trust_env=False, timeout=45).json()
    del described["paths"][RUN]["post"]["responses"]["default"]
    return described


def with_fresh_requests(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the Idempotency-Key: made up, it is one that was used before, with another body."""
    fresh = copy.deepcopy(document)
    run = fresh["paths"][RUN]["post"]
    run["parameters"] = [each for each in run["parameters"] if each["name"] != "Idempotency-Key"]
    return fresh


VISITORS = [
    Visitor(name="whose key may do everything", bearer=API_KEY, parameters=ECHO),
    Visitor(name="who knows no workflow's id", bearer=API_KEY, thorough=False),
    Visitor(name="whose key may only read", bearer=READER, parameters=ECHO, thorough=False),
    Visitor(name="who has no key, and runs a webhook", parameters=HOOK, thorough=False),
]


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.name)
def test_api_answers_as_its_document_says_to_one(
    api: Service, document: dict[str, Any], visitor: Visitor, tmp_path: Path
) -> None:
    hold_against(with_fresh_requests(document), api.url, visitor, folder=tmp_path)


def test_api_answers_as_its_document_says_to_one_who_names_requests(
    api: Service, document: dict[str, Any], tmp_path: Path
) -> None:
    visitor = Visitor(
        name="who names requests", bearer=API_KEY, parameters=ECHO, operation=f"POST {RUN}", also_refused=("422",)
    )

    hold_against(document, api.url, visitor, folder=tmp_path)


@pytest.fixture(scope="module", params=["taken-over", "asgi"])
def streams(request: pytest.FixtureRequest, system: RunningSystem) -> Iterator[Service]:
    """A stream service whose streams take tokens, on each of the two ways by which bytes reach a client."""
    taken_over = {"TAILRACE_TAKE_OVER": str(request.param == "taken-over")}
    with stream_service_process(system, settings=taken_over) as service:
        yield service


def token(*streams: str) -> str:
    return signed(claims(exp=time.time() + 3600, streams=list(streams)))


async def test_streams_answer_as_their_document_says_to_a_subscriber(streams: Service, tmp_path: Path) -> None:
    visitor = Visitor(name="whose token is for all streams", bearer=token("*"))

    hold_against(guarded().app.openapi(), streams.url, visitor, folder=tmp_path)


REFUSED = [
    Visitor(name="whose token is for another stream", bearer=token("p_other"), thorough=False),
    Visitor(name="who has no token", thorough=False),
]


@pytest.mark.parametrize("visitor", REFUSED, ids=lambda visitor: visitor.name)
async def test_streams_answer_as_their_document_says_to_one(streams: Service, visitor: Visitor, tmp_path: Path) -> None:
    hold_against(guarded().app.openapi(), streams.url, visitor, folder=tmp_path)


@pytest.mark.parametrize("take_over", ["True", "False"], ids=["taken-over", "asgi"])
def test_streams_answer_as_their_document_says_to_one_who_asks_too_often(
    system: RunningSystem, take_over: str, tmp_path: Path
) -> None:
    visitor = Visitor(
        name="who asks too often",
        thorough=False,
        also_refused=("429",),
        unchecked=("negative_data_rejection", "unsupported_method"),
    )
    public = replace(system, token_secret="")
    rarely = {
        "TAILRACE_REQUESTS_PER_SECOND": "0.01",
        "TAILRACE_STREAMS_PER_ADDRESS": "1",
        "TAILRACE_TAKE_OVER": take_over,
    }
    with stream_service_process(public, settings=rarely) as service:
        document = httpx.get(f"{service.url}/openapi.json", trust_env=False, timeout=45).json()

        hold_against(document, service.url, visitor, folder=tmp_path)


def test_service_whose_streams_take_tokens_keeps_its_document_to_itself(streams: Service) -> None:
    answer = httpx.get(f"{streams.url}/openapi.json", trust_env=False, timeout=45)

    assert answer.status_code == 404


def test_api_keeps_its_document_to_those_whose_key_may_read(api: Service) -> None:
    def answer(**headers: str) -> int:
        return httpx.get(f"{api.url}/openapi.json", headers=headers, trust_env=False, timeout=45).status_code

    assert answer() == 401
    assert answer(Authorization=f"Bearer {READER}") == 200
