"""A task's own queue, and its subscription to the topic: made at start, removed at the end."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from stream_service.queue_policy import arn_beside, queue_policy
from tailrace.aws import AWS_TROUBLES, checked, needed

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

logger = logging.getLogger(__name__)

RETENTION_SECONDS = 60
"""A notice that waited longer says nothing that the sweep did not find."""
VISIBILITY_SECONDS = 30
LONG_POLL_SECONDS = 5
"""Short, so that a receiver notices soon that it shall stop."""
MESSAGES_AT_ONCE = 10
SETTLING_SECONDS = 10.0
"""For how long SQS may say of a new queue that there is none: it asks for a second at least before one is used.

Source: "CreateQueue" in the Amazon SQS API reference.
"""
_GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})


class QueueRemoved(Exception):
    """The queue was asked for after it had been removed for good."""


def sqs_client(*, receivers: int) -> "SQSClient":
    """Make a client with a connection for each receiver, for its successor after a renewal, and one to spare."""
    return checked(boto3.client("sqs", config=_config(LONG_POLL_SECONDS + 10, 2 * receivers + 1)))


def sns_client() -> "SNSClient":
    """Make a client for canaries and the subscription."""
    return checked(boto3.client("sns", config=_config(5, 2)))


def is_gone(error: Exception) -> bool:
    """Whether this is how SQS says that there is no such queue."""
    return isinstance(error, ClientError) and error.response.get("Error", {}).get("Code") in _GONE


def _config(read_timeout: int, connections: int) -> Config:
    return Config(
        connect_timeout=2,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )


class Queue:
    """A queue that only the topic may send to, and its raw subscription.

    Its methods block; `open` and `remove` may be called from different threads.
    """

    def __init__(
        self,
        *,
        sqs: "SQSClient",
        sns: "SNSClient",
        topic_arn: str,
        name: str,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sqs = sqs
        self._sns = sns
        self._topic_arn = topic_arn
        self._name = name
        self._now = now
        self._made = 0
        self._made_at = -math.inf
        self._url: str | None = None
        self._subscription: str | None = None
        self._removed = False
        self._changing = threading.Lock()  # an `open` under way must not leave behind what `remove` no longer sees

    def open(self, *, gone: str | None = None) -> str:
        """Make the queue where there is none, subscribe it, and return its URL; `gone` is one known to be deleted.

        A queue that was deleted leaves its name unusable for a minute, so each new one has a name of its own.

        Raises:
            One of AWS_TROUBLES: SQS or SNS refused, or did not answer; call again.
            QueueRemoved: `remove` was called.
        """
        with self._changing:
            if self._removed:
                raise QueueRemoved
            if self._url is None or self._url == gone or not self._renew_policy(self._url):
                self._forget_subscription()
                self._url = self._make()
            subscribed = self._sns.subscribe(
                TopicArn=self._topic_arn,
                Protocol="sqs",
                Endpoint=self._arn(self._url),
                Attributes={"RawMessageDelivery": "true"},
                ReturnSubscriptionArn=True,
            )
            self._subscription = str(needed(subscribed, "SubscriptionArn"))
            logger.info("feed_opened", extra={"queue": self._url})
            return self._url

    def is_lost(self, error: Exception) -> bool:
        """Whether this says that the queue was deleted: of a new one, it says that SQS does not know it yet."""
        return is_gone(error) and self._now() - self._made_at >= SETTLING_SECONDS

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
        """Unsubscribe and delete the queue, for good; what fails is left to the janitor."""
        with self._changing:
            self._removed = True
            self._forget_subscription()
            url, self._url = self._url, None
            if url is not None:
                self._try(lambda: self._sqs.delete_queue(QueueUrl=url))

    def _forget_subscription(self) -> None:
        """Unsubscribe: SNS keeps the subscription of a queue that is gone."""
        arn, self._subscription = self._subscription, None
        if arn is not None:
            self._try(lambda: self._sns.unsubscribe(SubscriptionArn=arn))

    @staticmethod
    def _try(remove: Callable[[], object]) -> None:
        try:
            remove()
        except AWS_TROUBLES as error:
            if not is_gone(error):
                logger.warning("feed_not_removed", extra={"error": str(error)})

    def _make(self) -> str:
        name = self._name if self._made == 0 else f"{self._name}-{self._made + 1}"
        made = self._sqs.create_queue(
            QueueName=name,
            Attributes={
                "MessageRetentionPeriod": str(RETENTION_SECONDS),
                "VisibilityTimeout": str(VISIBILITY_SECONDS),
                "SqsManagedSseEnabled": "true",
                # From the first moment on: a policy that is set later takes up to a minute to spread.
                "Policy": self._policy(arn_beside(self._topic_arn, name)),
            },
            tags={"tailrace:topic": self._topic_arn},
        )
        url = str(needed(made, "QueueUrl"))
        self._made += 1
        self._made_at = self._now()
        return url

    def _renew_policy(self, url: str) -> bool:
        """Set the policy again; False where there is no such queue any more."""
        try:
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": self._policy(self._arn(url))})
        except ClientError as error:
            if self.is_lost(error):
                return False
            raise
        return True

    def _policy(self, queue_arn: str) -> str:
        return queue_policy(topic_arn=self._topic_arn, queue_arn=queue_arn)

    def _arn(self, url: str) -> str:
        return arn_beside(self._topic_arn, url.rpartition("/")[2])  # not asked for: SQS may not know a new queue yet
