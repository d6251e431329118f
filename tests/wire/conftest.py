from collections.abc import AsyncIterator

import pytest

from tests.support.rim import Rim, serving


@pytest.fixture
async def rim() -> Rim:
    return Rim()


@pytest.fixture
async def url(rim: Rim) -> AsyncIterator[str]:
    async with serving(rim.app) as (url, _):
        yield url
