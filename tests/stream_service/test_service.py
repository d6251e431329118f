"""The whole service as a process over emulated AWS: drains, slow clients, a log that is away, numbers."""

import asyncio
import itertools
import json
import random
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tailrace.event import Event, WorkflowId
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.rim import eventually
from tests.support.services import Service
from tests.support.stream_process import (
    environment_of,
    exit_code,
    expect,
    interrupt,
    metric,
    proxy_before,
    readiness,
    resident_bytes,
    stream_service,
)
from tests.support.streams import StreamClient, follow, stream_url

Environment = dict[str, str]
MIB = 1024 * 1024


class Publisher:
    """Appends and announces, as a run does."""

    def __init__(self, log: EventLog, aws: AwsClients, topic_arn: str) -> None:
        self._log = log
        self._notifier = SnsNotifier(client=aws.sns, topic_arn=topic_arn)

    async def publish(self, workflow_id: str, *payloads: object, channel: str = "c") -> None:
        events = [Event.of(channel, payload) for payload in payloads]
        for batch in await self._log.append(WorkflowId(workflow_id), events, batch_id=uuid4().hex):
            await self._notifier.announce(batch)

    def close(self) -> None:
        self._notifier.close()


@pytest.fixture
def environment(emulated_aws: EmulatedAws, event_log_table_name: str, notice_topic_arn: str) -> Environment:
    return environment_of(
        endpoint_url=emulated_aws.endpoint_url, table=event_log_table_name, topic_arn=notice_topic_arn
    )


@pytest.fixture
def publisher(event_log_on_moto: EventLog, aws_clients: AwsClients, notice_topic_arn: str) -> Iterator[Publisher]:
    publisher = Publisher(event_log_on_moto, aws_clients, notice_topic_arn)
    yield publisher
    publisher.close()


async def open_many(url: str, count: int, *, streams: int) -> list[StreamClient]:
    """Open streams, some at a time, and read each one's first frame."""
    clients: list[StreamClient] = []
    for begin in range(0, count, 100):
        clients += await asyncio.gather(
            *(
                StreamClient.open(stream_url(url, f"p_{number % streams}"))
                for number in range(begin, min(begin + 100, count))
            )
        )
        await asyncio.gather(*(client.next() for client in clients[begin:]))
    return clients


def measured(service: Service) -> list[dict[str, Any]]:
    """The lines of numbers that the service has written."""
    lines = [json.loads(line) for line in tuple(service.output) if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


# --- the drain


async def test_signal_ends_streams_spread_over_the_time(environment: Environment) -> None:
    seconds = 4.0
    async with stream_service(environment | {"TAILRACE_DRAIN_SECONDS": str(seconds)}) as service:
        clients = await open_many(service.url, 200, streams=40)
        loop = asyncio.get_running_loop()

        async def ends_at(client: StreamClient) -> float:
            await client.until_end()
            return loop.time()

        ending = asyncio.gather(*(ends_at(client) for client in clients))
        interrupt(service)
        times = sorted(await ending)
        assert await exit_code(service) == 0

    assert times[-1] - times[0] > 0.6 * seconds
    most_within_a_fifth = max(sum(begin <= time < begin + seconds / 5 for time in times) for begin in times[::20])
    assert most_within_a_fifth < 0.8 * len(clients)
    for client in clients:
        client.cut()


@pytest.mark.parametrize("count", [300, pytest.param(3000, id="thousands")])
async def test_signal_ends_every_stream_at_a_boundary(
    environment: Environment, publisher: Publisher, count: int
) -> None:
    async with stream_service(environment | {"TAILRACE_DRAIN_SECONDS": "1"}) as service:
        clients = await open_many(service.url, count, streams=40)
        await publisher.publish("p_0", *range(50))

        interrupt(service)
        await asyncio.gather(*(client.until_end() for client in clients))
        assert await exit_code(service) == 0

        assert all(client.ended for client in clients)
        with pytest.raises(ConnectionRefusedError):
            await StreamClient.open(stream_url(service.url, "p_0"))
        for client in clients:
            client.cut()


async def test_client_that_does_not_read_holds_up_no_drain(environment: Environment, publisher: Publisher) -> None:
    payloads = [_noise(200_000) for _ in range(30)]
    async with stream_service(environment) as service, follow(service.url, "p_a") as reading:
        stuck = await StreamClient.open(stream_url(service.url, "p_a"), receive_buffer=4096)
        for payload in payloads:
            await publisher.publish("p_a", payload)
        await reading.until(30)

        interrupt(service)
        await reading.until_end()
        assert reading.ended
        assert await exit_code(service) == 0

        assert '"cut": 1' in "".join(line for line in service.output if "drain_ended" in line)
        stuck.cut()


# --- slow clients


async def test_slow_clients_take_little_memory_and_are_cut_and_nobody_else_notices(
    environment: Environment, publisher: Publisher
) -> None:
    settings = {"TAILRACE_SLOW_CLIENT_SECONDS": "2", "TAILRACE_RING_BYTES": str(MIB)}
    async with stream_service(environment | settings) as service:
        async with follow(service.url, "p_a") as quick:
            slow = [await StreamClient.open(stream_url(service.url, "p_a"), receive_buffer=4096) for _ in range(30)]
            before = resident_bytes(service)
            most = 0
            for number in range(1, 31):
                await publisher.publish("p_a", _noise(200_000))
                await quick.until(number)
                most = max(most, resident_bytes(service) - before)

            await eventually(lambda: metric(service, "connections_ended_total", reason="slow") == 30)
            await eventually(lambda: metric(service, "connections") == 1)
            await publisher.publish("p_a", "still here")
            await quick.until(31)

        # The ring, and for each slow client what its socket and its pump hold: not the six megabytes that it missed.
        assert most < 40 * MIB
        for client in slow:
            client.cut()


async def test_client_that_reads_slowly_is_served_from_the_log_and_misses_nothing(
    environment: Environment, publisher: Publisher
) -> None:
    settings = {"TAILRACE_RING_BYTES": str(MIB), "TAILRACE_SLOW_CLIENT_SECONDS": "30"}
    async with stream_service(environment | settings) as service:
        slow = await StreamClient.open(stream_url(service.url, "p_a"), receive_buffer=4096)
        async with follow(service.url, "p_a") as quick:
            for number in range(30):
                await publisher.publish("p_a", [number, _noise(200_000)])
            await quick.until(30)

        await slow.until(30)
        slow.cut()

        assert [number for number, _ in slow.payloads] == list(range(30))
        assert metric(service, "connections_ended_total", reason="slow") == 0


# --- a log that is away


async def test_stream_opens_while_the_log_is_away_and_comes_alive_when_it_is_back(
    environment: Environment, emulated_aws: EmulatedAws, publisher: Publisher
) -> None:
    await publisher.publish("p_a", 1, 2, 3)
    async with (
        proxy_before(emulated_aws.endpoint_url, listening=False) as dynamodb,
        stream_service(environment | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url}) as service,
        follow(service.url, "p_a") as client,
        follow(service.url, "p_empty") as empty,
    ):
        assert (client.status, empty.status) == (200, 200)
        await client.expect_silence(0.3)
        assert client.raw.startswith(b"retry: ")

        await dynamodb.open()
        await client.until(3)
        assert (await empty.next()).event == "$sync"
        await publisher.publish("p_a", 4)
        await client.until(4)

        assert client.payloads == [1, 2, 3, 4]
        assert metric(service, "log_read_failures_total") > 0


async def test_log_that_goes_away_meanwhile_closes_no_stream(
    environment: Environment, emulated_aws: EmulatedAws, publisher: Publisher
) -> None:
    async with (
        proxy_before(emulated_aws.endpoint_url) as dynamodb,
        stream_service(environment | {"AWS_ENDPOINT_URL_DYNAMODB": dynamodb.url}) as service,
        follow(service.url, "p_a") as client,
    ):
        await publisher.publish("p_a", 0)
        await client.until(1)
        await dynamodb.close()

        await publisher.publish("p_a", 1)
        await publisher.publish("p_a", 2)
        await client.until(3)  # what notices carry needs no log
        async with follow(service.url, "p_other") as other:
            assert other.status == 200
        await dynamodb.open()
        await publisher.publish("p_a", 3)
        await client.until(4)

        assert client.payloads == [0, 1, 2, 3]


async def test_lost_notices_cost_time_and_nothing_else(
    environment: Environment, emulated_aws: EmulatedAws, publisher: Publisher
) -> None:
    settings = {"TAILRACE_SWEEP_SECONDS": "0.5"}
    async with (
        proxy_before(emulated_aws.endpoint_url) as sqs,
        stream_service(environment | settings | {"AWS_ENDPOINT_URL_SQS": sqs.url}) as service,
        follow(service.url, "p_a") as client,
    ):
        await publisher.publish("p_a", 0)
        await client.until(1)
        sqs.hangs = True
        await publisher.publish("p_a", 1, 2)
        await publisher.publish("p_a", 3)

        await client.until(4)

        assert client.payloads == [0, 1, 2, 3]
        assert metric(service, "holes_repaired_total") >= 1
        sqs.hangs = False


async def test_task_that_starts_without_aws_becomes_ready_when_it_is_there(
    environment: Environment, emulated_aws: EmulatedAws, publisher: Publisher
) -> None:
    async with (
        proxy_before(emulated_aws.endpoint_url, listening=False) as aws,
        stream_service(environment | {"AWS_ENDPOINT_URL": aws.url}, status="starting") as service,
        follow(service.url, "p_a") as client,
    ):
        await aws.open()
        await expect(service, "it was ready", lambda: readiness(service) == "ready")
        await publisher.publish("p_a", 1)
        await client.until(1)


# --- numbers


async def test_metrics_tell_what_has_happened(environment: Environment, publisher: Publisher) -> None:
    async with stream_service(environment) as service:
        async with follow(service.url, "p_a") as one, follow(service.url, "p_a") as two, follow(service.url, "p_b"):
            await one.next()
            await two.next()
            await publisher.publish("p_a", *range(10))
            await publisher.publish("p_unwatched", 1)
            await one.until(10)
            await two.until(10)
            await eventually(lambda: metric(service, "notices_unwatched_total") == 1)

            assert metric(service, "connections") == 3
            assert metric(service, "streams") == 2
            assert metric(service, "deliveries_total") == 20
            assert metric(service, "notice_lag_seconds_count") == 2
            assert metric(service, "delivery_lag_seconds_count") == 1
            assert metric(service, "canary_lag_seconds_count") >= 3
            assert metric(service, "notices_invalid_total") == 0
        await eventually(lambda: metric(service, "connections") == 0)
        assert metric(service, "connections_opened_total") == 3
        assert metric(service, "connections_ended_total", reason="left") == 3


async def test_numbers_go_to_the_log_as_cloudwatch_takes_them(environment: Environment, publisher: Publisher) -> None:
    settings = {
        "TAILRACE_METRICS_NAMESPACE": "Tailrace/test",
        "TAILRACE_METRICS_SECONDS": "0.2",
        "TAILRACE_LOG_LEVEL": "ERROR",
    }
    async with stream_service(environment | settings) as service:
        async with follow(service.url, "p_a") as client:
            await client.next()  # live from here on: what the opening read finds has no lag
            await publisher.publish("p_a", 1)
            await client.until(1)
            await eventually(lambda: any("DeliveryLag" in line for line in measured(service)))
            interrupt(service)
            await client.until_end()
        assert await exit_code(service) == 0

    lines = measured(service)
    assert max(line["Connections"] for line in lines) == 1
    for name in ("ConnectionsOpened", "Deliveries", "ConnectionsEndedDrain"):
        assert sum(line.get(name, 0) for line in lines) == 1, name
    assert len([lag for line in lines for lag in line.get("DeliveryLag", ())]) == 1
    assert len([lag for line in lines for lag in line.get("CanaryLag", ())]) >= 3


async def test_poison_in_the_topic_is_counted_and_does_no_harm(
    environment: Environment, publisher: Publisher, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    async with stream_service(environment) as service, follow(service.url, "p_a") as client:
        for poison in ("poison", "{}", '{"canary": 1, "number": []}'):
            await asyncio.to_thread(aws_clients.sns.publish, TopicArn=notice_topic_arn, Message=poison)
        await publisher.publish("p_a", 1)
        await client.until(1)
        await eventually(lambda: metric(service, "notices_invalid_total") == 3)


def _noise(size: int) -> str:
    """Text that no compression makes smaller by much."""
    return random.Random(next(_seeds)).randbytes(size // 2).hex()


_seeds = itertools.count()
