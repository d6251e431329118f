"""A real stream service with as many clients as it takes, and with clients that read nothing."""

import asyncio
import resource
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from cli.running_system import RunningSystem
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tailrace.sns import SnsNotifier
from tests.bounds.crowd import Crowd
from tests.support.aws import AwsClients
from tests.support.services import Service, stream_service_process
from tests.support.stream_process import metric, resident_bytes

MANY = 10_000
STREAMS = [f"p_{number}" for number in range(100)]
SLOW = FAST = 1_000
MIB = 1024 * 1024
FEW_FILES = MANY + 500


class Publisher:
    """Appends and announces, as a run's end does."""

    def __init__(self, log: EventLog, notifier: SnsNotifier) -> None:
        self._log = log
        self._notifier = notifier

    def publish(self, stream: str, *payloads: object) -> None:
        """Append one batch, and announce it."""
        asyncio.run(self._publish(stream, [Event.of("numbers", payload) for payload in payloads]))

    async def _publish(self, stream: str, events: list[Event]) -> None:
        for batch in await self._log.append(workflow_id(stream), events, batch_id=uuid4().hex):
            await self._notifier.announce(batch)


@pytest.fixture
def publisher(
    event_log_on_moto: EventLog, aws_clients: AwsClients, running_system: RunningSystem
) -> Iterator[Publisher]:
    notifier = SnsNotifier(client=aws_clients.sns, topic_arn=running_system.notice_topic_arn)
    yield Publisher(event_log_on_moto, notifier)
    notifier.close()


@pytest.fixture
def many_files() -> None:
    """Let this process, and those that it starts, have as many files as there are clients."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FEW_FILES:
        pytest.skip(f"{MANY:,} connections need {FEW_FILES:,} open files; {hard:,} are allowed here.")
    if soft < FEW_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, hard))


def connections(service: Service) -> float:
    return metric(service, "connections")


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("many_files")
def test_ten_thousand_streams_are_open_on_one_service_and_the_next_is_asked_to_come_again(
    running_system: RunningSystem, publisher: Publisher
) -> None:
    settings = {"TAILRACE_MAX_CONNECTIONS": str(MANY)}
    with stream_service_process(running_system, settings=settings) as service:
        before = resident_bytes(service)
        with Crowd(service.url, marker=b"event: numbers") as crowd:
            crowd.join(STREAMS * (MANY // len(STREAMS)))
            crowd.read_until("all follow", lambda: connections(service) == MANY)

            refused = httpx.get(f"{service.url}/pipelines/p_0/sse", trust_env=False, timeout=30)
            publisher.publish("p_7", "hello")
            followers = crowd.members[7 :: len(STREAMS)]
            crowd.read_until("followers have heard", lambda: all(member.found == 1 for member in followers))

            assert (refused.status_code, refused.text[:7]) == (200, "retry: ")
            assert refused.text.count("\n") == 1
            assert sum(member.found for member in crowd.members) == len(followers)
            assert not any(member.ended for member in crowd.members)
            assert resident_bytes(service) - before < MANY * 25_000


@pytest.mark.timeout(400)
@pytest.mark.parametrize("take_over", ["True", "False"], ids=["taken-over", "asgi"])
def test_a_thousand_clients_that_read_nothing_harm_neither_memory_nor_a_thousand_others(
    running_system: RunningSystem, publisher: Publisher, take_over: str
) -> None:
    batches, size = 24, 32 * 1024
    settings = {"TAILRACE_SLOW_CLIENT_SECONDS": "10", "TAILRACE_TAKE_OVER": take_over}
    with (
        stream_service_process(running_system, settings=settings) as service,
        Crowd(service.url, marker=b"event: numbers", receive_buffer=4096) as slow,
        Crowd(service.url, marker=b"event: numbers") as fast,
    ):
        slow.join(["p_a"] * SLOW)
        fast.join(["p_a"] * FAST)
        fast.read_until("all follow", lambda: connections(service) == SLOW + FAST)
        before = resident_bytes(service)

        for number in range(batches):
            publisher.publish("p_a", f"{number}" + "x" * size)
        fast.read_until("the fast have all", lambda: all(member.found == batches for member in fast.members))
        grown = resident_bytes(service) - before
        fast.read_until("the slow are cut", lambda: connections(service) == FAST)

        assert grown < SLOW * 192 * 1024 + 16 * MIB  # what waits for a socket is bounded, and then nothing is added
        assert not any(member.ended for member in fast.members)
        assert metric(service, "connections_ended_total", reason="slow") == SLOW
