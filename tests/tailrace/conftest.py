"""The tables that the log's contract is held on, in memory and as DynamoDB's servers have them; and no Node.js.

TAILRACE_TEST_DYNAMODB_URL names a server beside moto and ministack.
"""

import os
from collections.abc import Iterator
from pathlib import Path
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


@pytest.fixture
def without_node(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which neither the path nor a package has a Node.js."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tailrace.node_executable._node_of_wheel", lambda: None)
