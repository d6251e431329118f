"""Node.js steps as Lambda loads them: the runner and the workflows' folder in a zip, invoked through boto3."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from cli.local_aws import REGION
from lambdas.workflow_api.node_function import NodeFunction
from tailrace import Workflow
from tailrace.errors import NodeUnavailable
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.node import NodeRequest
from tailrace.runner import Trigger, run
from tailrace.values import Json
from tests.support.aws import EmulatedAws
from workflows import mixed

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

ROOT = Path(__file__).parents[3]
RUNNER = ROOT / "lambdas" / "node_steps"
WORKFLOWS = ROOT / "workflows"
SECONDS = 2


@pytest.fixture(scope="module")
def client(ministack: EmulatedAws) -> "LambdaClient":
    return boto3.client(
        "lambda",
        endpoint_url=ministack.endpoint_url,
        region_name=REGION,
        aws_access_key_id="000000000000",
        aws_secret_access_key="local",
    )


def make_function(client: "LambdaClient", workflows: Path) -> NodeFunction:
    """Create the function with a folder of workflows: what the deployment packs."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for file in RUNNER.glob("*.mjs"):
            archive.write(file, file.name)
        for file in workflows.rglob("*.[mc]js"):
            archive.write(file, f"workflows/{file.relative_to(workflows)}")
    name = f"node-steps-{uuid4().hex}"
    client.create_function(
        FunctionName=name,
        Runtime="nodejs22.x",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/node-steps",
        Code={"ZipFile": content.getvalue()},
        Timeout=SECONDS,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=name)
    return NodeFunction(client=client, function=name, workflows_folder=workflows)


@pytest.fixture(scope="module")
def function(client: "LambdaClient", tmp_path_factory: pytest.TempPathFactory) -> NodeFunction:
    """The function with steps of these tests."""
    folder = tmp_path_factory.mktemp("workflows")
    for name, body in STEPS.items():
        (folder / f"{name}.mjs").write_text(f"export default {{ async run({{ steps, $ }}) {{ {body} }} }};")
    return make_function(client, folder)


STEPS: Mapping[str, str] = {
    "returns": 'console.log("said"); return [typeof process.env.AWS_LAMBDA_FUNCTION_NAME, steps.a];',
    "throws": '$.send.sse({ channel: "events", payload: 1 }); throw new RangeError("too far");',
    "rejects": 'Promise.reject(new Error("nobody awaits")); await new Promise(() => {});',
    "breaks": 'setTimeout(() => { throw new Error("nobody awaits"); }, 1); await new Promise(() => {});',
    "waits": "await new Promise(() => {});",
    "spins": "for (;;);",
    "exits": "process.exit(1);",
    "large": 'return "x".repeat(7e6);',
}


def ask(function: NodeFunction, step: str) -> Any:  # noqa: ANN401 - an answer's parts are read by each test
    context: dict[str, Json] = {"id": "1", "deadline": None}
    folder = function._workflows_folder
    return function.run(NodeRequest(folder=folder, file=f"{step}.mjs", props={}, steps={"a": "é😀"}, context=context))


def test_a_step_runs_in_the_function(function: NodeFunction) -> None:
    answer = ask(function, "returns")

    assert answer.exports == {"$return_value": ["string", "é😀"]}
    assert answer.logs == (("log", "said"),)


def test_a_thrown_error_arrives_with_what_was_sent_before(function: NodeFunction) -> None:
    answer = ask(function, "throws")

    assert (answer.error.name, answer.error.message) == ("RangeError", "too far")
    assert [send.payload for send in answer.sends] == [1]


@pytest.mark.parametrize("step", ["rejects", "breaks"])
def test_what_nobody_awaits_fails_the_step_and_not_the_function(function: NodeFunction, step: str) -> None:
    assert ask(function, step).error.message == "nobody awaits"


def test_a_step_that_waits_beyond_the_functions_time_is_an_answer(function: NodeFunction) -> None:
    error = ask(function, "waits").error

    assert (error.name, error.message) == ("TimedOut", "The time for this step was up before it had ended.")


def test_a_step_that_keeps_the_function_busy_is_ended_and_the_next_one_runs(function: NodeFunction) -> None:
    with pytest.raises(NodeUnavailable, match=r"failed: its time was up \(.*timed out after 2"):
        ask(function, "spins")

    assert ask(function, "returns").error is None


def test_process_exit_is_an_error_of_the_step(function: NodeFunction) -> None:
    assert ask(function, "exits").error.name == "NotOffered"


def test_exports_that_are_more_than_lambda_carries_are_an_error_of_the_step(function: NodeFunction) -> None:
    assert ask(function, "large").error.name == "AnswerTooLarge"


def test_a_function_that_is_not_there_is_an_error_that_says_so(client: "LambdaClient", tmp_path: Path) -> None:
    function = NodeFunction(client=client, function="none", workflows_folder=tmp_path)

    with pytest.raises(NodeUnavailable, match="Does TAILRACE_NODE_FUNCTION name it"):
        ask(function, "returns")


async def test_a_workflow_of_both_languages_runs_with_the_function(client: "LambdaClient") -> None:
    workflow: Workflow = mixed.workflow
    function = make_function(client, WORKFLOWS)

    result = await run(
        workflow,
        Trigger(event={"body": {"planet": "Endor"}}),
        log=EventLog(table=InMemoryTable()),
        notifier=InMemoryNotifier(),
        deadline=60,
        node=function,
    )

    assert result.error is None
    assert [event.channel for event in result.batches[0].events] == [
        "progress",
        *["names"] * 4,
        *["greetings"] * 2,
        "progress",
    ]
