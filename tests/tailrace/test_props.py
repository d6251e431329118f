from typing import Any

import pytest

from tailrace import Pd, action
from tailrace.errors import InvalidExpression, InvalidProps, UnresolvedExpression
from tailrace.props import Props
from tailrace.values import Json

KNOWN = ("trigger", "code")
STEPS: dict[str, Json] = {"trigger": {"event": {"body": {"name": "Luke", "times": "3"}}}, "code": {"ok": True}}


@action
def greet(pd: Pd, *, name: str, times: int = 1, more: dict[str, Any] | None = None) -> None: ...


def test_props_without_an_action_are_handed_on_as_they_are() -> None:
    marker = object()
    props = Props.of({"text": "plain", "number": 1, "any": marker}, known=KNOWN)

    assert props.resolve({}) == {"text": "plain", "number": 1, "any": marker}
    assert not props.refer


def test_expressions_are_resolved_at_any_depth() -> None:
    given = {
        "body": {"to": ["{{steps.trigger.event.body.name}}", "Han"], "deep": [{"ok": "{{steps.code.ok}}"}]},
        "tuple": ("Hi {{steps.trigger.event.body.name}}",),
    }
    props = Props.of(given, known=KNOWN)

    assert props.refer
    assert props.resolve(STEPS) == {
        "body": {"to": ["Luke", "Han"], "deep": [{"ok": True}]},
        "tuple": ["Hi Luke"],
    }


def test_each_run_has_lists_and_dicts_of_its_own() -> None:
    props = Props.of({"list": [1], "dict": {"a": {}}}, known=KNOWN)

    first = props.resolve({})
    first["list"].append(2)
    first["dict"]["a"]["b"] = 1

    assert props.resolve({}) == {"list": [1], "dict": {"a": {}}}


def test_what_an_author_changes_after_the_definition_does_not_count() -> None:
    names = ["Luke"]
    props = Props.of({"names": names}, known=KNOWN)

    names.append("Vader")

    assert props.resolve({}) == {"names": ["Luke"]}


def test_actions_props_are_converted_and_completed_in_the_run() -> None:
    given = {"name": "{{steps.trigger.event.body.name}}", "times": "{{steps.trigger.event.body.times}}"}
    props = Props.of(given, known=KNOWN, action=greet)

    assert props.resolve(STEPS) == {"name": "Luke", "times": 3, "more": None}


def test_expression_whose_value_is_of_the_wrong_type_fails_in_the_run() -> None:
    props = Props.of({"name": "{{steps.code.ok}}"}, known=KNOWN, action=greet)

    with pytest.raises(InvalidProps, match="prop 'name' is True: Input should be a valid string"):
        props.resolve(STEPS)


def test_expression_that_leads_to_nothing_fails_in_the_run() -> None:
    props = Props.of({"name": "{{steps.code.missing}}"}, known=KNOWN, action=greet)

    with pytest.raises(UnresolvedExpression, match=r"steps\.code is a dict of ok, without \.missing"):
        props.resolve(STEPS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "prop 'name' is missing"),
        ({"name": 1}, "prop 'name' is 1"),
        ({"name": "Luke", "tmes": 2}, "prop 'tmes' is unknown"),
        ({"name": "Luke", "tmes": "{{steps.code.ok}}"}, "prop 'tmes' is unknown"),
        ({"name": "{{steps.code.ok}}", "times": "often"}, "prop 'times' is 'often'"),
        ({"name": ["{{'Luke'}}"]}, "prop 'name' is \\['Luke'\\]"),
    ],
)
def test_literal_props_of_an_action_are_checked_at_the_definition(given: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidProps, match=message):
        Props.of(given, known=KNOWN, action=greet)


def test_quoted_braces_count_as_a_literal() -> None:
    props = Props.of({"name": '{{"{{name}}"}}'}, known=KNOWN, action=greet)

    assert not props.refer
    assert props.resolve({})["name"] == "{{name}}"


@pytest.mark.parametrize("value", ["{{steps.later.x}}", {"deep": ["{{steps.later.x}}"]}, "a {{steps.later.x}} b"])
def test_reference_to_a_step_that_does_not_come_before_is_refused(value: object) -> None:
    with pytest.raises(
        InvalidExpression,
        match=r"prop 'it': \{\{steps\.later\.x\}\} refers to a step that does not come before this one; "
        r"before it come trigger, code",
    ):
        Props.of({"it": value}, known=KNOWN)


def test_expression_that_cannot_be_read_names_its_prop() -> None:
    with pytest.raises(InvalidExpression, match=r"prop 'it': '\{\{oops\}\}' is no expression"):
        Props.of({"it": ["{{oops}}"]}, known=KNOWN)
