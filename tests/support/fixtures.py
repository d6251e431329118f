"""Fixtures for every test: emulated AWS, and a log, a table and a topic on it that belong to one test alone."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tailrace.dynamodb import DynamoDBTable, create_table
from tailrace.event_log import EventLog
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of, emulated_aws_server


@pytest.fixture(scope="session")
def emulated_aws() -> Iterator[EmulatedAws]:
    """Emulated AWS, one server for all the tests of this process: name what you create uniquely."""
    with emulated_aws_server() as aws:
        yield aws


@pytest.fixture(scope="session")
def aws_clients(emulated_aws: EmulatedAws) -> AwsClients:
    """boto3's clients of the emulated AWS."""
    return aws_clients_of(emulated_aws)


@pytest.fixture
def event_log_table_name(aws_clients: AwsClients) -> str:
    """A table of the log's kind, new and empty."""
    name = f"EventLog-{uuid4().hex}"
    create_table(aws_clients.dynamodb, name)
    return name


@pytest.fixture
def notice_topic_arn(aws_clients: AwsClients) -> str:
    """A topic for notices, new."""
    return aws_clients.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"]


@pytest.fixture
def dynamodb_table(aws_clients: AwsClients, event_log_table_name: str) -> Iterator[DynamoDBTable]:
    """The log's table, as the log uses it."""
    table = DynamoDBTable(client=aws_clients.dynamodb, table_name=event_log_table_name)
    yield table
    table.close()


@pytest.fixture
def event_log_on_moto(dynamodb_table: DynamoDBTable) -> EventLog:
    """A log over a table of its own."""
    return EventLog(table=dynamodb_table)
