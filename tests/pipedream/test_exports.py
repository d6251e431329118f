"""What steps hand on to each other: `$.export`, returned values, `steps`."""

import pytest

from tailrace import Pd
from tests.support.node import NodeSteps


def test_a_returned_value_is_return_value_of_the_step(node: NodeSteps) -> None:
    node.code("code", 'return { name: "Luke" };')
    node.code("next", "return steps.code.$return_value.name;")

    assert node.run().steps["next"] == {"$return_value": "Luke"}


def test_a_step_that_returns_nothing_has_no_return_value(node: NodeSteps) -> None:
    node.code("code", "")
    node.code("next", 'return "$return_value" in steps.code;')

    run = node.run()

    assert run.steps["code"] == {}
    assert run.steps["next"] == {"$return_value": False}


def test_null_is_a_returned_value(node: NodeSteps) -> None:
    assert node.run_code("return null;").steps["code"] == {"$return_value": None}


def test_exports_have_names_and_the_last_of_a_name_counts(node: NodeSteps) -> None:
    node.code("code", '$.export("total", 1); $.export("total", 2); $.export("lines", [1]); return "r";')
    node.code("next", "return [steps.code.total, steps.code.lines, steps.code.$return_value];")

    assert node.run().steps["next"]["$return_value"] == [2, [1], "r"]


def test_summary_is_an_export_like_any_other(node: NodeSteps) -> None:
    run = node.run_code('$.export("$summary", `Added ${1 + 1} items`);')

    assert run.steps["code"] == {"$summary": "Added 2 items"}


def test_an_export_is_a_copy(node: NodeSteps) -> None:
    run = node.run_code('const list = [1]; $.export("list", list); list.push(2);')

    assert run.steps["code"]["list"] == [1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('$.export("f", () => 1);', "The export 'f' is not JSON: it is [Function (anonymous)]."),
        ("return 1n;", "What the step returned is not JSON: Do not know how to serialize a BigInt."),
        ("const a = []; a.push(a); return a;", "What the step returned is not JSON: Converting circular structure"),
        ("return () => 1;", "What the step returned is not JSON: it is [Function (anonymous)]."),
        ("$.export(1, 2);", "An export's name is a text"),
        ("let a = []; for (let n = 0; n < 600; n += 1) { a = [a]; } return a;", "more than 500 deep"),
    ],
)
def test_an_export_that_is_not_json_is_an_error_that_names_it(node: NodeSteps, body: str, message: str) -> None:
    run = node.run_code(body)

    assert run.error is not None
    assert run.error.type == "InvalidExport"
    assert message in run.error.message


@pytest.mark.parametrize(
    ("returned", "seen"),
    [
        ("{ a: () => 1, b: undefined, c: new Date(0) }", {"c": "1970-01-01T00:00:00.000Z"}),
        ("[undefined, NaN, -0]", [None, None, 0]),
        ("new Map([[1, 2]])", {}),
        ('{ toJSON: () => "j" }', "j"),
    ],
)
def test_what_json_leaves_out_of_an_export_is_left_out(node: NodeSteps, returned: str, seen: object) -> None:
    assert node.run_code(f"return {returned};").steps["code"]["$return_value"] == seen


def test_exports_of_a_step_that_fails_do_not_count(node: NodeSteps) -> None:
    run = node.run_code('$.export("a", 1); throw new Error("no");')

    assert run.steps == {}


def test_steps_of_both_languages_see_each_others_exports(node: NodeSteps) -> None:
    @node.workflow.step
    def python(pd: Pd) -> dict[str, int]:
        pd.export("lines", [1, 2])
        return {"total": 3}

    node.code("code", '$.export("sum", steps.python.lines[0] + steps.python.$return_value.total); return "é😀";')
    node.workflow.step("last", lambda pd: [pd.steps["code"]["sum"], pd.steps["code"]["$return_value"]])

    assert node.run().steps["last"]["$return_value"] == [4, "é😀"]


def test_the_trigger_is_a_step(node: NodeSteps) -> None:
    node.code("code", "return steps.trigger.event;")

    assert node.run({"id": 1}).steps["code"]["$return_value"] == {
        "method": "POST",
        "path": "/pipelines/p_node/events",
        "query": {},
        "headers": {"content-type": "application/json"},
        "client_ip": "127.0.0.1",
        "url": "http://localhost/pipelines/p_node/events",
        "body": {"id": 1},
    }


def test_changing_steps_changes_nothing_for_later_steps(node: NodeSteps) -> None:
    node.code("first", "return [1];")
    node.code("second", "steps.first.$return_value.push(2);")
    node.code("third", "return steps.first.$return_value;")

    assert node.run().steps["third"]["$return_value"] == [1]


def test_exports_that_are_more_than_lambda_carries_fail_the_step_here_too(node: NodeSteps) -> None:
    run = node.run_code(
        '$.send.sse({ channel: "events", payload: 1 }); $.export("a", "x".repeat(4e6)); return "x".repeat(3e6);'
    )

    assert run.error is not None
    assert run.error.type == "AnswerTooLarge"
    assert "6000000" in run.error.message
    assert [event.payload for event in run.sent] == [1]


def test_exports_of_earlier_steps_that_lambda_could_not_hand_over_fail_the_next_step(node: NodeSteps) -> None:
    node.workflow.step("large", lambda _: "x" * 6_000_000)
    node.code("code", "return 1;")

    run = node.run()

    assert run.error is not None
    assert (run.error.step, run.error.type) == ("code", "NodeUnavailable")
    assert "The step code.mjs was not run to its end: its props and what the steps" in run.error.message


def test_a_lone_surrogate_in_an_export_stays_what_it_is(node: NodeSteps) -> None:
    node.code("code", 'return "\\ud800";')
    node.code("next", "return steps.code.$return_value.charCodeAt(0);")

    assert node.run().steps["next"]["$return_value"] == 0xD800
