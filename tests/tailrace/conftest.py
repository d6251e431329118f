"""The tables that the log's contract is held on: in memory, and DynamoDB as moto, ministack or another server has it.

The other server is named by TAILRACE_TEST_DYNAMODB_URL.
"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from cli.tables import create_event_log_table
from tailrace.dynamodb import DynamoDBTable
from tailrace.in_memory import InMemoryTable
from tailrace.table import Table
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of
from tests.support.ministack import ministack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["ministack"]

OWN_URL = os.environ.get("TAILRACE_TEST_DYNAMODB_URL", "")


@pytest.fixture(params=["memory", "moto", "ministack", *(["own"] if OWN_URL else [])])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """A table of each kind, new and empty."""
    kind: str = request.param
    if kind == "memory":
        yield InMemoryTable()
        return
    client = _dynamodb(kind, request)
    name = f"EventLog-{uuid4().hex}"
    create_event_log_table(client, name)
    table = DynamoDBTable(client=client, table_name=name)
    yield table
    table.close()
    client.delete_table(TableName=name)


def _dynamodb(kind: str, request: pytest.FixtureRequest) -> "DynamoDBClient":
    if kind == "moto":
        clients: AwsClients = request.getfixturevalue("aws_clients")
        return clients.dynamodb
    server = EmulatedAws(endpoint_url=OWN_URL) if kind == "own" else request.getfixturevalue("ministack")
    return aws_clients_of(server).dynamodb
