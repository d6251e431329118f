import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from stream_service import feed as feed_module
from stream_service import queue as queue_module
from stream_service.feed import Feed
from stream_service.queue import Queue
from tailrace.event import Batch, Event, Position, workflow_id
from tailrace.notice import Canary, Notice, encode_canary, encode_notice
from tests.support.aws import AwsClients
from tests.support.rim import eventually


def batch(number: int) -> Batch:
    return Batch(
        workflow_id=workflow_id("p_a"),
        generation="g",
        position=Position(number),
        count=1,
        events=(Event.of("c", number),),
        batch_id=f"run-{number}",
        recorded_at=1,
    )


class Listener:
    """What a feed brings, and how often it was in doubt."""

    def __init__(self, queue: Queue, *, receivers: int = 2) -> None:
        self.delivered: list[Notice | Canary] = []
        self.threads: set[str] = set()
        self.doubts = 0
        self.on_notice: Callable[[Notice | Canary], None] = lambda _: None
        self.feed = Feed(queue, deliver=self._deliver, in_doubt=self._doubt, receivers=receivers)

    @property
    def positions(self) -> list[int]:
        return [notice.position for notice in self.delivered if isinstance(notice, Notice)]

    def _deliver(self, notice: Notice | Canary) -> None:
        self.threads.add(threading.current_thread().name)
        self.on_notice(notice)
        self.delivered.append(notice)

    def _doubt(self) -> None:
        self.doubts += 1


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    """Run a feed, as the service does."""
    task = asyncio.create_task(feed.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await feed.close()


@pytest.fixture(autouse=True)
def short_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let receivers notice soon that they shall stop."""
    monkeypatch.setattr(queue_module, "LONG_POLL_SECONDS", 1)


@pytest.fixture
def queue(aws_clients: AwsClients, notice_topic_arn: str) -> Queue:
    return Queue(
        sqs=aws_clients.sqs,
        sns=aws_clients.sns,
        topic_arn=notice_topic_arn,
        name=f"feed-{uuid4().hex}",
        now=count(step=60).__next__,  # whoever asks hears that a minute has passed: no queue is new
    )


@pytest.fixture
async def listener(queue: Queue) -> Listener:
    return Listener(queue)


def urls_of(aws: AwsClients, topic_arn: str) -> list[str]:
    """The queues that are subscribed to a topic."""
    found = aws.sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    names = [subscription["Endpoint"].rpartition(":")[2] for subscription in found]
    return [aws.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in names]


async def publish(aws: AwsClients, topic_arn: str, *messages: str) -> None:
    for message in messages:
        await asyncio.to_thread(aws.sns.publish, TopicArn=topic_arn, Message=message)


async def test_notice_that_is_published_is_delivered_in_the_loops_thread(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])

    (notice,) = listener.delivered
    assert isinstance(notice, Notice)
    assert notice.batch() == batch(1)
    assert listener.threads == {threading.main_thread().name}


async def test_canary_is_delivered_too(aws_clients: AwsClients, notice_topic_arn: str, listener: Listener) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, encode_canary(Canary("task", 7)))
        await eventually(lambda: listener.delivered == [Canary("task", 7)])


async def test_every_notice_is_delivered_once(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, *[encode_notice(batch(number)) for number in range(1, 41)])
        await eventually(lambda: len(listener.positions) >= 40)

    assert sorted(listener.positions) == list(range(1, 41))


async def test_streams_are_in_doubt_once_the_queue_is_open(listener: Listener) -> None:
    assert listener.doubts == 0
    async with running(listener.feed):
        await listener.feed.opened.wait()

        assert listener.doubts == 1


async def test_messages_that_are_no_notices_cost_nothing_but_themselves(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    poison = ["poison", "{}", '{"canary": 1}', '{"workflow_id": "hello"}', "[" * 100_000, '"\\ud800"', "\u2028"]
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, *poison, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1] and listener.feed.invalid == len(poison))


async def test_notice_whose_delivery_fails_costs_nothing_but_itself(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    def fail_at_two(notice: Notice | Canary) -> None:
        if isinstance(notice, Notice) and notice.position == 2:
            raise ZeroDivisionError

    listener.on_notice = fail_at_two
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, *[encode_notice(batch(number)) for number in (1, 2, 3)])
        await eventually(lambda: sorted(listener.positions) == [1, 3])

    assert "notice_not_delivered" in caplog.messages


async def test_no_more_is_received_than_the_loop_can_take(
    aws_clients: AwsClients, notice_topic_arn: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    receivers, at_once = 2, 10
    handed_over: list[int] = []

    listener = Listener(queue, receivers=receivers)
    receive = queue.receive

    def counted(url: str) -> Any:  # noqa: ANN401 (boto3's)
        messages = receive(url)
        handed_over.append(len(messages))
        return messages

    monkeypatch.setattr(queue, "receive", counted)
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, *[encode_notice(batch(number)) for number in range(1, 61)])
        threading.Event().wait(1.0)

        assert sum(handed_over) - len(listener.positions) <= receivers * at_once
        await eventually(lambda: len(listener.positions) == 60)


async def test_queue_that_is_deleted_is_followed_by_another_and_everything_is_in_doubt(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        (first,) = urls_of(aws_clients, notice_topic_arn)
        await asyncio.to_thread(aws_clients.sqs.delete_queue, QueueUrl=first)

        await eventually(lambda: listener.doubts == 2)
        (second,) = urls_of(aws_clients, notice_topic_arn)
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])

    assert second != first


async def test_queue_that_sqs_does_not_know_yet_is_asked_again_and_keeps_its_name(
    aws_clients: AwsClients, notice_topic_arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(
        sqs=aws_clients.sqs, sns=aws_clients.sns, topic_arn=notice_topic_arn, name="feed-new", now=lambda: 0.0
    )
    unknown: Any = {"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue", "Message": "no such queue"}}
    failures = iter([ClientError(unknown, "ReceiveMessage")] * 3)
    receive = queue.receive

    def fails_thrice(url: str) -> Any:  # noqa: ANN401 (boto3's)
        for failure in failures:
            raise failure
        return receive(url)

    monkeypatch.setattr(queue, "receive", fails_thrice)
    listener = Listener(queue)
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])

        assert listener.doubts == 1
        assert [url.rpartition("/")[2] for url in urls_of(aws_clients, notice_topic_arn)] == ["feed-new"]


async def test_receivers_of_a_deleted_queue_ask_for_one_renewal_together(
    aws_clients: AwsClients, notice_topic_arn: str, queue: Queue
) -> None:
    listener = Listener(queue, receivers=8)
    async with running(listener.feed):
        await listener.feed.opened.wait()
        (first,) = urls_of(aws_clients, notice_topic_arn)
        await asyncio.to_thread(aws_clients.sqs.delete_queue, QueueUrl=first)
        await eventually(lambda: listener.doubts == 2)
        await eventually(lambda: _threads_of("feed-") == 8)
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])

        assert listener.doubts == 2
        assert urls_of(aws_clients, notice_topic_arn) == [f"{first}-2"]


async def test_renewal_heals_a_subscription_that_was_removed(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        for subscription in aws_clients.sns.list_subscriptions_by_topic(TopicArn=notice_topic_arn)["Subscriptions"]:
            aws_clients.sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])

        listener.feed.renew()
        await eventually(lambda: listener.doubts == 2)
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])


async def test_what_a_receiver_takes_while_it_is_stopped_is_delivered(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        for number in range(1, 6):
            listener.feed.renew()
            await eventually(lambda: listener.doubts == number + 1)  # noqa: B023 (it is awaited here)
            # Former receivers are still in their long polls, and some of these messages are theirs.
            await publish(aws_clients, notice_topic_arn, *[encode_notice(batch(number))] * 3)

        await eventually(lambda: len(listener.positions) == 15)


async def test_queue_that_dies_again_and_again_is_not_asked_for_without_pause(
    queue: Queue, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone: Any = {"Error": {"Code": "QueueDoesNotExist", "Message": "gone"}}
    pauses: list[int] = []

    def receive(_url: str) -> Any:  # noqa: ANN401 (boto3's)
        raise ClientError(gone, "ReceiveMessage")

    def pause_after(failures: int) -> float:
        pauses.append(failures)
        return 0.0

    monkeypatch.setattr(queue, "receive", receive)
    monkeypatch.setattr(feed_module, "pause_after", pause_after)
    async with running(listener.feed):
        await eventually(lambda: len(pauses) >= 3)

    assert pauses[:3] == [2, 3, 4]


async def test_queue_that_cannot_be_opened_is_tried_again(
    queue: Queue, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[str | None] = []
    opening = queue.open
    troubles = iter([EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), ResponseParserError("hello")])

    def opens_at_the_third_try(*, gone: str | None = None) -> str:
        attempts.append(gone)
        for trouble in troubles:
            raise trouble
        return opening(gone=gone)

    monkeypatch.setattr(queue, "open", opens_at_the_third_try)
    async with running(listener.feed):
        await listener.feed.opened.wait()

        assert len(attempts) == 3
        assert listener.doubts == 1


async def test_receiver_survives_what_nobody_foresaw(
    aws_clients: AwsClients, notice_topic_arn: str, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = Listener(queue, receivers=1)
    receive = queue.receive
    failures = iter([ZeroDivisionError(), EndpointConnectionError(endpoint_url="http://127.0.0.1:9")])

    def fails_twice(url: str) -> Any:  # noqa: ANN401 (boto3's)
        for failure in failures:
            raise failure
        return receive(url)

    monkeypatch.setattr(queue, "receive", fails_twice)
    async with running(listener.feed):
        await listener.feed.opened.wait()
        await publish(aws_clients, notice_topic_arn, encode_notice(batch(1)))
        await eventually(lambda: listener.positions == [1])


async def test_closing_leaves_nothing_in_aws_and_no_thread(
    aws_clients: AwsClients, notice_topic_arn: str, listener: Listener
) -> None:
    async with running(listener.feed):
        await listener.feed.opened.wait()
        (url,) = urls_of(aws_clients, notice_topic_arn)

    assert urls_of(aws_clients, notice_topic_arn) == []
    with pytest.raises(ClientError):
        aws_clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    await eventually(lambda: _threads_of("feed-") == 0)


async def test_closing_while_the_queue_is_being_opened_leaves_nothing(
    aws_clients: AwsClients, notice_topic_arn: str, queue: Queue, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    make = queue._make

    def slowly() -> str:
        begun.set()
        go_on.wait()
        return make()

    monkeypatch.setattr(queue, "_make", slowly)
    task = asyncio.create_task(listener.feed.run())
    await asyncio.to_thread(begun.wait)
    task.cancel()
    closing = asyncio.create_task(listener.feed.close())
    await asyncio.sleep(0)

    go_on.set()
    await closing

    assert urls_of(aws_clients, notice_topic_arn) == []
    await eventually(lambda: _threads_of("feed-") == 0)


async def test_closing_does_not_wait_for_ever(
    queue: Queue, listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(feed_module, "REMOVAL_SECONDS", 0.05)
    monkeypatch.setattr(queue, "remove", go_on.wait)

    await listener.feed.close()

    assert "feed_not_removed" in caplog.messages
    go_on.set()


def _threads_of(prefix: str) -> int:
    return sum(thread.name.startswith(prefix) for thread in threading.enumerate())
