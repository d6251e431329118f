"""Lambda's way in: makes the janitor from the environment, and hands it each event."""

import logging
import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3

from lambdas.queue_janitor.janitor import Janitor
from lambdas.queue_janitor.queues import TaskQueues
from lambdas.queue_janitor.stack_event import answer

logging.getLogger().setLevel(logging.INFO)


def handler(event: Mapping[str, Any], _context: object) -> None:
    """Handle an event of ECS, of the hourly rule or of CloudFormation."""
    if "ResponseURL" not in event:
        _janitor().handle(event)
        return
    try:
        _janitor().handle(event)
    except Exception as error:  # without an answer, CloudFormation would wait for an hour
        answer(event, failure=f"Queues could not be removed: {error}")
        raise
    answer(event)


@cache
def _janitor() -> Janitor:
    queues = TaskQueues(
        sqs=boto3.client("sqs"),
        sns=boto3.client("sns"),
        prefix=os.environ["TAILRACE_QUEUE_PREFIX"],
        topic_arn=os.environ["TAILRACE_NOTICE_TOPIC_ARN"],
    )
    return Janitor(queues=queues, ecs=boto3.client("ecs"), cluster_arn=os.environ["TAILRACE_CLUSTER_ARN"])
