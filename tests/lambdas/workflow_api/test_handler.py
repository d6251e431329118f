"""The function as `create_handler` makes it: on emulated AWS, with workflows from a folder."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lambdas.workflow_api.function import Function
from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.key_ring import KeyRing
from lambdas.workflow_api.settings import Settings
from tailrace.event import WorkflowId
from tailrace.event_log import EventLog
from tailrace.notice import Notice, decode_notice
from tests.lambdas.workflow_api.gateway import KEY, Answer, Gateway, LambdaContext, gateway_event
from tests.support.aws import AwsClients, EmulatedAws

HELLO = WorkflowId("p_hello")
MODULE = '''"""Greets whom it is told of.

At length.
"""
import logging

from tailrace.workflow import Workflow

logger = logging.getLogger(__name__)
workflow = Workflow("p_hello")


@workflow.step
def greet(pd):
    name = pd.steps["trigger"]["event"]["body"]["name"]
    logger.info("greeted")
    pd.send.sse(channel="greetings", payload={"hello": name})
'''


@pytest.fixture
def workflows_folder(tmp_path: Path) -> Path:
    (tmp_path / "hello.py").write_text(MODULE)
    (tmp_path / "broken.py").write_text("import a_package_that_is_not_there\n")
    return tmp_path


@pytest.fixture
def environment(
    emulated_aws: EmulatedAws,
    names_in_aws: Mapping[str, str],
    workflows_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> pytest.MonkeyPatch:
    ours = {
        "TAILRACE_STREAM_URL": "https://d111.cloudfront.net",
        "TAILRACE_WORKFLOWS_FOLDER": str(workflows_folder),
    }
    for name, value in {**emulated_aws.environment, **names_in_aws, **ours}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def later() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def handler(environment: pytest.MonkeyPatch, later: list[dict[str, Any]]) -> Function:
    del environment  # has been set
    return create_handler(Settings.from_environment(), invoke_later=lambda event: later.append(dict(event)))


def greet(handler: Function, name: str, **headers: str) -> Answer:
    return Gateway(handler=handler).post("/pipelines/p_hello/events", json.dumps({"name": name}), **headers)


def payloads_in(log: EventLog) -> list[Any]:
    reading = asyncio.run(log.read(HELLO, 1))
    return [json.loads(event.payload) for batch in reading.batches for event in batch.events]


def test_a_request_runs_a_workflow_of_the_folder(handler: Function) -> None:
    answer = greet(handler, "Luke")

    assert answer.status == 200
    assert answer.json["sent"]["count"] == 1
    listed = Gateway(handler=handler).get("/pipelines").json
    assert [(each["id"], each["description"]) for each in listed["workflows"]] == [
        ("p_hello", "Greets whom it is told of.")
    ]
    [failure] = listed["import_failures"]
    assert failure["module"] == "broken"
    assert "a_package_that_is_not_there" in failure["reason"]


def test_a_stage_without_keys_runs_nothing_and_says_how_one_is_made(
    handler: Function,
    aws_clients: AwsClients,
    names_in_aws: Mapping[str, str],
    event_log_on_moto: EventLog,
    caplog: pytest.LogCaptureFixture,
) -> None:
    secret = names_in_aws["TAILRACE_API_KEY_SECRET_ARN"]
    aws_clients.secretsmanager.put_secret_value(SecretId=secret, SecretString=KeyRing().text())

    answer = greet(handler, "Luke")

    assert (answer.status, answer.json["type"]) == (401, "urn:tailrace:problem:no-keys")
    assert "`tailrace keys first` makes one" in answer.json["detail"]
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert payloads_in(event_log_on_moto) == []
    assert "value_not_read" not in caplog.messages


def test_a_public_workflow_runs_in_a_stage_without_keys(
    environment: pytest.MonkeyPatch, aws_clients: AwsClients, names_in_aws: Mapping[str, str], workflows_folder: Path
) -> None:
    del environment  # has been set
    (workflows_folder / "hello.py").write_text(MODULE.replace('"p_hello")', '"p_hello", public=True)'))
    secret = names_in_aws["TAILRACE_API_KEY_SECRET_ARN"]
    aws_clients.secretsmanager.put_secret_value(SecretId=secret, SecretString=KeyRing().text())
    handler = create_handler(Settings.from_environment(), invoke_later=lambda _event: None)

    assert greet(handler, "Luke").status == 200


def test_what_a_run_sent_is_in_the_log_and_announced(
    handler: Function, event_log_on_moto: EventLog, aws_clients: AwsClients, notice_topic_arn: str
) -> None:
    queue = aws_clients.sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
    arn = aws_clients.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws_clients.sns.subscribe(
        TopicArn=notice_topic_arn, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )

    greet(handler, "Luke")

    assert payloads_in(event_log_on_moto) == [{"hello": "Luke"}]
    [message] = aws_clients.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    notice = decode_notice(message["Body"])
    assert isinstance(notice, Notice)
    assert (notice.workflow_id, notice.position, notice.count) == (HELLO, 1, 1)


def test_an_asynchronous_run_sends_when_it_is_invoked(
    handler: Function, event_log_on_moto: EventLog, later: list[dict[str, Any]]
) -> None:
    assert greet(handler, "Luke", prefer="respond-async").status == 202
    assert payloads_in(event_log_on_moto) == []

    handler(json.loads(json.dumps(later[0])), LambdaContext())

    assert payloads_in(event_log_on_moto) == [{"hello": "Luke"}]


def test_the_function_serves_several_threads_at_once(handler: Function, event_log_on_moto: EventLog) -> None:
    names = [f"trooper-{number}" for number in range(12)]

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda name: greet(handler, name), names))

    assert {answer.status for answer in answers} == {200}
    assert sorted(each["hello"] for each in payloads_in(event_log_on_moto)) == sorted(names)


def test_a_key_that_the_secret_does_not_hold_is_refused(handler: Function) -> None:
    assert Gateway(handler=handler, key="another-key").get("/pipelines").status == 401


LAMBDA = """
import json, sys
from lambdas.workflow_api.handler import handler
from tests.lambdas.workflow_api.gateway import LambdaContext

print(handler(json.load(sys.stdin), LambdaContext())["statusCode"])
"""


def test_lambda_finds_a_handler_that_logs_json_and_metrics_without_key_or_payload(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "workflow-api")
    body = json.dumps({"name": "Luke Skywalker"})
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    event = json.dumps(gateway_event("POST", "/pipelines/p_hello/events", body=body, headers=headers))

    done = subprocess.run([sys.executable, "-c", LAMBDA], input=event, text=True, capture_output=True, check=True)

    *lines, status = map(json.loads, done.stdout.splitlines())
    assert status == 200
    assert KEY not in done.stdout + done.stderr
    assert "Skywalker" not in done.stdout + done.stderr
    logged = {line["message"]: line for line in lines if "message" in line}
    assert logged["module_not_imported"]["name"] == "tailrace.modules"
    assert logged["greeted"]["workflow_id"] == "p_hello"
    assert logged["run_finished"]["trace_id"] == logged["greeted"]["trace_id"]
    assert {"run_id", "status", "batches", "events", "announced", "ms"} <= logged["run_finished"].keys()
    assert logged["run_finished"]["traceparent"].startswith(f"00-{logged['greeted']['trace_id']}-")
    measured = {name for line in lines if "_aws" in line for name in line}
    assert {"Runs", "RunDuration", "EventsAppended", "NoticesFailed", "AppendLatency", "AppendFailures"} <= measured


def test_lambda_is_told_at_once_what_the_environment_lacks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("AWS_LAMBDA_FUNCTION_NAME", "workflow-api")
    environment.delenv("TAILRACE_STREAM_URL")
    environment.delenv("TAILRACE_EVENT_LOG_TABLE")

    done = subprocess.run([sys.executable, "-c", LAMBDA], input="", text=True, capture_output=True, check=False)

    assert done.returncode != 0
    assert "TAILRACE_STREAM_URL: is not set" in done.stderr
    assert "TAILRACE_EVENT_LOG_TABLE: is not set" in done.stderr
