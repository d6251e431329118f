"""The page at /streams/{id}."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import needs_chromium
from tests.support.rim import Rim, eventually, serving, some_settings

pytestmark = [needs_chromium, pytest.mark.asyncio(loop_scope="session")]

QUICK = some_settings(retry_to_milliseconds=1000)
SCRIPT = "<script>document.title = 'run'</script><img src=x onerror=\"document.title = 'run'\">"


async def payloads(page: Page) -> list[str]:
    """The payloads on the page, oldest first."""
    return (await page.locator("#events .payload").all_inner_texts())[::-1]


async def live(page: Page) -> None:
    """Wait until the page says so."""
    await expect(page.get_by_role("status")).to_have_text("Live. New events appear as they are sent.")


async def copied(page: Page, title: str) -> str:
    """What the button below a title copies."""
    button = page.locator(f"h2:text-is('{title}') + pre + button")
    await button.click()
    await expect(button).to_have_text("Copied")
    return str(await page.evaluate("navigator.clipboard.readText()"))


async def test_replayed_events_are_marked_and_live_ones_are_not(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", 1, 2)
    await page.goto(f"{url}/streams/p_a")
    await live(page)
    await rim.publish("p_a", 3)
    await expect(page.locator("#events li")).to_have_count(3)

    assert await payloads(page) == ["1", "2", "3"]
    assert await page.locator("#events .mark").all_inner_texts() == ["", "replayed", "replayed"]
    assert await page.locator("#events li").evaluate_all("all => all.map((each) => each.className)") == [
        "live",
        "replayed",
        "replayed",
    ]
    assert await page.title() == "p_a · Tailrace"


async def test_empty_stream_says_so_until_something_comes(rim: Rim, url: str, page: Page) -> None:
    await page.goto(f"{url}/streams/p_a")
    await live(page)
    await expect(page.get_by_text("Nothing yet.")).to_be_visible()

    await rim.publish("p_a", 1)

    await expect(page.get_by_text("Nothing yet.")).to_be_hidden()


async def test_state_is_told_in_words_through_a_restart(page: Page) -> None:
    rim = Rim(settings=QUICK)
    status = page.get_by_role("status")
    async with AsyncExitStack() as old:
        url, _ = await old.enter_async_context(serving(rim.app))
        await page.goto(f"{url}/streams/p_a")
        await live(page)
        await rim.publish("p_a", 1)
        await expect(page.locator("#events li")).to_have_count(1)
        await old.aclose()
    await expect(status).to_contain_text("Disconnected. Reconnecting in")
    assert await status.get_attribute("data-state") == "reconnecting"

    new = Rim(settings=QUICK, table=rim.table)
    await new.publish("p_a", 2)
    async with serving(new.app, port=int(url.rpartition(":")[2])):
        await live(page)
        await new.publish("p_a", 3)
        await expect(page.locator("#events li")).to_have_count(3)

        assert await payloads(page) == ["1", "2", "3"]
        assert await page.locator("#events .mark").all_inner_texts() == ["", "replayed", ""]


async def test_page_says_that_it_connects_until_it_is_answered(url: str, page: Page) -> None:
    answer = asyncio.Event()

    async def hold(route: object) -> None:
        await answer.wait()
        await route.continue_()  # type: ignore[attr-defined]  # playwright's Route

    await page.route("**/sse?*", hold)
    await page.goto(f"{url}/streams/p_a")
    await expect(page.get_by_role("status")).to_have_text("Connecting …")
    answer.set()
    await live(page)


async def test_refusal_is_told_with_what_to_do_and_not_tried_again(rim: Rim, url: str, page: Page) -> None:
    await page.goto(f"{url}/streams/p_a?replay=many")

    await expect(page.get_by_role("status")).to_contain_text("Refused (422): replay: Input should be a valid integer")
    await expect(page.get_by_text("Nothing yet.")).to_be_hidden()
    assert rim.hub.connections == 0


async def test_error_that_passes_by_itself_is_tried_again(url: str, page: Page) -> None:
    tries: list[int] = []

    async def fail_once(route: object) -> None:
        tries.append(1)
        if len(tries) == 1:
            await route.fulfill(status=503)  # type: ignore[attr-defined]  # playwright's Route
        else:
            await route.continue_()  # type: ignore[attr-defined]

    await page.route("**/sse?*", fail_once)
    await page.goto(f"{url}/streams/p_a")
    await live(page)

    assert len(tries) == 2


async def test_page_that_is_asked_to_come_later_does(url: str, page: Page) -> None:
    later = "retry: 40000\n"
    await page.route("**/sse?*", lambda route: route.fulfill(content_type="text/event-stream", body=later))

    await page.goto(f"{url}/streams/p_a")

    await expect(page.locator("#state")).to_have_text("Disconnected. Reconnecting in 40 s …")


@pytest.mark.usefixtures("path")
async def test_payload_and_channel_that_are_script_are_shown_and_not_run(rim: Rim, url: str, page: Page) -> None:
    await page.goto(f"{url}/streams/p_a")
    await rim.publish("p_a", {SCRIPT: SCRIPT}, channel=SCRIPT)
    await live(page)
    await expect(page.locator("#events li")).to_have_count(1)

    assert SCRIPT in await page.locator("#events .channel").inner_text()
    assert (await payloads(page))[0].count("<script>") == 2
    assert await page.title() == "p_a · Tailrace"
    assert await page.locator("body script, body img").count() == 0
    assert "</script>" not in await page.locator("#snippet").inner_text()


async def test_payload_is_laid_out_and_otherwise_as_it_was_sent(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", {"2": 12345678901234567890, "1": [1.0, {}, [], None], "text": "é\n{,}\u2028"})
    await page.goto(f"{url}/streams/p_a")
    await expect(page.locator("#events li")).to_have_count(1)

    assert await page.locator("#events .payload").text_content() == (
        '{\n  "2": 12345678901234567890,\n  "1": [\n    1.0,\n    {},\n    [],\n    null\n  ],\n'
        '  "text": "é\\n{,}\u2028"\n}'
    )


async def test_gap_is_told_in_words(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", 1)
    await page.goto(f"{url}/streams/p_a?last_event_id=nonsense")
    await expect(page.locator("#events li")).to_have_count(2)

    assert (await payloads(page))[0].startswith("Events after nonsense belong to no known place; the stream goes on at")
    assert await page.locator("#events .mark").all_inner_texts() == ["replayed", "lost"]


async def test_channels_can_be_hidden(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", 1, 2, channel='a "b" ]')
    await rim.publish("p_a", 3, channel="c")
    await page.goto(f"{url}/streams/p_a")
    await expect(page.locator("#events li")).to_have_count(3)

    await page.get_by_label('a "b" ] 2').uncheck()
    await rim.publish("p_a", 4, channel='a "b" ]')
    await expect(page.get_by_label('a "b" ] 3')).to_be_visible()

    assert await page.locator("#events li:visible .payload").all_inner_texts() == ["3"]


async def test_channels_without_end_are_shown_and_not_all_offered_to_hide(rim: Rim, url: str, page: Page) -> None:
    for number in range(102):
        await rim.publish("p_a", number, channel=f"channel-{number}")
    await rim.publish("p_a", "again", channel="channel-0")

    await page.goto(f"{url}/streams/p_a?replay=1000")
    await expect(page.locator("#events li")).to_have_count(103)

    assert await page.locator("#channels input").count() == 100
    await expect(page.get_by_label("channel-0 2")).to_be_visible()
    assert "channel-101" not in await page.locator("#snippet").inner_text()


async def test_lines_to_copy_listen_to_every_channel_and_work(rim: Rim, url: str, page: Page) -> None:
    for channel in ("orders", "two 'words'", "<i>"):
        await rim.publish("p_a", f"on {channel}", channel=channel)
    await page.goto(f"{url}/streams/p_a")
    await expect(page.locator("#events li")).to_have_count(3)
    lines = await copied(page, "In your page")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "log" else None)

    own = f"{url}/a-page-of-their-own"
    await page.route(own, lambda route: route.fulfill(content_type="text/html", body="<p>"))
    await page.goto(own)
    await page.add_script_tag(content=lines)
    await eventually(lambda: len(said) == 3)

    assert said == ["orders on orders", "two 'words' on two 'words'", "<i> on <i>"]
    assert lines.startswith(f'const stream = new EventSource("{url}/pipelines/p_a/sse");')


async def test_line_for_a_terminal_is_copied_too(url: str, page: Page) -> None:
    await page.goto(f"{url}/streams/p_a?replay=3")
    await live(page)

    assert await copied(page, "In a terminal") == f"curl -N '{url}/pipelines/p_a/sse?replay=3'"


async def test_narrow_screen_cuts_nothing_off_and_leads_to_the_lines(rim: Rim, url: str, page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await rim.publish("p_a", *(["x" * 300] * 50), channel="y" * 100)
    await page.goto(f"{url}/streams/p_a")
    await expect(page.locator("#events li")).to_have_count(50)

    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await expect(page.locator("#snippet")).not_to_be_in_viewport()
    await page.get_by_role("link", name="Lines to copy").click()
    await expect(page.locator("#snippet")).to_be_in_viewport(ratio=1)


async def test_state_and_lines_stay_in_sight_while_events_are_read(rim: Rim, url: str, page: Page) -> None:
    await rim.publish("p_a", *range(50))
    await page.goto(f"{url}/streams/p_a")
    await expect(page.locator("#events li")).to_have_count(50)

    await page.locator("#events li").last.scroll_into_view_if_needed()

    await expect(page.get_by_role("status")).to_be_in_viewport(ratio=1)
    await expect(page.locator("#snippet")).to_be_in_viewport(ratio=1)


async def test_page_of_a_malformed_stream_is_refused(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        refused = await client.get(f"{url}/streams/hello")
        page = await client.head(f"{url}/streams/p_hello")

    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert "write p_ and then" in refused.json()["detail"]
    assert (page.status_code, page.headers["x-frame-options"]) == (200, "DENY")
    assert "script-src 'self'" in page.headers["content-security-policy"]
