"""The tables that the log's contract is held on: in memory, and DynamoDB as moto, ministack or another server has it.

The other server is named by TAILRACE_TEST_DYNAMODB_URL.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from botocore.exceptions import BotoCoreError

from cli.local_aws import local_environment
from cli.ports import HOST, find_port
from tailrace.dynamodb import DynamoDBTable, create_table
from tailrace.table import Table
from tailrace.testing import InMemoryTable
from tests.support.aws import AwsClients, EmulatedAws, aws_clients_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MINISTACK = Path(__file__).parents[2] / ".venv-ministack/bin/ministack"
OWN_URL = os.environ.get("TAILRACE_TEST_DYNAMODB_URL", "")


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedAws]:
    """ministack on a free port, stopped at the end."""
    assert MINISTACK.exists(), "ministack is missing: `make test` installs it."
    folder = tmp_path_factory.mktemp("ministack")
    port = find_port(0, purpose="ministack", option="another port")
    aws = EmulatedAws(endpoint_url=f"http://{HOST}:{port}")
    ours = {"BIND_HOST": HOST, "GATEWAY_PORT": str(port), "TMPDIR": str(folder), "LOG_LEVEL": "ERROR"}
    environment = local_environment(os.environ, endpoint_url=aws.endpoint_url) | ours
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([MINISTACK], env=environment, stdout=output, stderr=output, cwd=folder)
    try:
        _wait_until_it_answers(aws, process)
        yield aws
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(params=["memory", "moto", "ministack", *(["own"] if OWN_URL else [])])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    """A table of each kind, new and empty."""
    kind: str = request.param
    if kind == "memory":
        yield InMemoryTable()
        return
    client = _dynamodb(kind, request)
    name = f"EventLog-{uuid4().hex}"
    create_table(client, name)
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


def _wait_until_it_answers(aws: EmulatedAws, process: "subprocess.Popen[bytes]") -> None:
    client = aws_clients_of(aws).dynamodb
    while process.poll() is None:
        try:
            client.list_tables()
        except BotoCoreError:  # it does not listen yet; boto3 has waited, and tried again, before it said so
            continue
        return
    raise AssertionError(f"ministack ended with {process.returncode}.")
