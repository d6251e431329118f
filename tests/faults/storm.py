"""A storm: everything is started, everything that can fail fails, and then the auditor asks what came of it."""

import asyncio
import math
import sys
import time
import traceback
from collections.abc import Callable, Sequence

from tailrace.event import Event, WorkflowId
from tests.faults.auditor import audit
from tests.faults.delays import Delays
from tests.faults.plan import Planned, make_plan
from tests.faults.report import Report
from tests.faults.runs import Run, audit_runs, run_payload
from tests.faults.setting import Injector, Parts, everything
from tests.faults.truth import Truth
from tests.faults.verdict import Verdict
from tests.faults.waiting import until
from tests.faults.world import STREAMS, World
from tests.support.aws import EmulatedAws

CALM_PATIENCE = 240.0
"""Seconds after a storm until everybody has caught up; a killed run alone is tried again only after 30."""
_LOOK = 0.25


async def run_storm(
    aws: EmulatedAws,
    *,
    seed: int,
    seconds: float,
    crowd: int,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 (for people)
) -> Report:
    """Run a storm of this seed, and report what came of it."""
    async with everything(aws, seed=seed, seconds=seconds, crowd_size=crowd) as parts:
        say(f"everything runs; the storm begins (seed {seed})")
        async with asyncio.TaskGroup() as background:
            following = background.create_task(parts.crowd.follow(seconds * 0.7))
            writing = [background.create_task(writer.work()) for writer in parts.writers]
            failed = await _rage(parts, make_plan(seed, seconds), say)
            for writer in parts.writers:
                writer.stop()
            async with asyncio.timeout(CALM_PATIENCE):
                await asyncio.gather(*writing)
            parts.crowd.wake()
            say("the storm is over, and every run has been accepted")
            await _say_last_words(parts.world)
            truths, complaints = await _until_calm(parts, say)
            parts.crowd.invite_newcomers()
            newcomers = background.create_task(parts.crowd.follow_anew())
            complaints += await _until_newcomers_know(parts, truths)
            newcomers.cancel()
            following.cancel()
        report = _report(parts, truths, seed=seed, seconds=seconds)
        report.verdict.complaints[:0] = [*failed, *complaints]  # first: they explain what follows
        return report


async def _rage(parts: Parts, plan: Sequence[Planned], say: Callable[[str], None]) -> list[str]:
    """Inject every fault when its time has come, and wait until the last is over; complain of those that failed."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    complaints: list[str] = []
    async with asyncio.TaskGroup() as faults:
        for planned in plan:
            await asyncio.sleep(max(0.0, began + planned.at - loop.time()))
            say(f"{planned.at:6.1f} s  {planned.kind}")
            faults.create_task(_inject(parts.injectors, planned, complaints))
    return complaints


async def _inject(injectors: Sequence[Injector], planned: Planned, complaints: list[str]) -> None:
    try:
        for injector in injectors:
            if await injector.inject(planned):
                return
    except Exception:  # the audit says more about a storm than one fault's failure
        complaints.append(f"{planned.kind} at {planned.at:.1f} s did not come to its end: {traceback.format_exc()}")
        return
    raise NotImplementedError(planned.kind)


async def _say_last_words(world: World) -> None:
    """Append to every stream what nobody announces, and what no later notice hints at: the sweep must find it."""
    for stream in STREAMS:
        run = Run(name=f"last words on {stream}", stream=stream, events=1, accepted=True)
        await world.log.append(WorkflowId(stream), [Event.of("a", run_payload(run.name, 0, ""))], batch_id=run.name)
        world.runs.append(run)


async def _until_calm(parts: Parts, say: Callable[[str], None]) -> tuple[dict[str, Truth], list[str]]:
    """Wait until every client has heard all, and every feed works; return what the log holds, and complaints."""
    truths = {stream: await _truth(parts.world, stream) for stream in STREAMS}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CALM_PATIENCE
    while complaints := await _unrest(parts, truths):
        if loop.time() > deadline:
            break
        await asyncio.sleep(_LOOK)
    say("\n".join(complaints) or "everybody has caught up, and every feed works")
    return truths, complaints


async def _truth(world: World, stream: str) -> Truth:
    await world.chronicle.check(world.log, stream, now=time.time())
    return world.chronicle.truth(stream)


async def _until_newcomers_know(parts: Parts, truths: dict[str, Truth]) -> list[str]:
    """Wait until those who have come last have heard all that there is."""
    try:
        await until(lambda: not parts.crowd.behind(truths), patience=CALM_PATIENCE)
    except TimeoutError:
        return [f"{each.name} on {each.stream} is not given all" for each in parts.crowd.behind(truths)]
    return []


async def _unrest(parts: Parts, truths: dict[str, Truth]) -> list[str]:
    behind = [f"{each.name} on {each.stream} does not catch up" for each in parts.crowd.behind(truths)]
    feeds = [task.name for task in parts.services.tasks if await task.metric("feed_degraded") != 0]
    return [*behind, *(f"the feed of {name} does not work again" for name in feeds)]


def _report(parts: Parts, truths: dict[str, Truth], *, seed: int, seconds: float) -> Report:
    world, histories = parts.world, parts.crowd.histories
    verdict = Verdict()
    for history in histories:
        verdict.add(audit(history, truths[history.stream]))
    verdict.add(audit_runs(world.runs, truths))
    verdict.complaints += [
        *parts.services.unexpected(),
        *parts.process_faults.complaints,
        *parts.clears.complaints,
        *world.chronicle.complaints,
    ]
    return Report(
        seed=seed,
        seconds=seconds,
        faults=world.tally.counts,
        clients=len(histories),
        runs=len(world.runs),
        flushes=sum(len({event.batch_id for event in truth.events.values()}) for truth in truths.values()),
        events=sum(len(truth.events) for truth in truths.values()),
        clears=world.clears,
        cleared=sum(event.cleared_at < math.inf for truth in truths.values() for event in truth.events.values()),
        verdict=verdict,
        delays=Delays.of(histories, truths),
    )
