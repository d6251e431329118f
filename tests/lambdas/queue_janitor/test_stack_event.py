"""What CloudFormation is told, at the address that it gave."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from lambdas.queue_janitor import handler
from lambdas.queue_janitor.stack_event import answer
from tests.support.aws import EmulatedAws

ANSWERS: list[dict[str, Any]] = []


class CloudFormation(BaseHTTPRequestHandler):
    """The address that the answer is put to."""

    def do_PUT(self) -> None:
        """Keep the answer."""
        ANSWERS.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def event() -> Iterator[dict[str, Any]]:
    """A request of CloudFormation's, with somebody who hears the answer."""
    ANSWERS.clear()
    with HTTPServer(("127.0.0.1", 0), CloudFormation) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield {
            "RequestType": "Delete",
            "ResponseURL": f"http://127.0.0.1:{server.server_port}/answer",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Sweep",
            "PhysicalResourceId": "queue-sweep",
        }
        server.shutdown()
        thread.join()


@pytest.fixture
def environment(
    emulated_aws: EmulatedAws, notice_topic_arn: str, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """The function's environment; its boto3 talks to emulated AWS."""
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TAILRACE_QUEUE_PREFIX", "nobodys-")
    monkeypatch.setenv("TAILRACE_NOTICE_TOPIC_ARN", notice_topic_arn)
    monkeypatch.setenv("TAILRACE_CLUSTER_ARN", "arn:aws:ecs:us-east-1:123456789012:cluster/streams")
    handler._janitor.cache_clear()
    return monkeypatch


def test_cloudformation_hears_that_its_request_was_carried_out(event: dict[str, Any]) -> None:
    answer(event)

    [answered] = ANSWERS
    assert answered == {
        "Status": "SUCCESS",
        "Reason": "Done",
        "PhysicalResourceId": "queue-sweep",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Sweep",
    }


@pytest.mark.usefixtures("environment")
def test_function_sweeps_and_answers(event: dict[str, Any]) -> None:
    handler.handler(event, None)

    assert [answered["Status"] for answered in ANSWERS] == ["SUCCESS"]


def test_function_says_why_it_could_not_sweep(event: dict[str, Any], environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TAILRACE_NOTICE_TOPIC_ARN", "arn:aws:sns:us-east-1:123456789012:no-such-topic")
    handler._janitor.cache_clear()

    with pytest.raises(Exception, match="NotFound"):
        handler.handler(event, None)

    [answered] = ANSWERS
    assert answered["Status"] == "FAILED"
    assert "Queues could not be removed" in answered["Reason"]
