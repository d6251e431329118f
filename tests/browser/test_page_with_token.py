"""The page at /streams/{id}, where streams take tokens."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request, expect

from tests.security.streams import guarded
from tests.support.browser import needs_chromium
from tests.support.rim import Rim, serving
from tests.support.tokens import claims, signed

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="session")]

TOKEN = signed(claims(channels=["news"]))


@pytest_asyncio.fixture(loop_scope="session")
async def rim() -> Rim:
    return guarded()


@pytest_asyncio.fixture(loop_scope="session")
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app) as (url, _):
        yield url


async def test_page_passes_its_token_on_and_never_shows_it(rim: Rim, url: str, page: Page) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 (Playwright takes no bound method of a list)
    await rim.publish("p_a", "for some", channel="secrets")
    await rim.publish("p_a", "for everybody", channel="news")

    await page.goto(f"{url}/streams/p_a?token={TOKEN}&replay=5")
    await expect(page.locator("#events li")).to_have_count(1)

    assert await page.locator("#events .payload").all_inner_texts() == ['"for everybody"']
    (stream,) = [request for request in asked if request.url.endswith("/sse?replay=5&control=1")]
    assert stream.headers["authorization"] == f"Bearer {TOKEN}"
    assert [request.url for request in asked if "token" in request.url] == [page.url]
    text = await page.content()
    assert TOKEN not in text
    assert f"{url}/pipelines/p_a/sse?replay=5&amp;token=YOUR_TOKEN" in text
    sent = [await request.all_headers() for request in asked if not request.url.startswith("data:")]
    assert [headers["referer"] for headers in sent if "referer" in headers] == []


async def test_page_says_why_it_was_refused_when_its_token_is_for_nothing_more(rim: Rim, url: str, page: Page) -> None:
    await page.goto(f"{url}/streams/p_a?token={TOKEN}")
    await expect(page.get_by_role("status")).to_have_text("Live. New events appear as they are sent.")

    rim.guard._now = lambda: claims()["exp"] + 60.0
    for subscription in rim.hub.subscriptions():
        subscription.connection.abort()

    await expect(page.get_by_role("status")).to_have_text(
        "Refused (401): The token has expired, 60 s ago. Get another one.", timeout=45_000
    )
