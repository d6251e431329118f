"""Fixtures for every test: emulated AWS, and a log, a table and a topic on it that belong to one test alone."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cli.running_system import RunningSystem
from cli.tables import create_event_log_table, create_idempotency_table
from tailrace.dynamodb import DynamoDBTable
from tailrace.event_log import EventLog
from tests.support import rim
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of, emulated_aws_server
from tests.support.keys import keep_ring, ring_of
from tests.support.services import API_KEY, Service, stream_service_process, workflow_api_process

WORKFLOWS = Path(__file__).parents[2] / "workflows"


@pytest.fixture(params=[True, False], ids=["taken-over", "asgi"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers in this process give connections away, or not: the two ways by which bytes reach a client."""
    monkeypatch.setattr(rim, "take_over", request.param)


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
    create_event_log_table(aws_clients.dynamodb, name)
    return name


@pytest.fixture
def idempotency_table_name(aws_clients: AwsClients) -> str:
    """A table of the records' kind, new and empty."""
    name = f"Idempotency-{uuid4().hex}"
    create_idempotency_table(aws_clients.dynamodb, name)
    return name


@pytest.fixture
def notice_topic_arn(aws_clients: AwsClients) -> str:
    """A topic for notices, new."""
    return aws_clients.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"]


@pytest.fixture
def api_key_secret(aws_clients: AwsClients) -> str:
    """A secret with the key that tests use, as its hash."""
    return keep_ring(aws_clients.secretsmanager, ring_of(API_KEY))


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


@pytest.fixture
def running_system(
    emulated_aws: EmulatedAws,
    event_log_table_name: str,
    idempotency_table_name: str,
    notice_topic_arn: str,
    api_key_secret: str,
) -> RunningSystem:
    """Tables, a topic and a key of this test's own, and no service yet: start those with `services`' contexts."""
    return RunningSystem(
        api_url="",
        stream_url="",
        aws_endpoint_url=emulated_aws.endpoint_url,
        api_key=API_KEY,
        api_key_secret=api_key_secret,
        event_log_table=event_log_table_name,
        notice_topic_arn=notice_topic_arn,
        idempotency_table=idempotency_table_name,
    )


@pytest.fixture
def stream_service(running_system: RunningSystem) -> Iterator[Service]:
    """A stream service, as a process."""
    with stream_service_process(running_system) as service:
        yield service


@pytest.fixture
def workflow_api(running_system: RunningSystem, stream_service: Service) -> Iterator[Service]:
    """The API with the repository's own workflows, as a process; its answers name `stream_service`."""
    system = replace(running_system, stream_url=stream_service.url)
    with workflow_api_process(system, workflows=WORKFLOWS) as service:
        yield service
