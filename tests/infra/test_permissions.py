"""Every call that the units make is allowed by the policies that their template grants, and little else is."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

import boto3
import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from cli.ports import HOST, find_port
from lambdas.workflow_api.handler import create_handler
from lambdas.workflow_api.settings import Settings as ApiSettings
from stream_service.service import make_service
from stream_service.settings import Settings as StreamSettings
from stream_service.stop_signals import StopSignals
from tests.infra.recording import Recording
from tests.infra.templates import Assembly
from tests.lambdas.workflow_api.gateway import Gateway
from tests.support.aws import EmulatedAws
from tests.support.keys import keep_ring, ring_of
from tests.support.rim import eventually
from tests.support.target_group import DRAINING, TargetGroup, target_group
from tests.support.tokens import SECRET

KEY = "a-key-of-letters"
FUNCTION_ROLE, TASK_ROLE = "WorkflowFunctionRunnerRole", "StreamServiceTaskTaskRole"

FUNCTION_NEVER_TAKES = {
    "dynamodb:DeleteItem": "only where a stream's life has ended (its remains go, the tail last)",
    "lambda:InvokeFunction": "only in Lambda, for `Prefer: respond-async`; elsewhere the run is handed over otherwise",
    "logs:CreateLogStream": "Lambda's own, under the function's role",
    "logs:PutLogEvents": "Lambda's own, under the function's role",
    "secretsmanager:DescribeSecret": "comes with CDK's grant to read a secret",
    "sqs:GetQueueAttributes": "comes with CDK's grant to send; Lambda sends failed runs, under the function's role",
    "sqs:GetQueueUrl": "as above",
    "sqs:SendMessage": "as above",
}
TASK_NEVER_TAKES = {
    "secretsmanager:DescribeSecret": "comes with CDK's grant to read a secret",
    "sqs:SetQueueAttributes": "only to renew the policy of a queue that stands already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What each unit did while an event went from a step to an EventSource, and back to nothing."""

    function: set[str]
    task: set[str]
    event: ServerSentEvent


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Iterator[TargetGroup]:
    with target_group() as group:
        for name, value in (group.environment | {"TAILRACE_TARGET_CHECK_SECONDS": "0.05"}).items():
            monkeypatch.setenv(name, value)
        yield group


@pytest.fixture
def _environment(
    emulated_aws: EmulatedAws,
    event_log_table_name: str,
    idempotency_table_name: str,
    notice_topic_arn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in emulated_aws.environment.items():
        monkeypatch.setenv(name, value)
    secrets = boto3.client("secretsmanager")
    token_secret = secrets.create_secret(Name=f"token-keys-{uuid4().hex}", SecretString=SECRET)
    ours = {
        "TAILRACE_EVENT_LOG_TABLE": event_log_table_name,
        "TAILRACE_IDEMPOTENCY_TABLE": idempotency_table_name,
        "TAILRACE_NOTICE_TOPIC_ARN": notice_topic_arn,
        "TAILRACE_STREAM_URL": "https://d111.cloudfront.net",
        "TAILRACE_API_KEY_SECRET_ARN": keep_ring(secrets, ring_of(KEY)),
        "TAILRACE_TOKEN_SECRET_ARN": token_secret["ARN"],
        "TAILRACE_STREAM_ACCESS": "token",
        "TAILRACE_QUEUE_PREFIX": f"flow-{uuid4().hex[:8]}-",
        "TAILRACE_DRAIN_SECONDS": "0",
    }
    for name, value in ours.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
async def flow(_environment: None, group: TargetGroup, monkeypatch: pytest.MonkeyPatch) -> Flow:
    """Run a workflow once through the real function, follow it through the real stream service, and clear it."""
    function, task = Recording(), Recording()
    with monkeypatch.context() as patch:
        patch.setattr(boto3, "client", function.session.client)
        handler = create_handler(ApiSettings.from_environment(), invoke_later=lambda _event: None)
    with monkeypatch.context() as patch:
        patch.setattr(boto3, "client", task.session.client)
        port = find_port(0, purpose="a stream service", option="another port")
        service = make_service(StreamSettings(port=port), task=uuid4().hex, address=HOST)
    async with asyncio.TaskGroup() as parts, httpx.AsyncClient(trust_env=False, timeout=30) as client:
        running = parts.create_task(service.run(StopSignals()))
        url = f"http://{HOST}:{port}"
        await _ready(client, f"{url}/readyz")
        gateway = Gateway(handler=handler, key=KEY)
        minted = await asyncio.to_thread(gateway.post, "/pipelines/p_hello/tokens")
        bearer = {"Authorization": f"Bearer {minted.json['token']}"}
        async with aconnect_sse(client, "GET", f"{url}/pipelines/p_hello/sse", headers=bearer) as stream:
            answer = await asyncio.to_thread(
                gateway.post, "/pipelines/p_hello/events", '{"name": "Luke"}', idempotency_key=uuid4().hex
            )
            assert answer.status == HTTPStatus.OK, answer.body
            event = await anext(event async for event in stream.aiter_sse() if not event.event.startswith("$"))
            refused = await asyncio.to_thread(Gateway(handler=handler, key=None).get, "/pipelines")
            assert refused.status == HTTPStatus.UNAUTHORIZED, refused.body  # counted, as a stranger's
            cleared = await asyncio.to_thread(gateway.request, "DELETE", "/pipelines/p_hello/events")
            assert cleared.status == HTTPStatus.OK, cleared.body
        group.health = DRAINING
        await eventually(lambda: service.hub.connections == 0)
        service.drain.hear_signal()
        await running
    return Flow(function=function.actions, task=task.actions, event=event)


async def _ready(client: httpx.AsyncClient, url: str) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


def test_each_call_on_an_events_way_is_allowed_and_each_other_action_has_a_reason(prod: Assembly, flow: Flow) -> None:
    function = prod.workflow_api.actions_of(FUNCTION_ROLE)
    task = prod.stream_service.actions_of(TASK_ROLE)

    assert flow.event.data
    assert flow.function <= function
    assert flow.task <= task
    assert function - flow.function == FUNCTION_NEVER_TAKES.keys()
    assert task - flow.task == TASK_NEVER_TAKES.keys()


def test_neither_unit_may_do_everything_of_a_service(dev: Assembly, prod: Assembly) -> None:
    for stage in (dev, prod):
        for actions in (stage.workflow_api.actions_of(FUNCTION_ROLE), stage.stream_service.actions_of(TASK_ROLE)):
            assert not [action for action in actions if "*" in action]
