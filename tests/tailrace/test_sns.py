"""Notices over SNS arrive at a queue as they were written."""

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tailrace.event import Batch, Event, Position, workflow_id
from tailrace.notice import MAX_NOTICE_BYTES, Notice, NoticeFailed, decode_notice, encode_notice
from tailrace.sns import SnsNotifier, sns_client
from tests.support.aws import AwsClients, EmulatedAws

Announcer = Callable[[str], SnsNotifier]


@pytest.fixture
def notifier_of(aws_clients: AwsClients) -> Iterator[Announcer]:
    notifiers: list[SnsNotifier] = []

    def make(topic_arn: str) -> SnsNotifier:
        notifiers.append(SnsNotifier(client=aws_clients.sns, topic_arn=topic_arn))
        return notifiers[-1]

    yield make
    for notifier in notifiers:
        notifier.close()


@pytest.fixture
def queue_url(aws_clients: AwsClients, notice_topic_arn: str) -> str:
    url = aws_clients.sqs.create_queue(QueueName=f"queue-{uuid4().hex}")["QueueUrl"]
    arn = aws_clients.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws_clients.sns.subscribe(
        TopicArn=notice_topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return url


def batch_of(*payloads: str) -> Batch:
    return Batch(
        workflow_id=workflow_id("p_hello"),
        generation="m1a2b3c4",
        position=Position(17),
        count=len(payloads),
        events=tuple(Event.of("texts", payload) for payload in payloads),
        batch_id="run:0",
        recorded_at=1_800_000_000_000,
    )


async def test_notice_arrives_with_its_batch(
    aws_clients: AwsClients, notice_topic_arn: str, queue_url: str, notifier_of: Announcer
) -> None:
    batch = batch_of("Luke", "two\nlines", "\u2028", "🌊")

    await notifier_of(notice_topic_arn).announce(batch)

    notice = received(aws_clients, queue_url)
    assert notice.batch() == batch


async def test_notice_of_the_largest_size_arrives_with_its_batch(
    aws_clients: AwsClients, notice_topic_arn: str, queue_url: str, notifier_of: Announcer
) -> None:
    half = (MAX_NOTICE_BYTES - len(encode_notice(batch_of("", "")))) // 2
    batch = batch_of("a" * half, "a" * half)

    await notifier_of(notice_topic_arn).announce(batch)

    assert MAX_NOTICE_BYTES - 1 <= len(encode_notice(batch)) <= MAX_NOTICE_BYTES
    assert received(aws_clients, queue_url).batch() == batch


async def test_batch_that_does_not_fit_is_announced_by_its_place(
    aws_clients: AwsClients, notice_topic_arn: str, queue_url: str, notifier_of: Announcer
) -> None:
    await notifier_of(notice_topic_arn).announce(batch_of("a" * 200_000, "a" * 200_000))

    notice = received(aws_clients, queue_url)
    assert (notice.position, notice.count, notice.batch()) == (17, 2, None)


async def test_notice_that_is_not_published_says_which(aws_clients: AwsClients, notifier_of: Announcer) -> None:
    topic_arn = aws_clients.sns.create_topic(Name=f"gone-{uuid4().hex}")["TopicArn"]
    aws_clients.sns.delete_topic(TopicArn=topic_arn)

    with pytest.raises(NoticeFailed, match="p_hello at m1a2b3c4-17"):
        await notifier_of(topic_arn).announce(batch_of("Luke"))


def test_client_gives_up_within_seconds(emulated_aws: EmulatedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)

    settings = vars(sns_client().meta.config)["_user_provided_options"]

    seconds = settings["connect_timeout"] + settings["read_timeout"]
    assert seconds * settings["retries"]["total_max_attempts"] <= 20


def received(clients: AwsClients, queue_url: str) -> Notice:
    answer = clients.sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=20)
    notice = decode_notice(answer["Messages"][0]["Body"])
    assert isinstance(notice, Notice)
    return notice
