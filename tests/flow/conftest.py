"""One running system for all the tests of the chain in a process: each test has workflows of its own."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from cli.running_system import RunningSystem
from tailrace.dynamodb import DynamoDBTable
from tailrace.event_log import EventLog
from tests.flow.chain import Chain
from tests.flow.workflows.relays import RELAYS
from tests.support.aws import AwsClients, EmulatedAws
from tests.support.services import stream_service_process, workflow_api_process
from tests.support.systems import new_system

WORKFLOWS = Path(__file__).parent / "workflows"
RARE = {"TAILRACE_SWEEP_SECONDS": "60"}
"""What arrives has come by notices: no sweep helps within a test's patience."""
OTHER_PATH = {"TAILRACE_TAKE_OVER": "false"}
"""A task's connections stay with the web server, as under any other: clients see no difference."""


@pytest.fixture(scope="package")
def flow_system(emulated_aws: EmulatedAws, aws_clients: AwsClients) -> RunningSystem:
    """Tables, a topic and a key for all the tests of the chain."""
    return new_system(emulated_aws, aws_clients)


@pytest.fixture(scope="package")
def chain(flow_system: RunningSystem, aws_clients: AwsClients) -> Iterator[Chain]:
    """The API and two stream services, as processes."""
    table = DynamoDBTable(client=aws_clients.dynamodb, table_name=flow_system.event_log_table)
    with ExitStack() as running:
        running.callback(table.close)
        one = running.enter_context(stream_service_process(flow_system, settings=RARE))
        two = running.enter_context(stream_service_process(flow_system, settings=RARE | OTHER_PATH))
        system = replace(flow_system, stream_url=one.url)
        api = running.enter_context(workflow_api_process(system, workflows=WORKFLOWS))
        fresh = (f"p_relay_{number}" for number in range(RELAYS))
        yield Chain(system=system, api=api, tasks=(one, two), log=EventLog(table=table), fresh=fresh)
