"""Every answer of both services keeps browsers from guessing its type, framing it, and telling its address to others.

None says which server made it, or what went wrong inside.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import Request

from cli.lambda_function import LambdaFunction
from lambdas.workflow_api.settings import Pages
from stream_service.guard import Guard, StreamId
from tailrace.access import Access
from tailrace.pd import Pd
from tailrace.safe_headers import SAFE
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import KEY
from tests.support import rim as rim_module
from tests.support.http import gateway_in_front_of
from tests.support.rim import Rim, serving, some_settings
from tests.support.streams import StreamClient, stream_url

SECRET = "what went wrong inside"
PREFLIGHT = {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
SSE = "/pipelines/p_a/sse"


def expect_safe(headers: Mapping[str, str]) -> None:
    assert {name: headers.get(name.lower()) for name in SAFE} == SAFE
    assert "server" not in headers
    assert "x-powered-by" not in headers


async def say(url: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes, whatever they are; read what is answered to the end."""
    place = urlsplit(url)
    async with asyncio.timeout(45):
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        head, body = await reader.readuntil(b"\r\n\r\n"), await reader.read()
        writer.transport.abort()
    status, *lines = head.decode().split("\r\n")[:-2]
    return int(status.split(" ")[1]), dict(line.split(": ", 1) for line in lines), body


# --- the stream service


class Broken(Guard):
    async def admit(self, request: Request, workflow_id: StreamId) -> Access:
        raise RuntimeError(f"{SECRET}: {workflow_id}, {request}")


@pytest.fixture(params=[True, False], ids=["taken-over", "asgi"])
async def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    monkeypatch.setattr(rim_module, "take_over", request.param)
    async with serving(Rim().app) as (url, _):
        yield url


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", SSE, 200),
        ("OPTIONS", SSE, 204),
        ("POST", SSE, 405),
        ("GET", "/pipelines/no_id/sse", 422),
        ("GET", "/nothing", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 503),
        ("GET", "/metrics", 200),
        ("GET", "/streams/p_a/events", 200),
        ("GET", "/streams/p_a/events?limit=x", 422),
        ("GET", "/streams/assets/nothing.js", 404),
    ],
)
async def test_answer_of_the_stream_service_is_safe(url: str, method: str, path: str, status: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answer = await client.request(method, url + path)

    assert answer.status_code == status
    expect_safe(answer.headers)


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("DELETE", 400)])
async def test_preflight_of_the_stream_service_is_safe(url: str, method: str, status: int) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        headers = {**PREFLIGHT, "Access-Control-Request-Method": method}
        answer = await client.options(url + SSE, headers=headers)

    assert answer.status_code == status
    expect_safe(answer.headers)


async def test_stream_is_safe(url: str) -> None:
    client = await StreamClient.open(stream_url(url, "p_a"))
    client.cut()

    expect_safe(client.headers)


@pytest.mark.parametrize("path", ["/streams/p_a", "/streams/assets/page.js"])
async def test_page_has_a_policy_of_its_own_which_lets_its_own_scripts_run(url: str, path: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answer = await client.get(url + path)

    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    expect_safe({**answer.headers, "content-security-policy": SAFE["Content-Security-Policy"]})


@pytest.mark.usefixtures("path")
async def test_refusal_of_a_client_that_asks_too_often_is_safe() -> None:
    rim = Rim(settings=some_settings(streams_per_address=1, requests_per_second=0.001))
    async with serving(rim.app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answers = [await client.get(f"{url}/streams/p_a") for _ in range(3)]

    assert answers[-1].status_code == 429
    expect_safe(answers[-1].headers)


@pytest.mark.parametrize(
    ("request_", "status"),
    {
        b"garbage\r\n\r\n": 400,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": 400,
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n": 400,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000: 431,
    }.items(),
    ids=["garbage", "TLS", "a wrong length", "an endless header"],
)
async def test_answer_to_what_is_no_request_to_the_stream_service_is_safe(
    url: str, request_: bytes, status: int
) -> None:
    answered, headers, body = await say(url, request_)

    assert answered == status
    assert len(body) == int(headers["content-length"])
    expect_safe(headers)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize(("path_", "status"), [(SSE, 200), ("/streams/p_a", 500), ("/streams/p_a/events", 500)])
async def test_fault_of_the_stream_service_is_answered_safely_without_a_word_of_it(
    path_: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Rim(guard=Broken(None)).app) as (url, _), httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(url + path_, headers={"Origin": PREFLIGHT["Origin"]}, timeout=40)

    assert answer.status_code == status
    expect_safe(answer.headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert SECRET not in answer.text
    assert "Traceback" not in answer.text
    assert answer.text.startswith("retry: ") if status == 200 else answer.json()["type"].endswith(":unexpected-error")
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR] == ["request_failed"]


# --- the API


def rest(_pd: Pd) -> None:
    """Do nothing."""


def crash(_pd: Pd) -> None:
    raise RuntimeError(SECRET)


def page(pd: Pd) -> None:
    headers = pd.steps["trigger"]["event"]["body"] or {}
    pd.respond({"status": 200, "headers": {"Content-Type": "text/html", **headers}, "body": "<p>hello"})


@pytest.fixture
def api() -> Api:
    api = Api(pages=Pages(one_host=True))
    api.add("p_good", public=True).step(rest)
    api.add("p_crash", public=True).step(crash)
    api.add("p_page", public=True).step(page)
    return api


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/pipelines", KEY, 200),
        ("GET", "/pipelines", None, 401),
        ("GET", "/pipelines", "another", 401),
        ("GET", "/pipelines/p_none", KEY, 404),
        ("GET", "/pipelines/no_id", KEY, 422),
        ("GET", "/nothing", KEY, 404),
        ("PUT", "/pipelines", KEY, 405),
        ("GET", "/pipelines/p_good/sse", None, 200),
        ("POST", "/pipelines/p_good/events", KEY, 200),
        ("POST", "/pipelines/p_good/events", None, 200),
        ("POST", "/pipelines/p_crash/events", KEY, 500),
        ("POST", "/pipelines/p_crash/events", None, 500),
        ("POST", "/pipelines/p_good/tokens", KEY, 409),
        ("DELETE", "/pipelines/p_good/events", KEY, 200),
    ],
)
def test_answer_of_the_api_is_safe(api: Api, method: str, path: str, key: str | None, status: int) -> None:
    answer = api.gateway(key=key).request(method, path)

    assert answer.status == status
    expect_safe(answer.headers)
    assert b"Traceback" not in answer.body
    assert SECRET.encode() not in answer.body or key == KEY


@pytest.mark.parametrize(("method", "status"), [("POST", 200), ("TRACE", 400)])
def test_preflight_of_the_api_is_safe(api: Api, method: str, status: int) -> None:
    headers = {**PREFLIGHT, "Access-Control-Request-Method": method}
    answer = api.gateway(key=None).request("OPTIONS", "/pipelines", headers=headers)

    assert answer.status == status
    expect_safe(answer.headers)


def test_refusal_of_a_body_that_is_too_large_is_safe(api: Api) -> None:
    answer = api.gateway().post("/pipelines/p_good/events", b"x" * (4 * 1024 * 1024 + 1), content_type="text/plain")

    assert answer.status == 413
    expect_safe(answer.headers)


def test_fault_of_the_api_is_answered_safely_without_a_word_of_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise TypeError("This function fails.")

    monkeypatch.setattr("lambdas.workflow_api.api.describe", fail)

    answer = api.gateway().get("/pipelines/p_good", origin=PREFLIGHT["Origin"])

    assert answer.status == 500
    expect_safe(answer.headers)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "function" not in answer.json["detail"]
    assert "request_failed" in caplog.text


def test_workflows_own_page_runs_as_nobodys(api: Api) -> None:
    answer = api.gateway(key=None).post("/pipelines/p_page/events")

    policy = answer.headers["content-security-policy"].split("; ")
    assert policy[0].startswith("sandbox ")
    assert "allow-scripts" in policy[0]
    assert "allow-same-origin" not in policy[0]
    assert policy[1:] == ["frame-ancestors 'none'"]
    expect_safe({**answer.headers, "content-security-policy": SAFE["Content-Security-Policy"]})


def test_workflow_that_has_a_policy_of_its_own_keeps_it(api: Api) -> None:
    answer = api.gateway(key=None).post("/pipelines/p_page/events", '{"content-security-policy": "sandbox"}')

    assert answer.headers["content-security-policy"] == "sandbox"


async def test_answer_to_what_is_no_request_to_the_local_api_is_safe(api: Api) -> None:
    with gateway_in_front_of(LambdaFunction(api.function, name="workflow-api")) as url:
        status, headers, _ = await say(url, b"garbage\r\n\r\n")
        async with httpx.AsyncClient(trust_env=False, timeout=40) as client:
            answer = await client.get(f"{url}/pipelines")

    assert status == 400
    expect_safe(headers)
    assert answer.status_code == 401
    expect_safe(answer.headers)
