"""What DynamoDB is asked, and what becomes of its errors; how it answers otherwise is the table's contract."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tailrace.dynamodb import DynamoDBTable
from tailrace.errors import LogRefused, LogUnavailable, OutcomeUnknown
from tailrace.event import Position, workflow_id
from tailrace.table import Item

STREAM = workflow_id("p_stream")
ITEM = Item(
    workflow_id=STREAM,
    position=Position(1),
    generation="m1a2b3c4",
    count=1,
    batch_id="run:0",
    recorded_at=1_800_000_000_000,
    expires_at=1_800_086_400,
    events=b"[]",
)


class Server(ThreadingHTTPServer):
    """Answers every request in one way, or not at all, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self, status: int | None, body: object) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.body = status, json.dumps(body).encode()
        self.asked: list[tuple[str, dict[str, Any]]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        target = self.headers["X-Amz-Target"].partition(".")[2]
        self.server.asked.append((target, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
        if self.server.status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (as the base class calls it)
        """Say nothing."""


Serve = Callable[[int | None, object], Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[tuple[Server, threading.Thread]] = []

    def start(status: int | None, body: object) -> Server:
        server = Server(status, body)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return server

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def table_at() -> Iterator[Callable[[int], DynamoDBTable]]:
    tables: list[DynamoDBTable] = []

    def make(port: int) -> DynamoDBTable:
        client = boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(proxies={}, retries={"total_max_attempts": 1}),
        )
        tables.append(DynamoDBTable(client=client, table_name="EventLog"))
        return tables[-1]

    yield make
    for table in tables:
        table.close()


TableAt = Callable[[int], DynamoDBTable]


async def test_every_query_is_consistent(serve: Serve, table_at: TableAt) -> None:
    server = serve(200, {"Items": []})
    table = table_at(server.server_port)

    await table.query(STREAM)
    await table.query(STREAM, first=3, last=9, descending=True, limit=1)

    assert [(target, asked["ConsistentRead"]) for target, asked in server.asked] == [("Query", True)] * 2


async def test_query_whose_answer_has_no_items_is_unanswered(serve: Serve, table_at: TableAt) -> None:
    server = serve(200, {"message": "It works!"})

    with pytest.raises(LogUnavailable):
        await table_at(server.server_port).query(STREAM)


async def test_put_is_conditional_and_asks_for_the_item_in_its_way(serve: Serve, table_at: TableAt) -> None:
    server = serve(200, {})

    assert await table_at(server.server_port).put(ITEM) is None

    ((target, asked),) = server.asked
    assert target == "PutItem"
    assert asked["ConditionExpression"] == "attribute_not_exists(workflow_id)"
    assert asked["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
    assert asked["Item"] == {
        "workflow_id": {"S": "p_stream"},
        "position": {"N": "1"},
        "generation": {"S": "m1a2b3c4"},
        "count": {"N": "1"},
        "events": {"B": "W10="},
        "batch_id": {"S": "run:0"},
        "recorded_at": {"N": "1800000000000"},
        "expires_at": {"N": "1800086400"},
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
        (400, "ThrottlingException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (None, "no answer"),
    ],
)
async def test_write_that_may_have_happened_has_an_unknown_outcome(
    serve: Serve, table_at: TableAt, status: int | None, code: str
) -> None:
    table = table_at(serve(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}).server_port)

    for write in (table.put(ITEM), table.extend(ITEM, 1), table.delete(ITEM, expiring_by=1), table.empty([ITEM] * 3)):
        with pytest.raises(OutcomeUnknown):
            await write
    with pytest.raises(LogUnavailable):
        await table.query(STREAM)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"])
async def test_refusal_that_will_be_repeated_is_no_reason_to_try_again(
    serve: Serve, table_at: TableAt, code: str
) -> None:
    table = table_at(serve(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}).server_port)

    with pytest.raises(LogRefused, match=code):
        await table.put(ITEM)
    with pytest.raises(LogRefused, match=code):
        await table.query(STREAM)


async def test_server_that_is_not_there_is_a_log_that_is_not_available(table_at: TableAt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(LogUnavailable):
        await table_at(port).query(STREAM)
