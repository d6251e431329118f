"""The janitor, on emulated SQS, SNS and ECS."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from cli.local_aws import REGION
from lambdas.queue_janitor.janitor import Janitor
from lambdas.queue_janitor.queues import TaskQueues
from stream_service.queue import Queue
from tests.support.aws import AwsClients

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_sns import SNSClient

CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/streams"


class Cluster:
    """ECS, as far as the janitor asks: which tasks there are, in pages of one."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.stopping: list[str] = []

    def get_paginator(self, operation: str) -> "Cluster":
        assert operation == "list_tasks"
        return self

    def paginate(self, *, cluster: str, desiredStatus: str) -> Iterator[dict[str, list[str]]]:  # noqa: N803 - boto3's
        assert cluster == CLUSTER
        for task in self.running if desiredStatus == "RUNNING" else self.stopping:
            yield {"taskArns": [f"arn:aws:ecs:{REGION}:123456789012:task/streams/{task}"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Queues under a prefix, and whoever tidies them."""

    aws: AwsClients
    prefix: str
    topic_arn: str
    cluster: Cluster
    janitor: Janitor

    def task_makes_queue(self) -> str:
        task = uuid4().hex
        Queue(sqs=self.aws.sqs, sns=self.aws.sns, topic_arn=self.topic_arn, name=f"{self.prefix}{task}").open()
        return task

    @property
    def queues(self) -> set[str]:
        urls = self.aws.sqs.list_queues(QueueNamePrefix=self.prefix).get("QueueUrls", [])
        return {url.rpartition("/")[2].removeprefix(self.prefix) for url in urls}

    @property
    def subscriptions(self) -> set[str]:
        answer = self.aws.sns.list_subscriptions_by_topic(TopicArn=self.topic_arn)
        return {each["Endpoint"].rpartition(":")[2].removeprefix(self.prefix) for each in answer["Subscriptions"]}


@pytest.fixture
def place(aws_clients: AwsClients, notice_topic_arn: str) -> Place:
    cluster, prefix = Cluster(), f"streams-{uuid4().hex[:8]}-"
    queues = TaskQueues(sqs=aws_clients.sqs, sns=aws_clients.sns, prefix=prefix, topic_arn=notice_topic_arn)
    janitor = Janitor(queues=queues, ecs=cast("ECSClient", cluster), cluster_arn=CLUSTER)
    return Place(aws=aws_clients, prefix=prefix, topic_arn=notice_topic_arn, cluster=cluster, janitor=janitor)


def stopped(task: str) -> dict[str, Any]:
    """What EventBridge hands over; Amazon ECS Developer Guide, "Amazon ECS task state change events"."""
    arn = f"arn:aws:ecs:{REGION}:123456789012:task/streams/{task}"
    detail = {"clusterArn": CLUSTER, "taskArn": arn, "lastStatus": "STOPPED", "group": "service:streams"}
    return {"source": "aws.ecs", "detail-type": "ECS Task State Change", "detail": detail}


def test_a_task_that_stopped_leaves_no_queue_and_no_subscription_others_keep_theirs(place: Place) -> None:
    gone, other = place.task_makes_queue(), place.task_makes_queue()

    place.janitor.handle(stopped(gone))

    assert place.queues == place.subscriptions == {other}


def test_a_queue_that_was_made_anew_goes_as_well(place: Place) -> None:
    task = place.task_makes_queue()
    place.aws.sqs.create_queue(QueueName=f"{place.prefix}{task}-2")

    place.janitor.handle(stopped(task))

    assert place.queues == set()


def test_a_task_whose_queue_is_gone_already_is_no_error(place: Place) -> None:
    place.janitor.handle(stopped(uuid4().hex))

    assert place.queues == set()


def test_the_sweep_removes_what_no_task_owns_also_a_subscription_without_its_queue(place: Place) -> None:
    running, stopping, orphan, half = (place.task_makes_queue() for _ in range(4))
    place.cluster.running, place.cluster.stopping = [running], [stopping]
    place.aws.sqs.delete_queue(QueueUrl=place.aws.sqs.get_queue_url(QueueName=f"{place.prefix}{half}")["QueueUrl"])

    place.janitor.handle({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}})

    assert place.queues == place.subscriptions == {running, stopping}
    assert orphan not in place.queues


class LateLists:
    """An SNS whose lists still hold what was removed, and words in place of ARNs; it refuses to remove either."""

    def __init__(self, client: "SNSClient", endpoints: list[str]) -> None:
        self._client = client
        self._endpoints = endpoints
        self.refused: list[str] = []

    def get_paginator(self, operation: str) -> "LateLists":
        assert operation == "list_subscriptions_by_topic"
        return self

    def paginate(self, **request: Any) -> Iterator[Any]:  # noqa: ANN401 - boto3's
        yield from self._client.get_paginator("list_subscriptions_by_topic").paginate(**request)
        gone = f"{request['TopicArn']}:{uuid4()}"
        yield {"Subscriptions": [{"Endpoint": each, "SubscriptionArn": gone} for each in self._endpoints]}
        yield {"Subscriptions": [{"Endpoint": each, "SubscriptionArn": "Deleted"} for each in self._endpoints]}

    def unsubscribe(self, *, SubscriptionArn: str) -> None:  # noqa: N803 - boto3's
        known = self._client.get_paginator("list_subscriptions").paginate()
        if any(each["SubscriptionArn"] == SubscriptionArn for page in known for each in page["Subscriptions"]):
            self._client.unsubscribe(SubscriptionArn=SubscriptionArn)
            return
        self.refused.append(SubscriptionArn)
        code = "NotFound" if SubscriptionArn.startswith("arn:") else "InvalidParameter"
        raise ClientError({"Error": {"Code": code, "Message": "Subscription does not exist"}}, "Unsubscribe")


def test_with_the_stack_every_queue_goes_also_while_sns_lists_what_is_gone(place: Place) -> None:
    place.task_makes_queue()
    late = LateLists(place.aws.sns, [f"arn:aws:sqs:{REGION}:123456789012:{place.prefix}{uuid4().hex}"])
    queues = replace(place.janitor.queues, sns=cast("SNSClient", late))

    replace(place.janitor, queues=queues).handle({"RequestType": "Delete"})

    assert place.queues == place.subscriptions == set()
    assert len(late.refused) == 1


def test_the_sweep_touches_no_queue_outside_of_the_prefix(place: Place) -> None:
    theirs = f"orders-{uuid4().hex}"
    url = place.aws.sqs.create_queue(QueueName=theirs)["QueueUrl"]
    place.task_makes_queue()

    place.janitor.sweep()

    assert place.queues == set()
    assert place.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]


def test_with_the_stack_every_queue_goes_but_not_before(place: Place) -> None:
    task = place.task_makes_queue()
    place.cluster.running = [task]

    place.janitor.handle({"RequestType": "Create"})
    assert place.queues == {task}
    place.janitor.handle({"RequestType": "Update"})
    assert place.queues == {task}
    place.janitor.handle({"RequestType": "Delete"})

    assert place.queues == place.subscriptions == set()
