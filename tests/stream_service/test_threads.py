import asyncio
import threading

import pytest

from stream_service.threads import in_daemon_thread


def fail() -> None:
    raise ValueError("as it should")


async def test_result_comes_back_from_a_thread_of_its_own() -> None:
    name, is_daemon = await in_daemon_thread(
        lambda: (threading.current_thread().name, threading.current_thread().daemon), name="errand"
    )

    assert name == "errand"
    assert is_daemon


async def test_error_is_raised_where_the_call_was_made() -> None:
    with pytest.raises(ValueError, match="as it should"):
        await in_daemon_thread(fail, name="errand")


async def test_loop_goes_on_meanwhile() -> None:
    go_on = threading.Event()
    errand = asyncio.create_task(in_daemon_thread(go_on.wait, name="errand"))
    await asyncio.sleep(0)
    assert not errand.done()

    go_on.set()

    assert await errand


@pytest.mark.parametrize("fails", [False, True])
async def test_thread_whose_caller_has_gone_ends_quietly(*, fails: bool) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        go_on.wait()
        ended.set()
        if fails:
            fail()

    errand = asyncio.create_task(in_daemon_thread(call, name="errand"))
    await asyncio.to_thread(begun.wait)
    errand.cancel()
    with pytest.raises(asyncio.CancelledError):
        await errand

    go_on.set()
    await asyncio.to_thread(ended.wait)
    await asyncio.to_thread(_join, "errand")


def test_thread_whose_loop_is_closed_ends_quietly() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        go_on.wait()

    async def give_up() -> None:
        errand = asyncio.create_task(in_daemon_thread(call, name="errand"))
        await asyncio.to_thread(begun.wait)
        errand.cancel()

    asyncio.run(give_up())
    go_on.set()

    _join("errand")


def _join(name: str) -> None:
    """Wait for a thread; pytest fails the test if it has died of an exception."""
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join()
