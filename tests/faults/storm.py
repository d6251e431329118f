"""A storm: everything is started, everything that can fail fails, and then the auditor asks what came of it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from cli.preparation import keep_key
from cli.running_system import RunningSystem
from lambdas.workflow_api.record_table import create_idempotency_table
from tailrace.dynamodb import DynamoDBTable, create_table
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier
from tests.faults.auditor import Verdict, audit
from tests.faults.aws_faults import AwsFaults
from tests.faults.aws_proxy import AwsProxy, aws_proxy
from tests.faults.client_faults import ClientFaults
from tests.faults.crowd import Crowd
from tests.faults.front import front
from tests.faults.functions import Api, LaterFunction
from tests.faults.plan import Planned, make_plan
from tests.faults.process_faults import ProcessFaults
from tests.faults.report import Report, delays_of
from tests.faults.runs import audit_runs
from tests.faults.services import StreamServices
from tests.faults.truth import Truth, read_truth
from tests.faults.world import STREAMS, World
from tests.faults.writers import Caller, DirectWriter, LaterCaller, Writer
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of
from tests.support.services import API_KEY

CALM_PATIENCE = 240.0
"""Seconds after a storm until everybody has caught up; a killed run alone is tried again only after 30."""
_TASKS = ("stream 1", "stream 2")
_WRITERS = ("api", "later", "writer")
_LOOK = 0.25


class Injector(Protocol):
    """Injects the faults of some kinds."""

    async def inject(self, planned: Planned) -> bool:
        """Inject a fault, and wait until it is over; False where it is of another kind."""


@dataclass(slots=True, kw_only=True)
class _Parts:
    """What runs in a storm."""

    world: World
    services: StreamServices
    crowd: Crowd
    writers: Sequence[Writer]
    injectors: Sequence[Injector]
    process_faults: ProcessFaults


async def run_storm(
    aws: EmulatedAws,
    *,
    seed: int,
    seconds: float,
    crowd: int,
    say: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),  # noqa: T201 (for people)
) -> Report:
    """Run a storm of this seed, and report what came of it."""
    async with _started(aws, seed, crowd) as parts:
        say(f"everything runs; the storm begins (seed {seed})")
        async with asyncio.TaskGroup() as background:
            following = background.create_task(parts.crowd.follow(seconds * 0.7))
            writing = [background.create_task(writer.work()) for writer in parts.writers]
            await _rage(parts, make_plan(seed, seconds), say)
            for writer in parts.writers:
                writer.stop()
            async with asyncio.timeout(CALM_PATIENCE):
                await asyncio.gather(*writing)
            parts.crowd.wake()
            say("the storm is over, and every run has been accepted")
            truths, complaints = await _until_calm(parts, say)
            following.cancel()
        report = _report(parts, truths, seed=seed, seconds=seconds)
        report.verdict.complaints += complaints
        return report


async def _rage(parts: _Parts, plan: Sequence[Planned], say: Callable[[str], None]) -> None:
    """Inject every fault when its time has come, and wait until the last is over."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as faults:
        for planned in plan:
            await asyncio.sleep(max(0.0, began + planned.at - loop.time()))
            say(f"{planned.at:6.1f} s  {planned.kind}")
            faults.create_task(_inject(parts.injectors, planned))


async def _inject(injectors: Sequence[Injector], planned: Planned) -> None:
    for injector in injectors:
        if await injector.inject(planned):
            return
    raise NotImplementedError(planned.kind)


async def _until_calm(parts: _Parts, say: Callable[[str], None]) -> tuple[dict[str, Truth], list[str]]:
    """Wait until every client has heard all, and every feed works; return what the log holds, and complaints."""
    truths = {stream: await read_truth(parts.world.log, stream) for stream in STREAMS}
    loop = asyncio.get_running_loop()
    deadline = loop.time() + CALM_PATIENCE
    while complaints := await _unrest(parts, truths):
        if loop.time() > deadline:
            break
        await asyncio.sleep(_LOOK)
    say("\n".join(complaints) or "everybody has caught up, and every feed works")
    return truths, complaints


async def _unrest(parts: _Parts, truths: dict[str, Truth]) -> list[str]:
    behind = [f"{each.name} on {each.stream} does not catch up" for each in parts.crowd.behind(truths)]
    feeds = [task.name for task in parts.services.tasks if await task.metric("feed_degraded") != 0]
    return [*behind, *(f"the feed of {name} does not work again" for name in feeds)]


def _report(parts: _Parts, truths: dict[str, Truth], *, seed: int, seconds: float) -> Report:
    world, histories = parts.world, parts.crowd.histories
    verdict = Verdict()
    for history in histories:
        verdict.add(audit(history, truths[history.stream]))
    verdict.add(audit_runs(world.runs, truths))
    verdict.complaints += parts.services.unexpected() + parts.process_faults.complaints
    return Report(
        seed=seed,
        seconds=seconds,
        faults=world.tally.counts,
        clients=len(histories),
        runs=len(world.runs),
        flushes=sum(len({event.batch_id for event in truth.events.values()}) for truth in truths.values()),
        events=sum(len(truth.events) for truth in truths.values()),
        verdict=verdict,
        delays=delays_of(histories, truths),
    )


# --- what is started, and stopped in the reverse order


@asynccontextmanager
async def _started(aws: EmulatedAws, seed: int, crowd_size: int) -> AsyncIterator[_Parts]:
    async with AsyncExitStack() as running:
        clients = aws_clients_of(aws)
        world = _make_world(clients, aws, seed, running)
        proxies = {
            name: await running.enter_async_context(aws_proxy(aws.endpoint_url)) for name in (*_TASKS, *_WRITERS)
        }
        tasks = {name: proxies[name] for name in _TASKS}
        services = StreamServices(system=world.system, proxies=list(tasks.values()), aws=clients)
        running.push_async_callback(asyncio.to_thread, services.stop)
        api = Api(system=world.system, proxy=proxies["api"])
        running.push_async_callback(asyncio.to_thread, api.stop)
        later = LaterFunction(system=world.system, proxy=proxies["later"])
        running.push_async_callback(later.stop)
        await asyncio.gather(services.start(), api.until_ready())
        door = await running.enter_async_context(front(world.chance("front"), lambda: services.ports))
        crowd = Crowd(world, front=door, ports=lambda: services.ports, size=crowd_size)
        process_faults = ProcessFaults(world, services=services, api=api, later=later, bell=crowd.bell)
        yield _Parts(
            world=world,
            services=services,
            crowd=crowd,
            writers=_make_writers(world, api, later, proxies["writer"], running),
            injectors=[
                AwsFaults(
                    world,
                    aws=clients,
                    services=services,
                    tasks=tasks,
                    writers={name: proxies[name] for name in _WRITERS},
                ),
                process_faults,
                ClientFaults(world, front=door, crowd=crowd),
            ],
            process_faults=process_faults,
        )


def _make_world(clients: AwsClients, aws: EmulatedAws, seed: int, running: AsyncExitStack) -> World:
    """Make tables and a topic, which no proxy stands before."""
    table, idempotency_table = f"EventLog-{uuid4().hex}", f"Idempotency-{uuid4().hex}"
    create_table(clients.dynamodb, table)
    create_idempotency_table(clients.dynamodb, idempotency_table)
    log_table = DynamoDBTable(client=clients.dynamodb, table_name=table)
    running.callback(log_table.close)
    system = RunningSystem(
        api_url="",
        stream_url="",
        aws_endpoint_url=aws.endpoint_url,
        api_key=API_KEY,
        api_key_secret=keep_key(clients.secretsmanager, f"keys-{uuid4().hex}", API_KEY),
        event_log_table=table,
        idempotency_table=idempotency_table,
        notice_topic_arn=clients.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"],
    )
    return World(seed=seed, system=system, log=EventLog(table=log_table))


def _make_writers(
    world: World, api: Api, later: LaterFunction, proxy: AwsProxy, running: AsyncExitStack
) -> list[Writer]:
    clients = aws_clients_of(EmulatedAws(endpoint_url=proxy.url))
    table = DynamoDBTable(client=clients.dynamodb, table_name=world.system.event_log_table)
    running.callback(table.close)
    notifier = SnsNotifier(client=clients.sns, topic_arn=world.system.notice_topic_arn)
    running.callback(notifier.close)
    log = EventLog(table=table)
    return [
        *(Caller(f"caller-{number}", world, pause=0.8, api=api) for number in range(4)),
        *(DirectWriter(f"writer-{number}", world, pause=0.7, log=log, notifier=notifier) for number in range(3)),
        *(LaterCaller(f"later-{number}", world, pause=2.0, function=later, log=world.log) for number in range(2)),
    ]
