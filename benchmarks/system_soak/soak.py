"""Runs a soak: publishes steadily, deploys again and again, looks at the tasks, and audits what clients heard."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from benchmarks.system_soak.heard import Heard
from benchmarks.system_soak.report import Report, Row
from benchmarks.system_soak.rolling import Rolling, rolling
from cli.tables import create_event_log_table
from tailrace.dynamodb import DynamoDBTable
from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier
from tests.faults.auditor import audit, caught_up
from tests.faults.clients import Client
from tests.faults.history import History
from tests.faults.truth import Truth, read_truth
from tests.faults.waiting import until
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of
from tests.support.stream_process import environment_of

STREAMS = tuple(f"p_soak_{number}" for number in range(20))
EVENTS_A_RUN = 5
BETWEEN_RUNS = 0.5
"""Seconds; emulated AWS is the bound, on the cores that everything shares."""
ROWS = 12
LONGEST_PERIOD = 300.0
PATIENCE = 120.0
_COMING_SECONDS = 10.0


@dataclass(slots=True)
class Publisher:
    """Sends batches to one stream after the other, as runs would."""

    log: EventLog
    notifier: SnsNotifier
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STREAMS, 0))

    async def run(self) -> None:
        """Publish until cancelled."""
        while True:
            for stream in STREAMS:
                await asyncio.shield(self._publish(stream))
                await asyncio.sleep(BETWEEN_RUNS)

    async def _publish(self, stream: str) -> None:
        numbers = range(self.sent[stream] + 1, self.sent[stream] + EVENTS_A_RUN + 1)
        events = [Event.of("tick", {"number": number, "at": time.time()}) for number in numbers]
        self.sent[stream] = numbers[-1]
        for batch in await self.log.append(WorkflowId(stream), events, batch_id=uuid4().hex):
            await self.notifier.announce(batch)


@dataclass(slots=True, kw_only=True)
class Soak:
    """A soak that runs."""

    fleet: Rolling
    publisher: Publisher
    report: Report
    clients: list[Client]
    audited: list[Client]
    began: float = field(default_factory=time.monotonic)

    async def run(self, seconds: float) -> None:
        """Let everybody follow while it is published and deployed; then wait until all have heard all."""
        async with asyncio.TaskGroup() as parts:
            following = [parts.create_task(self._come(each)) for each in (*self.clients, *self.audited)]
            await until(lambda: all(client.history.last_id for client in self.clients), patience=PATIENCE)
            publishing = parts.create_task(self.publisher.run())
            deploying = parts.create_task(self._deploy(seconds))
            for _ in range(ROWS):
                await asyncio.sleep(seconds / ROWS)
                await self._look()
            await deploying
            await _end(publishing)
            await self._judge()
            for each in following:
                each.cancel()

    async def _come(self, client: Client) -> None:
        await asyncio.sleep(self.fleet.chance.uniform(0, _COMING_SECONDS))
        await client.run()

    async def _deploy(self, seconds: float) -> None:
        period = min(seconds / ROWS, LONGEST_PERIOD)
        end = time.monotonic() + seconds - period
        while time.monotonic() < end:
            await asyncio.sleep(period)
            await self.fleet.replace_oldest()

    async def _look(self) -> None:
        sums = self.report.sums
        lags = tuple(sorted(sums.lags))
        del sums.lags[:]
        held = [await asyncio.to_thread(task.held) for task in tuple(self.fleet.tasks)]
        self.report.rows.append(
            Row(
                seconds=time.monotonic() - self.began,
                delivered=sums.delivered,
                lost=sums.lost,
                doubled=sums.doubled,
                came_back=self.fleet.connects - len(self.clients) - len(self.audited),
                replaced=len(self.fleet.replaced),
                lags=lags,
                held=tuple(held),
            )
        )

    async def _judge(self) -> None:
        """Compare with the log: everybody's place with its head, and some whole histories event by event."""
        truths = {stream: await read_truth(self.publisher.log, stream) for stream in STREAMS}
        try:
            await until(lambda: not self._behind(truths), patience=PATIENCE)
        except TimeoutError:
            self.report.sums.lost += self._behind(truths)
        for client in self.audited:
            verdict = audit(client.history, truths[client.history.stream])
            self.report.audited += verdict.checked
            self.report.complaints += verdict.complaints
        self.report.replaced = self.fleet.replaced
        self.report.complaints += self.fleet.complaints

    def _behind(self, truths: Mapping[str, Truth]) -> int:
        """How many deliveries have not come yet."""
        heads = {stream: truth.head for stream, truth in truths.items()}
        judged = [client.history for client in self.clients if isinstance(client.history, Heard)]
        late = sum(not caught_up(each.history, truths[each.history.stream]) for each in self.audited)
        return late + sum(heads[history.stream] - history.position for history in judged)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(BETWEEN_RUNS)  # the last run was shielded


async def run_soak(aws: EmulatedAws, *, seconds: float, clients: int, audited: int = len(STREAMS)) -> Report:
    """Soak a system that was made for it."""
    boto = aws_clients_of(aws)
    table_name, topic = f"EventLog-{uuid4().hex}", boto.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"]
    create_event_log_table(boto.dynamodb, table_name)
    environment = environment_of(
        endpoint_url=aws.endpoint_url, table=table_name, topic_arn=topic, drain_seconds=min(20.0, seconds / ROWS / 3)
    )
    async with rolling(environment, chance=random.Random(1)) as fleet:  # noqa: S311 - no secret
        return await _soak(fleet, boto, table_name, topic, seconds=seconds, clients=clients, audited=audited)


async def _soak(
    fleet: Rolling, boto: AwsClients, table_name: str, topic: str, *, seconds: float, clients: int, audited: int
) -> Report:
    table = DynamoDBTable(client=boto.dynamodb, table_name=table_name)
    notifier = SnsNotifier(client=boto.sns, topic_arn=topic)
    report = Report()
    crowd = [Heard(name=f"client {n}", stream=STREAMS[n % len(STREAMS)], sums=report.sums) for n in range(clients)]
    witnesses = [History(name=f"witness {n}", stream=STREAMS[n % len(STREAMS)]) for n in range(audited)]
    soak = Soak(
        fleet=fleet,
        publisher=Publisher(EventLog(table=table), notifier),
        report=report,
        clients=[Client(each, where=fleet.where, chance=fleet.chance) for each in crowd],
        audited=[Client(each, where=fleet.where, chance=fleet.chance) for each in witnesses],
    )
    try:
        await soak.run(seconds)
    finally:
        table.close()
        notifier.close()
    return report
