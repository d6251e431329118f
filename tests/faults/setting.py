"""What a storm consists of: everything is started here, and stopped in the reverse order."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from unittest.mock import patch

from cli.local_aws import local_environment
from tailrace.dynamodb import DynamoDBTable, dynamodb_client
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier, sns_client
from tests.faults.aws_faults import AwsFaults
from tests.faults.aws_proxy import AwsProxy, aws_proxy
from tests.faults.chronicle import Chronicle
from tests.faults.clears import Clears
from tests.faults.client_faults import ClientFaults
from tests.faults.crowd import Crowd
from tests.faults.front import front
from tests.faults.functions import Api, LaterFunction
from tests.faults.old_events import Expiry, append_old_events, ends_within
from tests.faults.plan import Planned
from tests.faults.process_faults import ProcessFaults
from tests.faults.services import StreamServices
from tests.faults.world import World
from tests.faults.writers import Caller, DirectWriter, LaterCaller, Writer
from tests.support.aws import EmulatedAws, aws_clients_of
from tests.support.systems import new_system

_TASKS = ("stream 1", "stream 2")
_WRITERS = ("api", "later", "writer")
_OURS = "storm"


class Injector(Protocol):
    """Injects the faults of some kinds."""

    async def inject(self, planned: Planned) -> bool:
        """Inject a fault, and wait until it is over; False where it is of another kind."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What runs in a storm."""

    world: World
    services: StreamServices
    crowd: Crowd
    writers: Sequence[Writer]
    injectors: Sequence[Injector]
    process_faults: ProcessFaults
    clears: Clears


@asynccontextmanager
async def everything(aws: EmulatedAws, *, seed: int, seconds: float, crowd_size: int) -> AsyncIterator[Parts]:
    """Run all parts of a storm of so many seconds until the context ends."""
    async with AsyncExitStack() as running:
        clients = aws_clients_of(aws)
        system = new_system(aws, clients)
        chronicle = Chronicle(system.event_log_table)
        proxies = {
            name: await running.enter_async_context(aws_proxy(aws.endpoint_url, chronicle.note))
            for name in (*_TASKS, *_WRITERS, _OURS)
        }
        ours = aws_clients_of(EmulatedAws(endpoint_url=proxies[_OURS].url))
        table = DynamoDBTable(client=ours.dynamodb, table_name=system.event_log_table)
        running.callback(table.close)
        world = World(seed=seed, system=system, log=EventLog(table=table), chronicle=chronicle)
        tasks = {name: proxies[name] for name in _TASKS}
        services = StreamServices(system=world.system, proxies=list(tasks.values()), aws=clients)
        running.push_async_callback(asyncio.to_thread, services.stop)
        api = Api(system=world.system, proxy=proxies["api"])
        running.push_async_callback(asyncio.to_thread, api.stop)
        later = LaterFunction(system=world.system, proxy=proxies["later"])
        running.push_async_callback(later.stop)
        await asyncio.gather(services.start(), api.until_ready())
        await append_old_events(world, table, ends=ends_within(seconds))
        door = await running.enter_async_context(front(world.chance("front"), lambda: services.ports))
        crowd = Crowd(world, front=door, ports=lambda: services.ports, size=crowd_size)
        clears = Clears(world, api=api)
        process_faults = ProcessFaults(world, services=services, api=api, later=later, bell=crowd.bell)
        yield Parts(
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
                clears,
                Expiry(world, aws=ours),
                ClientFaults(world, front=door, crowd=crowd),
            ],
            process_faults=process_faults,
            clears=clears,
        )


def _make_writers(
    world: World, api: Api, later: LaterFunction, proxy: AwsProxy, running: AsyncExitStack
) -> list[Writer]:
    # With the clients that the product makes for itself: their time-outs and tries are a part of what is tried.
    with patch.dict(os.environ, local_environment(os.environ, endpoint_url=proxy.url), clear=True):
        table = DynamoDBTable(client=dynamodb_client(), table_name=world.system.event_log_table)
        notifier = SnsNotifier(client=sns_client(), topic_arn=world.system.notice_topic_arn)
    running.callback(table.close)
    running.callback(notifier.close)
    log = EventLog(table=table)
    return [
        *(Caller(f"caller-{number}", world, pause=0.8, api=api) for number in range(4)),
        *(DirectWriter(f"writer-{number}", world, pause=0.7, log=log, notifier=notifier) for number in range(3)),
        *(LaterCaller(f"later-{number}", world, pause=2.0, function=later, log=world.log) for number in range(2)),
    ]
