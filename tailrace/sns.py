"""Notices over SNS: one message a batch, to every stream service's own queue."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from tailrace.aws import AWS_TROUBLES, checked
from tailrace.event import Batch
from tailrace.notice import NoticeFailed, encode_notice

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

THREADS = 4


def sns_client() -> "SNSClient":
    """Make a client that tries a few times, and gives up within seconds: streams find the batch by their sweep."""
    config = Config(
        connect_timeout=2,
        read_timeout=3,
        max_pool_connections=THREADS,
        retries={"total_max_attempts": 3, "mode": "standard"},
    )
    return checked(boto3.client("sns", config=config))


class SnsNotifier:
    """A `Notifier` that publishes to an SNS topic."""

    def __init__(self, *, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sns")

    async def announce(self, batch: Batch) -> None:
        """Publish the batch's notice; raises NoticeFailed where it could not be published."""
        message = encode_notice(batch)
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(
                self._threads, lambda: self._client.publish(TopicArn=self._topic_arn, Message=message)
            )
        except AWS_TROUBLES as error:
            raise NoticeFailed(f"The notice of {batch.workflow_id} at {batch.first_id} was not published.") from error

    def close(self) -> None:
        """Let the threads go once their calls have ended."""
        self._threads.shutdown(wait=False)
