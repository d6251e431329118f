"""Node.js steps by a function of their own: the request, and what each failure says."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from lambdas.workflow_api.node_function import IDLE_SECONDS, NodeFunction, lambda_client
from tailrace.errors import NodeUnavailable
from tailrace.node import NodeRequest

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

WORKFLOWS = Path(__file__).parents[3] / "workflows"
REQUEST = NodeRequest(
    folder=WORKFLOWS, file="steps/names.mjs", props={"a": "é"}, steps={}, context={"id": "1", "deadline": None}
)
EXPECTED = {"FunctionName": "node-steps", "InvocationType": "RequestResponse", "Payload": ANY}
ANSWER: dict[str, Any] = {"exports": {"a": 1}, "sends": [], "logs": [], "response": None, "exit": None, "error": None}


@pytest.fixture
def client() -> "LambdaClient":
    return boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local")


@pytest.fixture
def lambda_service(client: "LambdaClient") -> Iterator[Stubber]:
    # Checks requests against AWS's own description of them; the function runs in node_steps/test_on_lambda.py.
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


class Pauses(list[float]):
    """Takes the pauses that would have been made."""


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


@pytest.fixture
def function(client: "LambdaClient", pauses: Pauses) -> NodeFunction:
    return NodeFunction(client=client, function="node-steps", workflows_folder=WORKFLOWS, sleep=pauses.append)


def responding(payload: object, **more: str) -> dict[str, Any]:
    text = json.dumps(payload).encode()
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(text), len(text)), **more}


def failure(function: NodeFunction, request: NodeRequest = REQUEST) -> str:
    with pytest.raises(NodeUnavailable) as raised:
        function.run(request)
    return str(raised.value)


def test_the_function_is_invoked_and_waited_for(function: NodeFunction, lambda_service: Stubber) -> None:
    payload = (
        '{"folder":"","file":"steps/names.mjs","context":{"id":"1","deadline":null},"props":{"a":"\\u00e9"},"steps":{}}'
    )
    lambda_service.add_response("invoke", responding(ANSWER), EXPECTED | {"Payload": payload.encode()})

    assert function.run(REQUEST).exports == {"a": 1}


def test_a_step_of_a_package_within_the_folder_is_named_from_the_folder(
    function: NodeFunction, lambda_service: Stubber
) -> None:
    inner = NodeRequest(folder=WORKFLOWS / "inner", file="a.mjs", props={}, steps={}, context={"deadline": None})
    payload = '{"folder":"","file":"inner/a.mjs","context":{"deadline":null},"props":{},"steps":{}}'
    lambda_service.add_response("invoke", responding(ANSWER), EXPECTED | {"Payload": payload.encode()})

    assert function.run(inner).error is None


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            {"errorMessage": "2026-11-24T00:00:00.000Z 1 Task timed out after 3.00 seconds"},
            (
                "the function node-steps failed: its time was up (2026-11-24T00:00:00.000Z 1 Task timed out after 3.00 "
                "seconds). Give it more, or the step less to do."
            ),
        ),
        (
            {"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: 1 Error: Task timed out after 3.00 seconds"},
            (
                "the function node-steps failed: its time was up (RequestId: 1 Error: Task timed out after 3.00 "
                "seconds). Give it more, or the step less to do."
            ),
        ),
        (
            {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited"},
            "the function node-steps failed: Runtime.ExitError: RequestId: 1 Error: Runtime exited",
        ),
        ({"errorMessage": "no type"}, "the function node-steps failed: no type"),
        ([], "the function node-steps failed: b'[]'"),
    ],
)
def test_a_function_that_fails_says_how(
    function: NodeFunction, lambda_service: Stubber, error: object, message: str
) -> None:
    lambda_service.add_response("invoke", responding(error, FunctionError="Unhandled"), EXPECTED)

    assert failure(function) == message


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("AccessDeniedException", "Let this function invoke it."),
        ("ResourceNotFoundException", "Does TAILRACE_NODE_FUNCTION name it?"),
        ("RequestTooLargeException", "Export links to what is large."),
        ("ServiceException", ""),
    ],
)
def test_a_refusal_says_what_to_do_and_is_not_repeated(
    function: NodeFunction, lambda_service: Stubber, code: str, advice: str
) -> None:
    lambda_service.add_client_error("invoke", code, "reason")

    assert failure(function) == f"the function node-steps was refused ({code}: reason). {advice}"


def test_a_throttled_function_is_asked_again_after_a_pause(
    function: NodeFunction, lambda_service: Stubber, pauses: Pauses
) -> None:
    lambda_service.add_client_error("invoke", "TooManyRequestsException", "Rate exceeded", 429)
    lambda_service.add_client_error("invoke", "TooManyRequestsException", "Rate exceeded", 429)
    lambda_service.add_response("invoke", responding(ANSWER), EXPECTED)

    assert function.run(REQUEST).exports == {"a": 1}
    assert pauses == [0.1, 0.3]


def test_a_function_that_stays_throttled_is_an_error(
    function: NodeFunction, lambda_service: Stubber, pauses: Pauses
) -> None:
    for _ in range(4):
        lambda_service.add_client_error("invoke", "TooManyRequestsException", "Rate exceeded", 429)

    assert failure(function) == "the function node-steps is throttled (Rate exceeded). Raise its concurrency."
    assert pauses == [0.1, 0.3, 0.9]


def test_a_request_that_lambda_would_refuse_is_not_sent(function: NodeFunction, lambda_service: Stubber) -> None:
    large = NodeRequest(
        folder=WORKFLOWS, file="a.mjs", props={"a": "x" * 6_000_000}, steps={}, context={"deadline": None}
    )

    assert "a Node.js step takes 6,000,000" in failure(function, large)
    lambda_service.assert_no_pending_responses()


def test_a_function_that_is_not_reached_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    client = lambda_client()
    function = NodeFunction(client=client, function="node-steps", workflows_folder=WORKFLOWS)

    assert failure(function).startswith("the function node-steps was not reached: Could not connect")
    config: Any = client.meta.config
    assert (config.retries["total_max_attempts"], config.read_timeout) == (1, 900)


class Service(ThreadingHTTPServer):
    """Answers as Lambda does, and tells over which connections it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.asked_from: list[int] = []
        super().__init__(("127.0.0.1", 0), _Answering)


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Service

    def do_POST(self) -> None:
        self.server.asked_from.append(self.client_address[1])
        self.rfile.read(int(self.headers["Content-Length"]))
        payload = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_connection_that_was_idle_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    with Service() as service:
        serving = threading.Thread(target=service.serve_forever)
        serving.start()
        address = f"http://127.0.0.1:{service.server_address[1]}"
        local = {"AWS_ENDPOINT_URL_LAMBDA": address, "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
        for name, value in (local | {"AWS_DEFAULT_REGION": "eu-west-1", "NO_PROXY": "127.0.0.1"}).items():
            monkeypatch.setenv(name, value)
        function = NodeFunction(
            client=lambda_client(), function="node-steps", workflows_folder=WORKFLOWS, now=lambda: now[0]
        )
        for seconds in (0, IDLE_SECONDS, 2 * IDLE_SECONDS + 1):
            now[0] = seconds
            function.run(REQUEST)
        service.shutdown()
        serving.join()

    first, second, third = service.asked_from
    assert first == second
    assert third != second
