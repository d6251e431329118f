"""Keys and tokens that are sent to whole processes, wherever one can be sent, are found nowhere afterwards.

The processes log as much as they can, and are traced. They are asked for good things, for bad things, for what fails,
and for what is no request.
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from cli.preparation import keep_secret
from cli.running_system import RunningSystem
from tests.lambdas.workflow_api.gateway import gateway_event
from tests.security.lambda_process import lambda_process
from tests.security.test_secrets_stay import places
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.collector import Collector, collector
from tests.support.keys import keep_ring, ring_of
from tests.support.services import stream_service_process, workflow_api_process
from tests.support.tokens import claims, signed

KEY, STRANGERS_KEY = f"canary-{uuid4().hex}", f"canary-{uuid4().hex}"
TOKEN_KEY = f"canary-{uuid4().hex}{uuid4().hex}"
TRACED = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
QUIET = """
from tailrace import Workflow

workflow = Workflow("p_quiet", public=True)


@workflow.step
def send(pd):
    pd.send.sse(channel="c", payload=1)
"""
NOISY = """
import logging

from tailrace import Workflow

workflow = Workflow("p_noisy", public=True)


@workflow.step
def tell_everything(pd):
    event = pd.steps["trigger"]["event"]
    print(event, pd.steps, pd.context)
    logging.getLogger("author").warning("asked %s", event)
    pd.send.sse(channel="c", payload=event)
    pd.export("everything", event)
    raise ValueError(event)
"""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request to the API that carries a secret."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str = ""


@dataclass(slots=True)
class Told:
    """All that came of what was sent: answers, log lines, spans."""

    texts: list[str] = field(default_factory=list)
    minted: list[str] = field(default_factory=list)
    """Tokens that answers have handed out, where it was their purpose."""

    def answer(self, status: int, headers: Mapping[str, Any], body: str) -> None:
        assert "location" not in {name.lower() for name in headers}
        if status == 201:
            self.minted.append(json.loads(body)["token"])
        self.texts.append(f"{status} {headers} {body}")

    def expect_nothing_of(self, *secrets: str) -> None:
        """Check that no secret stands anywhere, nor as a password, nor a token's signature by itself."""
        parts = {part for each in secrets for part in (each, each.rpartition(".")[2], _as_password(each))}
        found = {text[:300] for text in self.texts for part in parts if part in text}
        assert not found

    def expect_no_log_of_minted(self, lines: list[str]) -> None:
        assert self.minted
        signatures = {token.rpartition(".")[2] for token in self.minted}
        assert not [line[:300] for line in lines if any(each in line for each in signatures)]


def _as_password(secret: str) -> str:
    return base64.b64encode(f"user:{secret}".encode()).decode()


RUN = "/pipelines/p_noisy/events"
PREFLIGHT = {"origin": "https://page.example", "access-control-request-method": "POST"}
ASKS = [
    Sent("GET", "/pipelines", {}),
    Sent("GET", "/pipelines/p_noisy", TRACED),
    Sent("GET", "/pipelines/p_none", {}),
    Sent("GET", "/nothing", {}),
    Sent("PUT", "/pipelines", {}),
    Sent("OPTIONS", RUN, PREFLIGHT),
    Sent("POST", RUN, TRACED, '{"a": 1}'),
    Sent("POST", RUN, {"content-type": "application/json"}, '{"a": '),
    Sent("POST", RUN, {"prefer": "respond-async"}, '{"a": 1}'),
    Sent("POST", RUN, {"idempotency-key": "once"}, '{"a": 1}'),
    Sent("POST", "/pipelines/p_noisy/tokens", {}, '{"ttl": 60}'),
    Sent("POST", "/pipelines/p_noisy/tokens", {}, '{"ttl": "x", "y": 1}'),
    Sent("DELETE", RUN, {}),
]


def attempts(secret: str) -> Iterator[Sent]:
    """Requests that carry a secret in every place where one can be, and in some where none belongs."""
    for place in ({"authorization": f"Bearer {secret}"}, {"cookie": f"theme=dark; tailrace_token={secret}"}):
        yield from (replace(ask, headers={**ask.headers, **place}) for ask in ASKS)
    for value in (secret, f"Basic {_as_password(secret)}", f"Bearer {secret} {secret}"):
        yield Sent("POST", RUN, {"authorization": value}, '{"a": 1}')
    for path in ("/pipelines", "/pipelines/p_quiet", "/pipelines/p_quiet/events", "/pipelines/p_quiet/sse", "/nothing"):
        yield Sent("GET", f"{path}?token={secret}&key={secret}", {})
    yield Sent(
        "POST", f"/pipelines/p_quiet/events?token={secret}", {"referer": f"https://page.example/?token={secret}"}
    )


@pytest.fixture
def workflows(tmp_path: Path) -> Path:
    (tmp_path / "quiet.py").write_text(QUIET)
    (tmp_path / "noisy.py").write_text(NOISY)
    return tmp_path


@pytest.fixture
def system(running_system: RunningSystem, aws_clients: AwsClients) -> RunningSystem:
    """A system with a key and a token's key that are nowhere else."""
    secrets = aws_clients.secretsmanager
    return replace(
        running_system,
        api_key=KEY,
        api_key_secret=keep_ring(secrets, ring_of(KEY)),
        token_secret=keep_secret(
            secrets, f"tokens-{uuid4().hex}", json.dumps({"sign_with": "first", "first": TOKEN_KEY})
        ),
    )


@pytest.fixture
def spans() -> Iterator[Collector]:
    with collector() as running:
        yield running


def test_function_keeps_keys_and_tokens_to_itself(
    emulated_aws: EmulatedAws, system: RunningSystem, workflows: Path, spans: Collector
) -> None:
    environment = {
        **emulated_aws.environment,
        **spans.environment,
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "_X_AMZN_TRACE_ID": "Root=1-65a1b2c3-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1",
        "TAILRACE_STREAM_URL": "https://d111.cloudfront.net",
        "TAILRACE_ONE_HOST": "1",
        "TAILRACE_WORKFLOWS_FOLDER": str(workflows),
        "TAILRACE_API_KEY_SECRET_ARN": system.api_key_secret,
        "TAILRACE_TOKEN_SECRET_ARN": system.token_secret,
        "TAILRACE_EVENT_LOG_TABLE": system.event_log_table,
        "TAILRACE_IDEMPOTENCY_TABLE": system.idempotency_table,
        "TAILRACE_NOTICE_TOPIC_ARN": system.notice_topic_arn,
    }
    told = Told()
    with lambda_process(environment) as function:

        def ask(sent: Sent) -> None:
            event = gateway_event(sent.method, sent.path, body=sent.body, headers=sent.headers)
            answer = function.invoke(event)
            told.answer(answer["statusCode"], {**answer["headers"], "cookies": answer.get("cookies")}, answer["body"])

        ask(Sent("POST", "/pipelines/p_quiet/tokens", {"authorization": f"Bearer {KEY}"}))
        token = told.minted.pop()
        told.texts.clear()
        for secret in (KEY, STRANGERS_KEY, token):
            for sent in attempts(secret):
                ask(sent)
            assert function.invoke({"headers": {"authorization": secret}})["statusCode"] == 0  # no event of anybody's

    assert any("author" in line for line in function.lines)
    assert any('"level":"DEBUG"' in line for line in function.lines)
    told.expect_no_log_of_minted(function.lines)
    told.texts += [*function.lines, *(span.text for span in spans.wait_for(lambda span: span.failed))]
    told.expect_nothing_of(KEY, STRANGERS_KEY, token, TOKEN_KEY)


async def _say(url: str, request: bytes) -> str:
    """Send bytes, whatever they are, and read what is answered."""
    place = urlsplit(url)
    async with asyncio.timeout(45):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        answer = await reader.read()
        writer.transport.abort()
    return answer.decode("latin-1")


def broken(secret: str) -> list[bytes]:
    """What is no request, and carries a secret."""
    return [
        f"GET /pipelines?token={secret} HTTP/1.1\r\nAuthorization: Bearer {secret}\x01\r\n\r\n".encode(),
        f"BREW /pipelines?token={secret} HTTP/1.1\r\nAuthorization: Bearer {secret}\r\n\r\n".encode(),
        f"{secret}\r\n\r\n".encode(),
    ]


async def test_local_api_keeps_keys_and_tokens_to_itself(system: RunningSystem, workflows: Path) -> None:
    told = Told()
    with workflow_api_process(replace(system, stream_url="http://127.0.0.1"), workflows=workflows) as service:
        async with httpx.AsyncClient(trust_env=False, timeout=60, base_url=service.url) as client:

            async def ask(sent: Sent) -> None:
                answer = await client.request(sent.method, sent.path, headers=sent.headers, content=sent.body)
                told.answer(answer.status_code, answer.headers, answer.text)

            await ask(Sent("POST", "/pipelines/p_quiet/tokens", {"authorization": f"Bearer {KEY}"}))
            token = told.minted.pop()
            told.texts.clear()
            for secret in (KEY, token):
                for sent in attempts(secret):
                    await ask(sent)
                told.texts += [await _say(service.url, request) for request in broken(secret)]

    lines = list(service.output)
    assert any("request_answered" in line for line in lines)
    told.expect_no_log_of_minted(lines)
    told.texts += lines
    told.expect_nothing_of(KEY, token, TOKEN_KEY)


@pytest.mark.parametrize("take_over", ["True", "False"], ids=["taken-over", "asgi"])
async def test_stream_service_keeps_tokens_to_itself(system: RunningSystem, spans: Collector, take_over: str) -> None:
    good = claims(exp=time.time() + 3600)
    tokens = {
        "good": signed(good, secret=TOKEN_KEY),
        "for another stream": signed({**good, "streams": ["p_b"]}, secret=TOKEN_KEY),
        "expired": signed({**good, "exp": 1}, secret=TOKEN_KEY),
        "with an unknown key": signed(good, kid=f"canary-{uuid4().hex}"),
        "none at all": STRANGERS_KEY,
    }
    settings = {
        "TAILRACE_LOG_LEVEL": "DEBUG",
        "TAILRACE_METRICS_NAMESPACE": "T",
        "TAILRACE_METRICS_SECONDS": "0.2",
        "TAILRACE_TAKE_OVER": take_over,
    }
    told = Told()
    with stream_service_process(system, settings={**settings, **spans.environment}) as service:
        async with httpx.AsyncClient(trust_env=False, timeout=60, base_url=service.url) as client:
            for token in tokens.values():
                for sent in places(token):
                    request = client.build_request(sent.method, sent.path, headers={**TRACED, **sent.headers})
                    answer = await client.send(request, stream=True)
                    is_stream = answer.headers.get("content-type", "").startswith("text/event-stream")
                    body = "" if is_stream else (await answer.aread()).decode()
                    told.answer(answer.status_code, answer.headers, body)
                    await answer.aclose()
                told.texts += [await _say(service.url, request) for request in broken(token)]
            told.texts.append((await client.get("/metrics")).text)

    lines = list(service.output)
    assert len(lines) < (service.output.maxlen or 0)
    assert any('"level": "DEBUG"' in line for line in lines)
    told.texts += [
        *lines,
        *(span.text for span in spans.wait_for(lambda span: span.service.endswith("stream-service"))),
    ]
    told.expect_nothing_of(*tokens.values(), TOKEN_KEY)
