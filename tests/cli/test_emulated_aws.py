"""Emulated AWS answers boto3 as AWS does where the system depends on it."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from tailrace.dynamodb import DynamoDBTable
from tailrace.event import Event, workflow_id
from tailrace.event_log import EventLog
from tests.support.aws import AwsClients, EmulatedAws, emulated_aws_server

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

RACERS = 16


def test_exactly_one_of_sixteen_racing_conditional_puts_wins(
    aws_clients: AwsClients, event_log_table_name: str
) -> None:
    for position in range(1, 21):
        start = threading.Barrier(RACERS)

        def put(racer: int, position: int = position, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                aws_clients.dynamodb.put_item(
                    TableName=event_log_table_name,
                    Item={"workflow_id": {"S": "p_race"}, "position": {"N": str(position)}, "racer": {"N": str(racer)}},
                    ConditionExpression="attribute_not_exists(workflow_id)",
                )
            except aws_clients.dynamodb.exceptions.ConditionalCheckFailedException:
                return False
            return True

        with ThreadPoolExecutor(RACERS) as racers:
            won = list(racers.map(put, range(RACERS)))

        assert won.count(True) == 1


def test_every_message_that_is_published_while_others_are_received_and_deleted_arrives(
    aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    queue_url = _subscribed_queue(aws_clients, notice_topic_arn)
    published = {f"message {number}" for number in range(100)}
    received: set[str] = set()

    def receive() -> None:
        while received < published:
            messages = _receive(aws_clients, queue_url, wait_seconds=1)
            received.update(message["Body"] for message in messages)
            _delete(aws_clients, queue_url, messages)

    with ThreadPoolExecutor() as threads:
        receivers = [threads.submit(receive) for _ in range(2)]
        for message in published:
            aws_clients.sns.publish(TopicArn=notice_topic_arn, Message=message)
        for receiver in receivers:
            receiver.result(timeout=60)

    assert received == published


def test_long_poll_keeps_no_other_request_waiting_and_ends_when_a_message_comes(
    aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    queue_url = _subscribed_queue(aws_clients, notice_topic_arn)

    with ThreadPoolExecutor() as threads:
        polls = [threads.submit(_receive, aws_clients, queue_url, wait_seconds=20) for _ in range(2)]
        begun = time.monotonic()
        aws_clients.sns.publish(TopicArn=notice_topic_arn, Message="one")
        aws_clients.sns.publish(TopicArn=notice_topic_arn, Message="two")
        bodies = {message["Body"] for poll in polls for message in poll.result()}

    assert bodies == {"one", "two"}
    assert time.monotonic() - begun < 10


async def test_log_on_emulated_aws_keeps_what_was_appended(
    event_log_on_moto: EventLog, dynamodb_table: DynamoDBTable
) -> None:
    stream = workflow_id("p_moto")
    event = Event.of("names", {"name": "Luke"})

    (batch,) = await event_log_on_moto.append(stream, [event], batch_id="run")

    page = await dynamodb_table.query(stream)
    assert [(item.position, item.batch_id) for item in page.items] == [(batch.position, batch.batch_id)]


def test_server_is_gone_after_its_test() -> None:
    with emulated_aws_server() as aws:
        pass

    with pytest.raises(OSError, match="refused"):
        _connect(aws.endpoint_url)


def _connect(url: str) -> None:
    parts = urlsplit(url)
    socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=5).close()


def _subscribed_queue(clients: AwsClients, topic_arn: str) -> str:
    queue_url = clients.sqs.create_queue(QueueName=f"queue-{uuid4().hex}")["QueueUrl"]
    attributes = clients.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])["Attributes"]
    clients.sns.subscribe(
        TopicArn=topic_arn,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return queue_url


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example:8702"},
        {"Host": "127.0.0.1.evil.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_pages_reach_nothing_of_it(
    emulated_aws: EmulatedAws, aws_clients: AwsClients, method: str, page: dict[str, str]
) -> None:
    secret = aws_clients.secretsmanager.create_secret(Name=uuid4().hex, SecretString="not for pages")["ARN"]
    asked = {
        "X-Amz-Target": "secretsmanager.GetSecretValue",
        "Authorization": "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/secretsmanager/aws4_request",
        "Content-Type": "application/x-amz-json-1.1",
    }

    def answer(headers: dict[str, str]) -> httpx.Response:
        return httpx.request(
            method, emulated_aws.endpoint_url, headers=headers, json={"SecretId": secret}, trust_env=False, timeout=45
        )

    refused = answer({**asked, **page})
    assert refused.status_code == 403
    assert "not for pages.\n" in refused.text
    assert "access-control-allow-origin" not in refused.headers
    assert method != "POST" or answer(asked).json()["SecretString"] == "not for pages"


def _receive(clients: AwsClients, queue_url: str, *, wait_seconds: int) -> "list[MessageTypeDef]":
    answer = clients.sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=1, WaitTimeSeconds=wait_seconds)
    return answer.get("Messages", [])


def _delete(clients: AwsClients, queue_url: str, messages: "list[MessageTypeDef]") -> None:
    for message in messages:
        clients.sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
