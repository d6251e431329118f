"""A deploy as a task sees it: the load balancer lets go of it, its streams move over, and the signal finds nothing."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.services import Service
from tests.support.sse import Frame
from tests.support.stream_process import (
    environment_of,
    events_of,
    exit_code,
    expect,
    interrupt,
    metric,
    readiness,
    stream_service,
)
from tests.support.streams import StreamClient, stream_url
from tests.support.target_group import DRAINING, HEALTHY, target_group

CLIENTS = 2_000
STREAMS = 20
DRAIN_SECONDS = 12
PATIENCE = 150.0
Environment = dict[str, str]


@pytest.fixture
def environment(emulated_aws: EmulatedAws, event_log_table_name: str, notice_topic_arn: str) -> Environment:
    return environment_of(
        endpoint_url=emulated_aws.endpoint_url,
        table=event_log_table_name,
        topic_arn=notice_topic_arn,
        drain_seconds=DRAIN_SECONDS,
    )


class Publisher:
    """Appends and announces numbers, one to each stream in turn, until told to stop."""

    def __init__(self, log: EventLog, notifier: SnsNotifier) -> None:
        self._log = log
        self._notifier = notifier
        self._stopped = asyncio.Event()
        self.published: Counter[str] = Counter()

    async def run(self) -> None:
        while not self._stopped.is_set():
            await self.publish_round()

    async def publish_round(self) -> None:
        for number in range(STREAMS):
            stream = WorkflowId(f"p_{number}")
            event = Event.of("c", self.published[stream])
            for batch in await self._log.append(stream, [event], batch_id=uuid4().hex):
                await self._notifier.announce(batch)
            self.published[stream] += 1

    def stop(self) -> None:
        self._stopped.set()


@dataclass(slots=True)
class Follower:
    """What an EventSource does: it keeps its last id, waits as long as it was asked to, and comes back."""

    stream: str
    client: StreamClient
    frames: list[Frame] = field(default_factory=list)
    came_back_at: float = 0.0

    async def move(self, to: Service) -> None:
        """Read until the stream is ended, and go on at another task."""
        await self.client.until_end(patience=PATIENCE)
        assert self.client.ended, "It was cut."
        retry = self.client.parser.retry
        assert retry is not None
        await asyncio.sleep(retry / 1000)
        self.came_back_at = asyncio.get_running_loop().time()
        before, url = self.client, stream_url(to.url, self.stream)
        self.client = await StreamClient.open(url, headers={"Last-Event-ID": before.last_id})
        self.frames += before.frames
        before.cut()

    async def finish(self, events: int) -> list[object]:
        """Read until so many events have come in all; returns their payloads."""
        had = sum(not frame.event.startswith("$") for frame in self.frames)
        await self.client.until(events - had, patience=PATIENCE)
        self.client.cut()
        self.frames += self.client.frames
        assert not [frame for frame in self.frames if frame.event == "$gap"]
        return [int(frame.data) for frame in self.frames if not frame.event.startswith("$")]


async def open_followers(service: Service) -> list[Follower]:
    followers: list[Follower] = []
    for begin in range(0, CLIENTS, 100):
        streams = [f"p_{number % STREAMS}" for number in range(begin, begin + 100)]
        clients = await asyncio.gather(*(StreamClient.open(stream_url(service.url, stream)) for stream in streams))
        await asyncio.gather(*(client.next() for client in clients))
        followers += map(Follower, streams, clients)
    return followers


async def test_streams_of_a_task_that_is_let_go_move_over_bit_by_bit_and_miss_nothing(
    environment: Environment, event_log_on_moto: EventLog, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    notifier = SnsNotifier(client=aws_clients.sns, topic_arn=notice_topic_arn)
    publisher = Publisher(event_log_on_moto, notifier)
    other = environment_of(
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        table=environment["TAILRACE_EVENT_LOG_TABLE"],
        topic_arn=notice_topic_arn,
    )
    with target_group() as group:
        async with stream_service(environment | group.environment) as old, stream_service(other) as new:
            group.health = HEALTHY
            followers = await open_followers(old)
            await expect(old, "it saw its target", lambda: "target_registered" in events_of(old))
            publishing = asyncio.create_task(publisher.run())

            group.health = DRAINING
            moving = asyncio.gather(*(follower.move(new) for follower in followers))
            await expect(old, "it was draining", lambda: readiness(old) == "draining")
            await moving
            assert metric(old, "connections") == 0
            assert old.child.exit_code is None

            publisher.stop()
            await publishing
            interrupt(old)
            assert await exit_code(old) == 0
            await publisher.publish_round()
            received = await asyncio.gather(*(each.finish(publisher.published[each.stream]) for each in followers))
    notifier.close()

    assert publisher.published["p_0"] > 2
    for follower, payloads in zip(followers, received, strict=True):
        assert payloads == list(range(publisher.published[follower.stream]))
    by_second = Counter(int(follower.came_back_at) for follower in followers)
    assert max(by_second.values()) < CLIENTS / 3
    assert group.asked[-1] == (group.environment["TAILRACE_TARGET_GROUP_ARN"], "127.0.0.1", port_of(old))


def port_of(service: Service) -> str:
    return service.url.rpartition(":")[2]
