"""One running system for all the tests of the chain in a process: each test has workflows of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from cli.preparation import keep_key
from cli.running_system import RunningSystem
from lambdas.workflow_api.record_table import create_idempotency_table
from tailrace.dynamodb import DynamoDBTable, create_table
from tailrace.event_log import EventLog
from tests.flow.chain import Chain
from tests.flow.workflows.relays import RELAYS
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.services import API_KEY, stream_service_process, workflow_api_process

WORKFLOWS = Path(__file__).parent / "workflows"
RARE = {"TAILRACE_SWEEP_SECONDS": "60"}
"""What arrives has come by notices: no sweep helps within a test's patience."""


@pytest.fixture(scope="package")
def flow_system(emulated_aws: EmulatedAws, aws_clients: AwsClients) -> RunningSystem:
    """Tables, a topic and a key for all the tests of the chain."""
    table, idempotency_table = f"EventLog-{uuid4().hex}", f"Idempotency-{uuid4().hex}"
    create_table(aws_clients.dynamodb, table)
    create_idempotency_table(aws_clients.dynamodb, idempotency_table)
    topic = aws_clients.sns.create_topic(Name=f"notices-{uuid4().hex}")["TopicArn"]
    return RunningSystem(
        api_url="",
        stream_url="",
        aws_endpoint_url=emulated_aws.endpoint_url,
        api_key=API_KEY,
        api_key_secret=keep_key(aws_clients.secretsmanager, f"keys-{uuid4().hex}", API_KEY),
        event_log_table=table,
        idempotency_table=idempotency_table,
        notice_topic_arn=topic,
    )


@pytest.fixture(scope="package")
def chain(flow_system: RunningSystem, aws_clients: AwsClients) -> Iterator[Chain]:
    """The API and two stream services, as processes."""
    table = DynamoDBTable(client=aws_clients.dynamodb, table_name=flow_system.event_log_table)
    with ExitStack() as running:
        running.callback(table.close)
        one = running.enter_context(stream_service_process(flow_system, settings=RARE))
        two = running.enter_context(stream_service_process(flow_system, settings=RARE))
        system = replace(flow_system, stream_url=one.url)
        api = running.enter_context(workflow_api_process(system, workflows=WORKFLOWS))
        fresh = (f"p_relay_{number}" for number in range(RELAYS))
        yield Chain(system=system, api=api, tasks=(one, two), log=EventLog(table=table), fresh=fresh)
