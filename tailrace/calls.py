"""Calls a step's function so that its run can go on without it: in a thread, or as a task of its own."""

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

Call: TypeAlias = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a call ended: with a value, or with what it raised."""

    value: Any = None
    error: BaseException | None = None


def start(call: Call, *, is_async: bool) -> asyncio.Future[Outcome]:
    """Begin a call; the future never raises, and cancelling it stops the waiting, and the call where that is possible.

    A thread can't be stopped: it goes on, unheard, and does not keep the process from ending.
    """
    return asyncio.ensure_future(_await(call) if is_async else _in_thread(call))


async def _await(call: Call) -> Outcome:
    return await _outcome_of(call())


async def _in_thread(call: Call) -> Outcome:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        if not ended.done():
            ended.set_result(outcome)

    def work() -> None:
        outcome = _catch(call)
        with contextlib.suppress(RuntimeError):  # the loop was closed: nobody waits for this call any more
            loop.call_soon_threadsafe(settle, outcome)

    # A thread of its own: the loop's executor would keep the loop from closing until a step that hangs has ended.
    threading.Thread(target=contextvars.copy_context().run, args=(work,), daemon=True).start()
    outcome = await ended
    if inspect.isawaitable(outcome.value):  # a lambda that calls an async function, or returns pd.send.sse(…)
        return await _outcome_of(outcome.value)
    return outcome


def _catch(call: Call) -> Outcome:
    try:
        return Outcome(call())
    except BaseException as error:  # a step may call sys.exit(), which is its failure and not ours
        return Outcome(error=error)


async def _outcome_of(awaitable: Awaitable[Any]) -> Outcome:
    try:
        return Outcome(await awaitable)
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return Outcome(error=error)  # of something that the step itself had cancelled
    except BaseException as error:
        return Outcome(error=error)
