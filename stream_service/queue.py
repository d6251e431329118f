"""A task's own queue, and its subscription to the topic: made at start, removed at the end."""

import json
import logging
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

RETENTION_SECONDS = 60
"""A notice that waited longer says nothing that the re-read did not find."""
VISIBILITY_SECONDS = 30
LONG_POLL_SECONDS = 5
"""Short, so that a receiver notices soon that it shall stop."""
MESSAGES_AT_ONCE = 10
GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


def sqs_client(*, receivers: int) -> "SQSClient":
    """Make a client with a connection for each receiver, and one to spare."""
    return boto3.client("sqs", config=_config(LONG_POLL_SECONDS + 10, receivers + 1))


def sns_client() -> "SNSClient":
    """Make a client for canaries and the subscription."""
    return boto3.client("sns", config=_config(5, 2))


def _config(read_timeout: int, connections: int) -> Config:
    return Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )


class Queue:
    """A queue that only the topic may send to, and its raw subscription."""

    def __init__(self, *, sqs: "SQSClient", sns: "SNSClient", topic_arn: str, name: str) -> None:
        self._sqs = sqs
        self._sns = sns
        self._topic_arn = topic_arn
        self._name = name
        self._made = 0
        self._url: str | None = None
        self._subscription: str | None = None

    def open(self) -> str:
        """Make the queue where there is none, subscribe it, and return its URL.

        A queue that was deleted leaves its name unusable for a minute, so each new one has a name of its own.

        Raises:
            BotoCoreError, ClientError: SQS or SNS refused, or did not answer; call again.
        """
        if self._url is None or not self._exists(self._url):
            self._url = self._make()
        queue_arn = self._arn(self._url)
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": self._policy(queue_arn)})
        self._subscription = self._sns.subscribe(
            TopicArn=self._topic_arn,
            Protocol="sqs",
            Endpoint=queue_arn,
            Attributes={"RawMessageDelivery": "true"},
            ReturnSubscriptionArn=True,
        )["SubscriptionArn"]
        logger.info("feed_opened", extra={"queue": self._url})
        return self._url

    def receive(self, url: str) -> "list[MessageTypeDef]":
        """Wait for messages, LONG_POLL_SECONDS at most."""
        answer = self._sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=MESSAGES_AT_ONCE, WaitTimeSeconds=LONG_POLL_SECONDS
        )
        return answer.get("Messages", [])

    def delete(self, url: str, messages: "list[MessageTypeDef]") -> None:
        """Delete messages that were handed over."""
        self._sqs.delete_message_batch(
            QueueUrl=url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ],
        )

    def publish(self, message: str) -> None:
        """Publish to the topic, to see it come back through the queue."""
        self._sns.publish(TopicArn=self._topic_arn, Message=message)

    def remove(self) -> None:
        """Unsubscribe and delete the queue; what fails is left to the janitor."""
        try:
            if self._subscription is not None:
                self._sns.unsubscribe(SubscriptionArn=self._subscription)
            if self._url is not None:
                self._sqs.delete_queue(QueueUrl=self._url)
        except (BotoCoreError, ClientError) as error:
            logger.warning("feed_not_removed", extra={"error": str(error)})

    def _make(self) -> str:
        self._made += 1
        name = self._name if self._made == 1 else f"{self._name}-{self._made}"
        return self._sqs.create_queue(
            QueueName=name,
            Attributes={
                "MessageRetentionPeriod": str(RETENTION_SECONDS),
                "VisibilityTimeout": str(VISIBILITY_SECONDS),
                "SqsManagedSseEnabled": "true",
            },
            tags={"tailrace:topic": self._topic_arn},
        )["QueueUrl"]

    def _exists(self, url: str) -> bool:
        try:
            self._arn(url)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in GONE:
                return False
            raise
        return True

    def _arn(self, url: str) -> str:
        return self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def _policy(self, queue_arn: str) -> str:
        """Let the topic send, and refuse everybody without TLS."""
        return json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TopicMaySend",
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": queue_arn,
                        "Condition": {"ArnEquals": {"aws:SourceArn": self._topic_arn}},
                    },
                    {
                        "Sid": "NobodyWithoutTls",
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "sqs:*",
                        "Resource": queue_arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                ],
            }
        )
