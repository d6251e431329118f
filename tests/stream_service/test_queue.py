import json
import threading
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from stream_service.queue import SETTLING_SECONDS, Queue, QueueRemoved, is_gone, sns_client, sqs_client
from stream_service.queue_policy import arn_beside, queue_policy
from tests.support.aws import AwsClients

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef


@pytest.fixture
def queue(aws_clients: AwsClients, notice_topic_arn: str) -> Iterator[Queue]:
    queue = Queue(
        sqs=aws_clients.sqs,
        sns=aws_clients.sns,
        topic_arn=notice_topic_arn,
        name=f"tailrace-{uuid4().hex}",
        now=count(step=60).__next__,  # whoever asks hears that a minute has passed: no queue is new
    )
    yield queue
    queue.remove()


def attributes_of(aws: AwsClients, url: str) -> dict[str, str]:
    found = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {str(name): value for name, value in found.items()}


def subscriptions_to(aws: AwsClients, topic_arn: str) -> list[str]:
    found = aws.sns.list_subscriptions_by_topic(TopicArn=topic_arn)["Subscriptions"]
    return [subscription["SubscriptionArn"] for subscription in found]


def exists(aws: AwsClients, url: str) -> bool:
    try:
        attributes_of(aws, url)
    except ClientError as error:
        if is_gone(error):
            return False
        raise
    return True


def bodies(messages: "list[MessageTypeDef]") -> list[str]:
    return [message["Body"] for message in messages]


# --- how it is made


def test_queue_forgets_after_a_minute_and_encrypts(aws_clients: AwsClients, queue: Queue) -> None:
    attributes = attributes_of(aws_clients, queue.open())

    assert attributes["MessageRetentionPeriod"] == "60"
    assert attributes["SqsManagedSseEnabled"] == "true"
    assert attributes["VisibilityTimeout"] == "30"


def test_queue_names_its_topic_in_a_tag(aws_clients: AwsClients, queue: Queue, notice_topic_arn: str) -> None:
    tags = aws_clients.sqs.list_queue_tags(QueueUrl=queue.open())["Tags"]

    assert tags == {"tailrace:topic": notice_topic_arn}


def test_policy_admits_the_topic_alone_and_nobody_without_tls(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str
) -> None:
    attributes = attributes_of(aws_clients, queue.open())

    admits, refuses = json.loads(attributes["Policy"])["Statement"]

    assert (admits["Effect"], admits["Principal"], admits["Action"]) == (
        "Allow",
        {"Service": "sns.amazonaws.com"},
        "sqs:SendMessage",
    )
    assert admits["Condition"] == {"ArnEquals": {"aws:SourceArn": notice_topic_arn}}
    assert (refuses["Effect"], refuses["Principal"], refuses["Action"]) == ("Deny", "*", "sqs:*")
    assert refuses["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert admits["Resource"] == refuses["Resource"] == attributes["QueueArn"]


def test_arn_of_a_queue_is_known_before_it_is_made() -> None:
    topic_arn = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:Stack-Notices"

    assert arn_beside(topic_arn, "tailrace-x") == "arn:aws-us-gov:sqs:us-gov-west-1:111122223333:tailrace-x"
    assert json.loads(queue_policy(topic_arn=topic_arn, queue_arn="q"))["Statement"][0]["Resource"] == "q"


def test_subscription_is_raw_and_leads_to_the_queue(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str
) -> None:
    url = queue.open()

    (arn,) = subscriptions_to(aws_clients, notice_topic_arn)
    attributes = aws_clients.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]

    assert attributes["RawMessageDelivery"] == "true"
    assert attributes["Endpoint"] == attributes_of(aws_clients, url)["QueueArn"]


# --- what goes through it


def test_what_is_published_is_received_as_it_is_and_deleted(aws_clients: AwsClients, queue: Queue) -> None:
    url = queue.open()
    queue.publish('{"text": "two\\nlines"}\nraw')

    messages = queue.receive(url)
    assert bodies(messages) == ['{"text": "two\\nlines"}\nraw']

    queue.delete(url, messages)
    attributes = attributes_of(aws_clients, url)
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_several_messages_come_at_once(queue: Queue) -> None:
    url = queue.open()
    for number in range(25):
        queue.publish(str(number))

    received: list[str] = []
    while len(received) < 25:
        messages = queue.receive(url)
        assert 1 <= len(messages) <= 10
        queue.delete(url, messages)
        received += bodies(messages)

    assert sorted(received, key=int) == [str(number) for number in range(25)]


def test_each_task_gets_everything(aws_clients: AwsClients, queue: Queue, notice_topic_arn: str) -> None:
    other = Queue(sqs=aws_clients.sqs, sns=aws_clients.sns, topic_arn=notice_topic_arn, name=f"other-{uuid4().hex}")
    try:
        urls = [queue.open(), other.open()]
        queue.publish("for all")

        assert [bodies(queue.receive(url)) for url in urls] == [["for all"], ["for all"]]
    finally:
        other.remove()


# --- when something is lost


def test_opening_again_changes_nothing_where_all_is_well(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str
) -> None:
    url = queue.open()
    subscriptions = subscriptions_to(aws_clients, notice_topic_arn)

    assert queue.open() == url
    assert subscriptions_to(aws_clients, notice_topic_arn) == subscriptions


def test_opening_again_heals_subscription_and_policy(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str
) -> None:
    url = queue.open()
    aws_clients.sns.unsubscribe(SubscriptionArn=subscriptions_to(aws_clients, notice_topic_arn)[0])
    aws_clients.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})

    assert queue.open() == url
    queue.publish("healed")

    assert bodies(queue.receive(url)) == ["healed"]
    assert "TopicMaySend" in attributes_of(aws_clients, url)["Policy"]


def test_queue_that_was_deleted_is_followed_by_another_of_another_name(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str
) -> None:
    first = queue.open()
    aws_clients.sqs.delete_queue(QueueUrl=first)

    second = queue.open()

    assert second == f"{first}-2"
    assert len(subscriptions_to(aws_clients, notice_topic_arn)) == 1
    queue.publish("to the second")
    assert bodies(queue.receive(second)) == ["to the second"]


def test_queue_known_to_be_gone_is_not_asked_for(aws_clients: AwsClients, queue: Queue, notice_topic_arn: str) -> None:
    first = queue.open()  # SQS may answer for a deleted queue for a minute

    second = queue.open(gone=first)

    assert second == f"{first}-2"
    assert queue.open(gone=first) == second
    assert len(subscriptions_to(aws_clients, notice_topic_arn)) == 1
    aws_clients.sqs.delete_queue(QueueUrl=first)


def test_receiving_from_a_deleted_queue_says_so(aws_clients: AwsClients, queue: Queue) -> None:
    url = queue.open()
    aws_clients.sqs.delete_queue(QueueUrl=url)

    with pytest.raises(ClientError) as raised:
        queue.receive(url)

    assert is_gone(raised.value)


def test_other_errors_are_not_the_queues_end() -> None:
    refused: Any = {"Error": {"Code": "AccessDenied", "Message": "no"}}

    assert not is_gone(ClientError(refused, "ReceiveMessage"))
    assert not is_gone(OSError())


class Unsettled:
    """An SQS that does not know a queue that was just made, until it is told to."""

    def __init__(self, client: "SQSClient") -> None:
        self._client = client
        self.knows = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (any operation)
        return getattr(self._client, name) if self.knows or name == "create_queue" else self._refuse

    def _refuse(self, **_: object) -> None:
        refused: Any = {"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue", "Message": "no such queue"}}
        raise ClientError(refused, "AnyOperation")


def test_new_queue_that_sqs_does_not_know_yet_is_not_taken_for_lost(
    aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    now = [0.0]
    unsettled = Unsettled(aws_clients.sqs)
    sqs: Any = unsettled
    queue = Queue(
        sqs=sqs, sns=aws_clients.sns, topic_arn=notice_topic_arn, name=f"new-{uuid4().hex}", now=lambda: now[0]
    )
    url = queue.open()

    with pytest.raises(ClientError) as raised:
        queue.receive(url)
    assert not queue.is_lost(raised.value)
    with pytest.raises(ClientError):
        queue.open()
    now[0] = SETTLING_SECONDS
    assert queue.is_lost(raised.value)

    unsettled.knows = True
    assert queue.open() == url
    queue.publish("known by now")
    assert bodies(queue.receive(url)) == ["known by now"]
    queue.remove()


# --- the end


def test_removing_leaves_nothing(aws_clients: AwsClients, queue: Queue, notice_topic_arn: str) -> None:
    url = queue.open()

    queue.remove()

    assert not exists(aws_clients, url)
    assert subscriptions_to(aws_clients, notice_topic_arn) == []


def test_removing_twice_or_before_opening_is_no_trouble(queue: Queue, caplog: pytest.LogCaptureFixture) -> None:
    queue.remove()
    queue.remove()

    assert not caplog.records


def test_queue_that_was_removed_stays_so(queue: Queue) -> None:
    queue.open()
    queue.remove()

    with pytest.raises(QueueRemoved):
        queue.open()


def test_removing_a_queue_that_someone_deleted_is_no_trouble(
    aws_clients: AwsClients, queue: Queue, notice_topic_arn: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = queue.open()
    aws_clients.sqs.delete_queue(QueueUrl=url)
    caplog.clear()

    queue.remove()

    assert subscriptions_to(aws_clients, notice_topic_arn) == []
    assert not caplog.records


class Refusing:
    """An SNS or SQS client that refuses one operation."""

    def __init__(self, client: Any, operation: str) -> None:  # noqa: ANN401 (either client)
        self._client = client
        self._operation = operation
        self.refuses = True

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (any operation)
        if name == self._operation and self.refuses:
            return self._refuse
        return getattr(self._client, name)

    def _refuse(self, **_: object) -> None:
        refused: Any = {"Error": {"Code": "AuthorizationError", "Message": "no"}}
        raise ClientError(refused, self._operation)


def test_queue_is_deleted_also_where_unsubscribing_fails(
    aws_clients: AwsClients, notice_topic_arn: str, caplog: pytest.LogCaptureFixture
) -> None:
    sns: Any = Refusing(aws_clients.sns, "unsubscribe")
    queue = Queue(sqs=aws_clients.sqs, sns=sns, topic_arn=notice_topic_arn, name=f"tailrace-{uuid4().hex}")
    url = queue.open()

    queue.remove()

    assert not exists(aws_clients, url)
    assert "feed_not_removed" in caplog.messages


def test_opening_that_failed_half_way_goes_on_with_the_same_queue(
    aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    sns: Any = Refusing(aws_clients.sns, "subscribe")
    queue = Queue(sqs=aws_clients.sqs, sns=sns, topic_arn=notice_topic_arn, name=f"half-{uuid4().hex}")
    with pytest.raises(ClientError):
        queue.open()

    sns.refuses = False
    url = queue.open()

    assert not url.endswith("-2")
    queue.remove()
    assert not exists(aws_clients, url)


class Slow:
    """An SNS client whose subscribing waits until it is let."""

    def __init__(self, client: "SNSClient") -> None:
        self._client = client
        self.begun = threading.Event()
        self.go_on = threading.Event()

    def subscribe(self, **request: Any) -> Any:  # noqa: ANN401 (boto3's)
        self.begun.set()
        self.go_on.wait()
        return self._client.subscribe(**request)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (any operation)
        return getattr(self._client, name)


def test_removing_while_the_queue_is_being_opened_leaves_nothing(
    aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    slow = Slow(aws_clients.sns)
    sns: Any = slow
    queue = Queue(sqs=aws_clients.sqs, sns=sns, topic_arn=notice_topic_arn, name=f"race-{uuid4().hex}")
    opened: list[str] = []
    opening = threading.Thread(target=lambda: opened.append(queue.open()))
    removing = threading.Thread(target=queue.remove)
    opening.start()
    slow.begun.wait()
    removing.start()

    slow.go_on.set()
    opening.join()
    removing.join()

    assert not exists(aws_clients, opened[0])
    assert subscriptions_to(aws_clients, notice_topic_arn) == []


# --- the clients


def test_clients_give_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    sqs: SQSClient = sqs_client(receivers=3)
    sns: SNSClient = sns_client()

    assert (sqs.meta.config.connect_timeout, sqs.meta.config.read_timeout) == (2, 15)  # type: ignore[attr-defined]
    assert sqs.meta.config.max_pool_connections == 7  # type: ignore[attr-defined]
    assert (sns.meta.config.connect_timeout, sns.meta.config.read_timeout) == (2, 5)  # type: ignore[attr-defined]


def test_queue_that_cannot_be_reached_says_so(notice_topic_arn: str) -> None:
    common: Any = {
        "endpoint_url": "http://127.0.0.1:9",
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
        "config": Config(retries={"total_max_attempts": 1}, proxies={}),
    }
    queue = Queue(
        sqs=boto3.client("sqs", **common),
        sns=boto3.client("sns", **common),
        topic_arn=notice_topic_arn,
        name=f"tailrace-{uuid4().hex}",
    )

    with pytest.raises(BotoCoreError):
        queue.open()
