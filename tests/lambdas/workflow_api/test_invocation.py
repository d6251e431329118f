import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.workflow_api.invocation import LaterRun, NotAccepted, SelfInvocation
from tailrace.event import EventId, Position, WorkflowId

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

RUN = LaterRun(
    workflow_id=WorkflowId("p_hello"), trace_id="7f", floor=EventId("m1", Position(7)), trigger_event={"body": "é"}
)


@pytest.fixture
def client() -> "LambdaClient":
    return boto3.client("lambda", region_name="eu-west-1", aws_access_key_id="local", aws_secret_access_key="local")


@pytest.fixture
def lambda_service(client: "LambdaClient") -> Iterator[Stubber]:
    # Emulated Lambda needs Docker; this checks the request against AWS's own description of it.
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_run_is_read_from_the_event_that_it_is_written_to() -> None:
    assert LaterRun.from_event(json.loads(json.dumps(RUN.to_event()))) == RUN


def test_an_event_of_api_gateway_is_no_run() -> None:
    assert LaterRun.from_event({"version": "2.0", "requestContext": {}}) is None


def test_the_function_invokes_the_version_of_itself_that_answered(
    client: "LambdaClient", lambda_service: Stubber
) -> None:
    request = {
        "FunctionName": "workflow-api",
        "Qualifier": "7",
        "InvocationType": "Event",
        "Payload": (
            '{"tailrace":{"run":{"workflow_id":"p_hello","trace_id":"7f","floor":"m1-7",'
            '"trigger_event":{"body":"\\u00e9"}}}}'
        ),
    }
    lambda_service.add_response("invoke", {"StatusCode": 202}, request)

    SelfInvocation(client=client, function_name="workflow-api", version="7")(RUN.to_event())


def test_a_run_is_not_accepted_by_whatever_else_answers(client: "LambdaClient", lambda_service: Stubber) -> None:
    lambda_service.add_response("invoke", {"StatusCode": 200})

    with pytest.raises(NotAccepted):
        SelfInvocation(client=client, function_name="workflow-api", version="7")(RUN.to_event())


def test_a_run_that_lambda_refuses_is_not_accepted(client: "LambdaClient", lambda_service: Stubber) -> None:
    lambda_service.add_client_error("invoke", "TooManyRequestsException", http_status_code=429)

    with pytest.raises(NotAccepted):
        SelfInvocation(client=client, function_name="workflow-api", version="7")(RUN.to_event())
