"""Queues that tasks made for themselves under a prefix: which there are, whose they are, and how they go."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

logger = logging.getLogger(__name__)

_GONE = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "NotFound", "QueueDoesNotExist"})
"""How SQS and SNS say that there is no such queue or subscription: for a while, both list what was removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQueues:
    """The queues named `{prefix}{task id}`, and `…-2`, `…-3` where a task made its queue anew; and who feeds them."""

    sqs: "SQSClient"
    sns: "SNSClient"
    prefix: str
    topic_arn: str

    def tasks(self) -> frozenset[str]:
        """The ids of the tasks that a queue or a subscription was made by."""
        names = [*(name for name, _ in self._queues()), *(name for name, _ in self._subscriptions())]
        return frozenset(map(self._task, names))

    def remove(self, of: Callable[[str], bool]) -> None:
        """Remove the queues and subscriptions of the tasks whose id `of` picks; what is gone already counts."""
        for name, subscription_arn in list(self._subscriptions()):
            if of(self._task(name)):
                self._unless_gone(partial(self.sns.unsubscribe, SubscriptionArn=subscription_arn))
                logger.info("subscription_removed", extra={"queue": name})
        for name, url in list(self._queues()):
            if of(self._task(name)):
                self._unless_gone(partial(self.sqs.delete_queue, QueueUrl=url))
                logger.info("queue_removed", extra={"queue": name})

    @staticmethod
    def _unless_gone(remove: Callable[[], object]) -> None:
        try:
            remove()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                raise

    def _queues(self) -> Iterator[tuple[str, str]]:
        pages = self.sqs.get_paginator("list_queues").paginate(
            QueueNamePrefix=self.prefix, PaginationConfig={"PageSize": 1000}
        )
        for page in pages:
            for url in page.get("QueueUrls", []):
                yield url.rpartition("/")[2], url

    def _subscriptions(self) -> Iterator[tuple[str, str]]:
        for page in self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self.topic_arn):
            for subscription in page["Subscriptions"]:
                name, arn = subscription["Endpoint"].rpartition(":")[2], subscription["SubscriptionArn"]
                if name.startswith(self.prefix) and arn.startswith("arn:"):  # else it is a word, such as "Deleted"
                    yield name, arn

    def _task(self, queue_name: str) -> str:
        return queue_name.removeprefix(self.prefix).partition("-")[0]
