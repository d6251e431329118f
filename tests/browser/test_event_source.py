"""A browser's own means: the example's page, and the stream's address itself."""

from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import needs_chromium
from tests.support.rim import Rim, serving, some_settings
from tests.support.streams import stream_url

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="session")]

EXAMPLE = (Path(__file__).parents[2] / "examples" / "browser" / "index.html").as_uri()
QUICK = some_settings(retry_to_milliseconds=1000)
SCRIPT = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"


@pytest.mark.usefixtures("path")
async def test_example_shows_the_events_of_each_channel_that_it_listens_to(rim: Rim, url: str, page: Page) -> None:
    query = {"stream": stream_url(url, "p_a"), "channel": ["orders", "names", SCRIPT]}
    await rim.publish("p_a", "replayed", channel="orders")
    await page.goto(f"{EXAMPLE}?{urlencode(query, doseq=True)}")
    await expect(page.locator("#events li")).to_have_count(1)
    await rim.publish("p_a", "of no interest", channel="others")
    await rim.publish("p_a", {"first": "Ada"}, channel="names")
    await rim.publish("p_a", SCRIPT, channel=SCRIPT)
    await expect(page.locator("#events li")).to_have_count(3)

    orders, names, script = await page.locator("#events li").all_text_contents()
    assert (orders, names) == ('orders: "replayed"', 'names: {"first":"Ada"}')
    assert script.startswith(f'{SCRIPT}: "<script>')
    assert await page.title() == "SSE test"


async def test_example_goes_on_after_a_restart_of_the_service(page: Page) -> None:
    rim = Rim(settings=QUICK)
    async with AsyncExitStack() as old:
        url, _ = await old.enter_async_context(serving(rim.app))
        query = {"stream": stream_url(url, "p_a"), "channel": "c"}
        await rim.publish("p_a", 1)
        await page.goto(f"{EXAMPLE}?{urlencode(query)}")
        await expect(page.locator("#events li")).to_have_count(1)
        await old.aclose()
    new = Rim(settings=QUICK, table=rim.table)
    await new.publish("p_a", 2, 3)
    async with serving(new.app, port=int(url.rpartition(":")[2])):
        await expect(page.locator("#events li")).to_have_count(3)

        assert await page.locator("#events li").all_text_contents() == ["c: 1", "c: 2", "c: 3"]


@pytest.mark.usefixtures("path")
async def test_stream_that_is_opened_as_a_page_shows_its_events(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", "sent before", channel="greetings")
    await page.goto(stream_url(url, "p_a"), wait_until="commit")
    await expect(page.locator("body")).to_contain_text('event: greetings\ndata: "sent before"')
    await rim.publish("p_a", SCRIPT)

    await expect(page.locator("body")).to_contain_text(
        "event: c\ndata: \"<script>document.title = 'run'", timeout=20_000
    )
    assert await page.title() != "run"
