"""A workflow's own page, at the host of streams and their cookies: its script runs, as nobody's."""

import json
import re
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, Route, expect

from cli.lambda_function import LambdaFunction
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.security.streams import guarded
from tests.support.browser import needs_chromium
from tests.support.http import gateway_in_front_of
from tests.support.rim import Rim, serving
from tests.support.tokens import claims, signed

pytestmark = [needs_chromium, pytest.mark.usefixtures("path"), pytest.mark.asyncio(loop_scope="session")]

BY_FORM = '<form method="post" action="/pipelines/{}/events"><button>Open</button></form>'
SPY = """<script>
const attempts = {
  origin: () => self.origin,
  cookie: () => document.cookie,
  storage: () => localStorage.length,
  past: async () => (await (await fetch("/streams/p_a/events", { credentials: "include" })).json()).events[0].payload,
};
(async () => {
  const found = {};
  for (const [name, attempt] of Object.entries(attempts)) {
    found[name] = await new Promise((resolve) => resolve(attempt())).catch((error) => error.name);
  }
  document.title = JSON.stringify(found);
})();
</script>"""
OPEN = {"Content-Security-Policy": "default-src 'self' 'unsafe-inline'"}
"""A policy that an author may give a page, and that makes it one of this host's."""


def spy(headers: dict[str, str]) -> Callable[[Pd], None]:
    def answer(pd: Pd) -> None:
        pd.respond({"status": 200, "headers": {"Content-Type": "text/html", **headers}, "body": SPY})

    return answer


@pytest_asyncio.fixture(loop_scope="session")
async def rim() -> Rim:
    return guarded()


@pytest_asyncio.fixture(loop_scope="session")
async def url(rim: Rim, page: Page) -> AsyncIterator[str]:
    """One host in front of streams and API, which knows a reader by a cookie, as CloudFront is one."""
    api = Api()
    pages: dict[str, dict[str, str]] = {"p_spy": {}, "p_open": OPEN}
    for name, headers in pages.items():
        api.add(name, public=True).step("answer", spy(headers))
    async with serving(rim.app) as (url, _):
        with gateway_in_front_of(LambdaFunction(api.function, name="pages")) as api_url:

            async def to_the_api(route: Route) -> None:
                path = urlsplit(route.request.url).path
                await route.fulfill(response=await route.fetch(url=f"{api_url}{path}"))

            await page.route("**/pipelines/*/events", to_the_api)
            await page.context.add_cookies(
                [
                    {"name": "theme", "value": "dark", "url": url},
                    {
                        "name": "tailrace_token",
                        "value": signed(claims()),
                        "domain": "127.0.0.1",
                        "path": "/streams/p_a",
                        "httpOnly": True,
                        "sameSite": "Lax",
                    },
                ]
            )
            await rim.publish("p_a", "for this reader")
            yield url


async def found_by(page: Page, url: str, workflow: str) -> dict[str, object]:
    """Open a workflow's page as a form of the same host does; return what its script got hold of."""
    form = BY_FORM.format(workflow)
    await page.route(f"{url}/form", lambda route: route.fulfill(content_type="text/html", body=form))
    await page.goto(f"{url}/form")
    await page.get_by_role("button").click()
    await expect(page).to_have_title(re.compile("origin"))
    found: dict[str, object] = json.loads(await page.title())
    return found


async def test_script_of_a_workflows_page_has_neither_cookies_nor_storage_nor_the_readers_streams(
    url: str, page: Page
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 (Playwright takes no bound method of a list)

    assert await found_by(page, url, "p_spy") == {
        "origin": "null",
        "cookie": "SecurityError",
        "storage": "SecurityError",
        "past": "TypeError",
    }
    (past,) = [await request.all_headers() for request in asked if request.url.endswith("/streams/p_a/events")]
    assert past["origin"] == "null"
    assert "cookie" not in past


async def test_script_of_a_page_whose_author_says_so_has_them_all(url: str, page: Page) -> None:
    assert await found_by(page, url, "p_open") == {
        "origin": url,
        "cookie": "theme=dark",
        "storage": 0,
        "past": "for this reader",
    }
