import httpx
import pytest

from stream_service.safe_headers import SAFE
from tests.support.rim import Rim, serving, some_settings

pytestmark = pytest.mark.usefixtures("path")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/pipelines/p_a/sse", 200),
        ("OPTIONS", "/pipelines/p_a/sse", 204),
        ("POST", "/pipelines/p_a/sse", 405),
        ("GET", "/pipelines/no_id/sse", 422),
        ("GET", "/nothing", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 503),
        ("GET", "/metrics", 200),
        ("GET", "/streams/p_a/events", 200),
    ],
)
async def test_every_answer_keeps_browsers_from_guessing_framing_and_telling(
    method: str, path: str, status: int
) -> None:
    async with serving(Rim().app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answer = await client.request(method, url + path)

    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in SAFE} == SAFE
    assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/streams/p_a", "/streams/assets/page.js"])
async def test_page_keeps_its_own_policy_which_lets_its_own_scripts_run(path: str) -> None:
    async with serving(Rim().app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answer = await client.get(url + path)

    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_refusal_of_a_client_that_asks_too_often_has_them_too() -> None:
    rim = Rim(settings=some_settings(streams_per_address=1, requests_per_second=0.001))
    async with serving(rim.app) as (url, _), httpx.AsyncClient(trust_env=False, timeout=40) as client:
        answers = [await client.get(f"{url}/streams/p_a") for _ in range(3)]

    assert answers[-1].status_code == 429
    assert {name: answers[-1].headers.get(name) for name in SAFE} == SAFE
