"""One browser for all the tests of a process; each test has a service and a page of its own."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.support.browser import chromium
from tests.support.rim import Rim, serving


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page in which no script may fail."""
    context = await browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = await context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    yield page
    await context.close()
    assert not failures


@pytest_asyncio.fixture(loop_scope="session")
async def rim() -> Rim:
    """A stream service, without its server."""
    return Rim()


@pytest_asyncio.fixture(loop_scope="session")
async def url(rim: Rim) -> AsyncIterator[str]:
    """The stream service's URL."""
    async with serving(rim.app) as (url, _):
        yield url
