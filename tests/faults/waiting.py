"""Waiting for what others do."""

import asyncio
from collections.abc import Callable

_PAUSE = 0.05


async def until(condition: Callable[[], bool], *, patience: float) -> None:
    """Wait until a condition holds; raises TimeoutError where it does not in time."""
    async with asyncio.timeout(patience):
        while not condition():  # noqa: ASYNC110 (processes and sockets tell nobody)
            await asyncio.sleep(_PAUSE)


async def until_done(attempt: Callable[[], bool], *, patience: float) -> None:
    """Try what blocks, in a thread, until it succeeds; raises TimeoutError where it does not in time."""
    async with asyncio.timeout(patience):
        while not await asyncio.to_thread(attempt):  # noqa: ASYNC110 (AWS tells nobody)
            await asyncio.sleep(_PAUSE)
