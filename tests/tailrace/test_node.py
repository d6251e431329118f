"""Node.js steps in a workflow: what is found out when it is defined, and what becomes of a runtime's answer."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tailrace import Workflow
from tailrace.errors import InvalidExpression, InvalidStep, NodeUnavailable
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.node import NodeAnswer, NodeRequest, NodeStep
from tailrace.runner import RunResult, Trigger, run
from tailrace.values import Json

HERE = Path(__file__).parent
STEP = "node_step.mjs"
ANSWER: Mapping[str, Json] = {
    "exports": {},
    "sends": [],
    "logs": [],
    "response": None,
    "exit": None,
    "error": None,
}


class Answering:
    """A runtime that gives one answer, and keeps the requests."""

    def __init__(self, **answer: Json) -> None:
        self._answer = NodeAnswer.model_validate({**ANSWER, **answer})
        self.requests: list[NodeRequest] = []

    def run(self, request: NodeRequest) -> NodeAnswer:
        self.requests.append(request)
        return self._answer


async def go(workflow: Workflow, node: Answering | None) -> RunResult:
    log = EventLog(table=InMemoryTable())
    return await run(workflow, Trigger(event={"body": "b"}), log=log, notifier=InMemoryNotifier(), node=node)


@pytest.fixture
def workflow(tmp_path: Path) -> Workflow:
    (tmp_path / "send-names.mjs").write_text("")
    workflow = Workflow("p_node")
    workflow.step("code", NodeStep(tmp_path, "send-names.mjs"), who="{{steps.trigger.event.body}}")
    return workflow


def test_a_steps_file_is_found_beside_the_module_that_adds_it() -> None:
    workflow = Workflow("p_x")

    workflow.node_step(STEP)
    workflow.node_step("again", STEP)

    assert [step.name for step in workflow.steps] == ["node_step", "again"]


def test_a_steps_name_is_its_files_with_underscores_for_what_names_do_not_have(tmp_path: Path) -> None:
    (tmp_path / "send-names.v2.mjs").write_text("")

    assert NodeStep(tmp_path, "send-names.v2.mjs").__name__ == "send_names_v2"


@pytest.mark.parametrize("file", ["/etc/passwd.mjs", "../a.mjs", "steps/../../a.mjs", "a.py", "a.ts", "a", ""])
def test_a_file_that_is_no_steps_is_refused(file: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidStep, match=r"is no step's file: name a \.mjs, \.js, \.cjs file within"):
        NodeStep(tmp_path, file)


def test_a_file_that_is_not_there_is_refused_when_the_workflow_is_defined() -> None:
    with pytest.raises(InvalidStep, match=r"Workflow p_x: There is no file steps/none\.mjs in "):
        Workflow("p_x").node_step("steps/none.mjs")


def test_a_name_that_is_taken_is_refused() -> None:
    workflow = Workflow("p_x")
    workflow.node_step(STEP)

    with pytest.raises(InvalidStep, match="There is a step 'node_step' already"):
        workflow.node_step(STEP)


def test_an_expression_that_refers_to_no_earlier_step_is_refused() -> None:
    with pytest.raises(InvalidExpression, match="refers to a step that does not come before"):
        Workflow("p_x").node_step(STEP, who="{{steps.later.name}}")


async def test_the_runtime_gets_file_props_steps_and_context(workflow: Workflow, tmp_path: Path) -> None:
    node = Answering()

    result = await go(workflow, node)

    [request] = node.requests
    assert (request.folder, request.file, request.props) == (tmp_path, "send-names.mjs", {"who": "b"})
    assert request.steps["trigger"]["event"] == {"body": "b"}
    assert request.context["trace_id"] == result.trace_id


async def test_sends_exports_response_and_exit_of_an_answer_are_the_runs(workflow: Workflow) -> None:
    response = {"status": 201, "headers": {}, "body": "YQ==", "base64": True}
    sends = [{"channel": "a", "payload": {"b": 1}}, {"channel": "a", "payload": None}]
    node = Answering(sends=sends, exports={"total": 1}, response=response, exit={"reason": "enough"})

    result = await go(workflow, node)

    assert [event.payload for batch in result.batches for event in batch.events] == ['{"b":1}', "null"]
    assert result.steps == {"code": {"total": 1}}
    assert result.response is not None
    assert (result.response.status, result.response.content) == (201, b"a")
    assert (result.status, result.exit_reason) == ("Exited", "enough")


async def test_an_error_of_an_answer_is_the_runs_and_what_was_sent_before_counts(workflow: Workflow) -> None:
    node = Answering(sends=[{"channel": "a", "payload": 1}], error={"name": "RangeError", "message": "too far"})

    result = await go(workflow, node)

    assert result.error is not None
    assert (result.error.step, result.error.type, result.error.message) == ("code", "RangeError", "too far")
    assert len(result.batches) == 1


async def test_without_a_runtime_the_step_is_named(workflow: Workflow) -> None:
    result = await go(workflow, None)

    assert result.error is not None
    assert result.error.message == "The step send-names.mjs is Node.js, and nothing was set up to run it."


@pytest.mark.parametrize("text", [b"", b"no json", b"[]", b'{"exports": {}}', b"[" * 100_000])
def test_what_is_no_answer_is_an_error_that_shows_it(text: bytes) -> None:
    with pytest.raises(NodeUnavailable, match=r"the Node\.js runtime gave no answer, but b'"):
        NodeAnswer.of(text)
