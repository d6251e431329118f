import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor

from lambdas.workflow_api.event_loop import EventLoops


def current(loops: EventLoops) -> asyncio.AbstractEventLoop:
    loop = loops.current()
    assert asyncio.get_event_loop() is loop
    return loop


def test_a_thread_keeps_its_loop_and_shares_it_with_no_other() -> None:
    loops = EventLoops()

    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as another:
        first, again = (one.submit(current, loops).result() for _ in range(2))
        other = another.submit(current, loops).result()

        assert first is again
        assert first is not other


def test_a_loop_is_closed_once_its_thread_has_ended() -> None:
    loops = EventLoops()

    with ThreadPoolExecutor(1) as thread:
        loop = thread.submit(current, loops).result()
        assert not loop.is_closed()
    gc.collect()

    assert loop.is_closed()
