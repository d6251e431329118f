import re
from pathlib import Path
from typing import Any

import pytest

from tailrace import Pd, Workflow, action
from tailrace.errors import (
    InvalidExpression,
    InvalidProps,
    InvalidStep,
    InvalidWorkflow,
    InvalidWorkflowId,
    WorkflowsNotFound,
)
from tailrace.testing import run_workflow
from tailrace.workflow import load_workflows


@pytest.fixture
def workflow() -> Workflow:
    return Workflow("p_mine")


@action
def greet(pd: Pd, *, name: str, times: int = 1) -> str:
    for _ in range(times):
        pd.send.sse(channel="greetings", payload=f"Hello {name}")
    return name


def noop(pd: Pd) -> None:
    pd.export("ran", value=True)


def names_of(workflow: Workflow) -> list[str]:
    return [step.name for step in workflow.steps]


def test_workflow_shows_its_id_and_its_steps(workflow: Workflow) -> None:
    workflow.step(noop)
    workflow.step(greet, name="Luke")

    assert repr(workflow) == "Workflow('p_mine', steps=[noop, greet])"


@pytest.mark.parametrize("text", ["", "hello", "p_", "p_a b", "p_" + "x" * 65, "P_x"])
def test_workflow_id_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidWorkflowId, match="is not a workflow id: write p_ and then"):
        Workflow(text)


def test_on_error_is_flush_or_discard() -> None:
    wrong: Any = "drop"

    assert Workflow("p_x").on_error == "flush"
    assert Workflow("p_x", on_error="discard").on_error == "discard"
    with pytest.raises(InvalidWorkflow, match='on_error is \'drop\'; write "flush" or "discard"'):
        Workflow("p_x", on_error=wrong)


def test_a_workflow_is_public_only_where_it_says_so() -> None:
    wrong: Any = "False"

    assert not Workflow("p_x").public
    assert Workflow("p_x", public=True).public
    with pytest.raises(InvalidWorkflow, match="public is 'False'; write True or False"):
        Workflow("p_x", public=wrong)


# how a step is added


def test_decorator_names_the_step_after_its_function_and_gives_the_function_back(workflow: Workflow) -> None:
    def hello(pd: Pd) -> None:
        noop(pd)

    assert workflow.step(hello) is hello
    assert names_of(workflow) == ["hello"]


def test_decorator_with_a_text_names_the_step(workflow: Workflow) -> None:
    @workflow.step("code")
    def handler(pd: Pd) -> None:
        noop(pd)

    assert names_of(workflow) == ["code"]
    assert handler.__name__ == "handler"


def test_decorator_with_props_gives_them_to_the_step(workflow: Workflow) -> None:
    @workflow.step(limit=3)
    def first(pd: Pd) -> int:
        return int(pd.inputs["limit"])

    @workflow.step("second", limit="{{steps.first.$return_value}}")
    def handler(pd: Pd) -> int:
        return int(pd.inputs["limit"]) + 1

    assert run_workflow(workflow).steps["second"]["$return_value"] == 4


def test_call_with_a_text_names_the_step_so_that_name_can_be_a_prop(workflow: Workflow) -> None:
    workflow.step("greet_luke", greet, name="Luke")
    workflow.step("greet_han", greet, name="Han", times=2)

    assert names_of(workflow) == ["greet_luke", "greet_han"]
    assert [event.payload for event in run_workflow(workflow).sent] == ["Hello Luke", "Hello Han", "Hello Han"]


def test_steps_of_one_function_may_have_several_names(workflow: Workflow) -> None:
    workflow.step("first", noop)
    workflow.step("second", noop)

    assert names_of(workflow) == ["first", "second"]


def test_props_may_be_called_self_function_and_name_too(workflow: Workflow) -> None:
    workflow.step("code", lambda pd: pd.inputs, self=1, function=2, name=3, props=4)

    assert run_workflow(workflow).steps["code"]["$return_value"] == {"self": 1, "function": 2, "name": 3, "props": 4}


def test_action_is_used_in_several_workflows_and_under_decorators() -> None:
    one, two = Workflow("p_one"), Workflow("p_two")
    one.step(greet, name="Luke")
    two.step(greet, name="Han")

    assert run_workflow(one).sent == [("greetings", "Hello Luke")]
    assert run_workflow(two).sent == [("greetings", "Hello Han")]


def test_pipedream_step_runs_as_it_was_pasted(workflow: Workflow) -> None:
    pasted = """
def handler(pd: "pipedream"):
  # Reference data from previous steps
  print(pd.steps["trigger"]["context"]["id"])
  # Return data for use in future steps
  return {"foo": {"test": True}}
"""
    namespace: dict[str, Any] = {}
    exec(pasted, namespace)
    workflow.step("code", namespace["handler"])
    exec(f"@workflow.step('again')\n{pasted.strip()}", {"workflow": workflow})

    steps = run_workflow(workflow).steps

    assert steps["code"] == steps["again"] == {"foo": {"test": True}, "$return_value": {"foo": {"test": True}}}


# what is refused when it is defined


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st", "a.b", "$x"])
def test_step_name_that_is_no_identifier_is_refused_with_a_hint(workflow: Workflow, name: str) -> None:
    with pytest.raises(InvalidStep, match=r"is no step's name: .* Other steps refer to it as steps\.<name>"):
        workflow.step(name, noop)


def test_step_name_that_is_taken_is_refused_with_a_hint(workflow: Workflow) -> None:
    workflow.step(greet, name="Luke")

    with pytest.raises(
        InvalidStep,
        match=re.escape(
            "Workflow p_mine, step 'greet': There is a step 'greet' already. "
            'Name this one: workflow.step("greet_again", …).'
        ),
    ):
        workflow.step(greet, name="Han")


def test_step_cannot_be_called_trigger(workflow: Workflow) -> None:
    with pytest.raises(InvalidStep, match="'trigger' is what starts a workflow"):
        workflow.step("trigger", noop)


def test_function_without_a_name_must_be_given_one(workflow: Workflow) -> None:
    with pytest.raises(InvalidStep, match=r'has no name for a step\. Name it: workflow\.step\("greet"'):
        workflow.step(lambda pd: pd.inputs)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def code(): ...", "can't be called with pd alone"),
        ("def code(pd, name): ...", "For props as parameters, put @action before it"),
        ("def code(*, pd): ...", "can't be called with pd alone"),
        ("def code(pd): yield 1", "It yields"),
        ("async def code(pd): yield 1", "It yields"),
        ("code = 3", "3 is no function"),
        ("code = None", "None is no function"),
    ],
)
def test_function_that_pd_alone_cannot_call_is_refused(workflow: Workflow, source: str, message: str) -> None:
    namespace: dict[str, Any] = {}
    exec(source, namespace)

    with pytest.raises(InvalidStep, match=f"Workflow p_mine, step 'code': .*{message}"):
        workflow.step("code", namespace["code"])
    assert workflow.steps == ()


@pytest.mark.parametrize("source", ["def code(pd, more=1): ...", "def code(*pd): ...", "def code(pd, **more): ..."])
def test_function_that_can_be_called_with_pd_alone_is_a_step(workflow: Workflow, source: str) -> None:
    namespace: dict[str, Any] = {}
    exec(source, namespace)

    workflow.step(namespace["code"])

    assert run_workflow(workflow).status == "Completed"


def test_builtin_without_a_signature_is_taken_at_its_word(workflow: Workflow) -> None:
    workflow.step("code", str)

    assert "Pd" in run_workflow(workflow).steps["code"]["$return_value"]


def test_arguments_in_another_order_are_refused(workflow: Workflow) -> None:
    step: Any = workflow.step

    with pytest.raises(InvalidStep, match=r"write workflow\.step"):
        step(noop, "name")
    with pytest.raises(InvalidStep, match=r"write workflow\.step"):
        step("name", noop, {"a": 1})


@pytest.mark.parametrize(
    ("props", "message"),
    [
        ({}, "Workflow p_mine, step 'greet': prop 'name' is missing: str is expected"),
        ({"name": "Luke", "tmes": 2}, "prop 'tmes' is unknown: the action takes name, times"),
        ({"name": 7}, "prop 'name' is 7: Input should be a valid string; str is expected"),
    ],
)
def test_wrong_prop_names_workflow_step_prop_and_what_is_expected(
    workflow: Workflow, props: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidProps, match=re.escape(message)):
        workflow.step(greet, **props)
    assert workflow.steps == ()


def test_expression_may_refer_to_the_trigger_and_to_steps_before_alone(workflow: Workflow) -> None:
    workflow.step("first", greet, name="{{steps.trigger.event.body.name}}")
    workflow.step("second", greet, name="{{steps.first.$return_value}}")

    with pytest.raises(
        InvalidExpression,
        match=r"Workflow p_mine, step 'third': prop 'name': .*fourth.* before it come trigger, first, second",
    ):
        workflow.step("third", greet, name="{{steps.fourth.x}}")
    with pytest.raises(InvalidExpression, match=r"steps\.third\.x"):
        workflow.step("third", greet, name="{{steps.third.x}}")


# a folder of workflows


HELLO = 'from tailrace import Workflow\nworkflow = Workflow("p_hello")\n'


def test_module_dropped_into_the_folder_is_a_workflow(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "names.py").write_text(HELLO.replace("p_hello", "p_names"))

    registry = load_workflows(tmp_path)

    assert list(registry.workflows) == ["p_hello", "p_names"]
    assert registry.failures == ()


def test_module_may_define_several_workflows(tmp_path: Path) -> None:
    (tmp_path / "both.py").write_text(f'{HELLO}other = Workflow("p_other")\n')

    assert list(load_workflows(tmp_path).workflows) == ["p_hello", "p_other"]


def test_module_that_imports_anothers_workflow_defines_no_second_one(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "again.py").write_text("from .hello import workflow\nsame = workflow\n")

    assert list(load_workflows(tmp_path).workflows) == ["p_hello"]


def test_two_workflows_of_one_id_are_told_with_both_modules_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "copied.py").write_text(HELLO)
    (tmp_path / "other.py").write_text(HELLO.replace("p_hello", "p_other"))

    registry = load_workflows(tmp_path)

    assert list(registry.workflows) == ["p_other"]
    assert [(failure.module, failure.reason) for failure in registry.failures] == [
        ("copied", "Its workflow p_hello is in hello.py, too: none of them runs until each has an id of its own."),
        ("hello", "Its workflow p_hello is in copied.py, too: none of them runs until each has an id of its own."),
    ]


def test_two_workflows_of_one_module_with_one_id_are_told(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(f'{HELLO}again = Workflow("p_hello")\n')

    registry = load_workflows(tmp_path)

    assert not registry.workflows
    (failure,) = registry.failures
    assert failure.reason.startswith("Its workflow p_hello is in it twice:")


def test_module_that_fails_does_not_take_the_others_down(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(HELLO)
    (tmp_path / "pandas_report.py").write_text("import no_such_package.sub\n")

    registry = load_workflows(tmp_path)

    assert list(registry.workflows) == ["p_hello"]
    (failure,) = registry.failures
    assert (failure.module, failure.reason) == (
        "pandas_report",
        "The package 'no_such_package' is not installed (pandas_report.py:1).",
    )


def test_wrong_definition_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text(f'{HELLO}workflow.step("a-b", print)\n')

    (failure,) = load_workflows(tmp_path).failures

    assert failure.reason.startswith("Workflow p_hello, step 'a-b': 'a-b' is no step's name")
    assert failure.reason.endswith("(hello.py:3)")


def test_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkflowsNotFound, match="There is no folder 'flows'"):
        load_workflows(tmp_path / "flows")


def test_empty_folder_has_no_workflows(tmp_path: Path) -> None:
    assert not load_workflows(tmp_path).workflows
