"""What does not come from AWS is no answer, whatever its status says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from tailrace.aws import AWS_TROUBLES, AnswerIncomplete, needed
from tests.faults.garbage_faults import GARBAGE
from tests.support.aws import AwsClients, aws_clients_of
from tests.support.one_answer import answering

TOPIC = "arn:aws:sns:eu-west-1:000000000000:topic"
CALLS: dict[str, Callable[[AwsClients], object]] = {
    "put": lambda aws: aws.dynamodb.put_item(TableName="table", Item={"workflow_id": {"S": "p_x"}}),
    "query": lambda aws: aws.dynamodb.query(TableName="table"),
    "publish": lambda aws: aws.sns.publish(TopicArn=TOPIC, Message="message"),
    "receive": lambda aws: aws.sqs.receive_message(QueueUrl="http://127.0.0.1/000000000000/queue"),
    "create queue": lambda aws: aws.sqs.create_queue(QueueName="queue"),
    "secret": lambda aws: aws.secretsmanager.get_secret_value(SecretId="secret"),
}


@contextmanager
def clients_of(status: int, body: bytes) -> Iterator[AwsClients]:
    with answering(status, body) as aws:
        yield aws_clients_of(aws)


@pytest.mark.parametrize("answer", [*GARBAGE, (200, b""), (200, b'{"Items": [')], ids=str)
@pytest.mark.parametrize("call", CALLS)
def test_garbage_is_a_server_that_failed(call: str, answer: tuple[int, bytes]) -> None:
    with clients_of(*answer) as clients, pytest.raises(ClientError) as raised:
        CALLS[call](clients)

    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500


def test_refusals_stay_what_they_are() -> None:
    refusal = b'{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "none"}'

    with clients_of(400, refusal) as clients, pytest.raises(clients.dynamodb.exceptions.ResourceNotFoundException):
        CALLS["query"](clients)


def test_answer_that_breaks_off_is_one_of_the_troubles() -> None:
    half = b"<PublishResponse><PublishResult></PublishResponse>"

    with clients_of(200, half) as clients, pytest.raises(AWS_TROUBLES) as raised:
        CALLS["publish"](clients)

    assert raised.type is ResponseParserError


@pytest.mark.parametrize("answer", [{}, {"Other": 1}, "text"])
def test_answer_that_lacks_what_it_must_have_is_one_of_the_troubles(answer: Any) -> None:  # noqa: ANN401 (whatever comes)
    with pytest.raises(AWS_TROUBLES) as raised:
        needed(answer, "QueueUrl")

    assert raised.type is AnswerIncomplete
    assert needed({"QueueUrl": "https://queue"}, "QueueUrl") == "https://queue"
