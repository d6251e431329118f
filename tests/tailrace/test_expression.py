import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.errors import InvalidExpression, UnresolvedExpression
from tailrace.expression import Reference, parse
from tailrace.values import Json

STEPS: dict[str, Json] = {
    "trigger": {"event": {"body": {"name": "Luke", "age": 19, "tags": ["jedi", "pilot"], "a b": 1, "none": None}}},
    "code": {"$return_value": [{"x": True}], "ünï": "ö"},
}


def resolve(text: str) -> Json:
    template = parse(text)
    return text if template is None else template.resolve(STEPS)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{steps.trigger.event.body.name}}", "Luke"),
        ("{{ steps.trigger.event.body.age }}", 19),
        ("{{\n\tsteps.trigger.event.body.tags\n}}", ["jedi", "pilot"]),
        ("{{steps.trigger.event.body.none}}", None),
        ("{{steps.trigger.event.body.tags[1]}}", "pilot"),
        ("{{steps.trigger.event.body.tags[ 0 ]}}", "jedi"),
        ('{{steps.trigger.event.body["a b"]}}', 1),
        ("{{steps.trigger.event.body['a b']}}", 1),
        ('{{steps["trigger"]["event"]["body"]["name"]}}', "Luke"),
        ("{{steps.code.$return_value[0].x}}", True),
        ("{{steps.code.ünï}}", "ö"),
        ("{{steps.trigger}}", STEPS["trigger"]),
    ],
)
def test_expression_that_is_the_whole_text_is_the_value_itself(text: str, value: Json) -> None:
    assert resolve(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hello {{steps.trigger.event.body.name}}!", "Hello Luke!"),
        (" {{steps.trigger.event.body.age}}", " 19"),
        ("{{steps.trigger.event.body.name}}{{steps.trigger.event.body.age}}", "Luke19"),
        ("is {{steps.code.$return_value[0].x}}", "is true"),
        ("is {{steps.trigger.event.body.none}}", "is null"),
        ("are {{steps.trigger.event.body.tags}}", 'are ["jedi","pilot"]'),
        ("is {{steps.code.ünï}}", "is ö"),
    ],
)
def test_expression_within_text_is_written_into_it(text: str, value: str) -> None:
    assert resolve(text) == value


@pytest.mark.parametrize("text", ["", "plain", "{ not one }", "}}", "{steps.trigger}"])
def test_text_without_double_braces_is_no_template(text: str) -> None:
    assert parse(text) is None


def test_quoted_text_in_braces_stands_for_itself() -> None:
    assert resolve('{{"{{name}}"}} and {{"a \\" quote"}}') == '{{name}} and a " quote'


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_quoted_as_json(text: str) -> None:
    assert resolve("{{" + json.dumps(text) + "}}") == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_key_can_be_reached(key: str) -> None:
    template = parse(f"{{{{steps.code[{json.dumps(key)}]}}}}")

    assert template is not None
    assert template.resolve({"code": {key: "found"}}) == "found"


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: "\\" not in text),
)
def test_key_may_stand_in_single_quotes(key: str) -> None:
    quoted = key.replace("'", "\\'")
    template = parse(f"{{{{steps.code['{quoted}']}}}}")

    assert template is not None
    assert template.resolve({"code": {key: "found"}}) == "found"


@given(st.text(alphabet="{}[]. steps'\"\\0a$"))
def test_any_other_text_is_read_or_refused_and_never_breaks(text: str) -> None:
    try:
        parse(text)
    except InvalidExpression as error:
        assert "{{" in str(error)  # noqa: PT017 - only refused texts have one


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{}}", "steps.<name> is expected"),
        ("{{name}}", "steps.<name> is expected"),
        ("{{step.trigger}}", "steps.<name> is expected"),
        ("{{steps}}", "a step's name is expected"),
        ("{{steps[0]}}", "a step's name is expected"),
        ("{{steps.}}", "a name is expected behind the dot"),
        ("{{steps.trigger.a-b}}", "}} is expected"),
        ("{{steps.trigger.0}}", 'for other keys write ["key"]'),
        ("{{steps.trigger", "}} is expected"),
        ("{{steps.trigger}", "}} is expected"),
        ("{{steps.trigger[-1]}}", '[0] or ["key"] is expected'),
        ("{{steps.trigger[key]}}", '[0] or ["key"] is expected'),
        ('{{steps.trigger["key}}', '[0] or ["key"] is expected'),
        ('{{steps.trigger["key"}}', "] is expected"),
        ('{{steps.trigger["\\x41"]}}', "an escape that JSON does not know"),
        ("{{steps.trigger + 1}}", "}} is expected"),
        ("{{steps.trigger.map(x => x)}}", "}} is expected"),
    ],
)
def test_text_that_is_no_expression_is_refused_with_what_is_expected(text: str, expected: str) -> None:
    with pytest.raises(InvalidExpression, match=re.escape(expected)):
        parse(text)


def test_refusal_says_where_and_how_to_have_braces_as_they_are() -> None:
    with pytest.raises(InvalidExpression, match=r'at character 10\. To have \{\{ as it is, write \{\{"\{\{"\}\}'):
        parse("Dear {{  name }}")


def test_refusal_shows_the_beginning_of_a_long_text() -> None:
    with pytest.raises(InvalidExpression) as refusal:
        parse("{{" + "x" * 10_000)

    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{{steps.trigger.event.body.nme}}",
            "leads to nothing: steps.trigger.event.body is a dict of name, age, tags, a b, none, without .nme.",
        ),
        ("{{steps.trigger.event.body.tags[2]}}", "steps.trigger.event.body.tags is a list of 2, without [2]."),
        ("{{steps.trigger.event.body.tags.x}}", "steps.trigger.event.body.tags is a list of 2, without .x."),
        ("{{steps.trigger.event.body.name.x}}", "steps.trigger.event.body.name is a str, without .x."),
        ("{{steps.trigger.event.body.name[0]}}", "steps.trigger.event.body.name is a str, without [0]."),
        ('{{steps.trigger.event.body.none["a b"]}}', 'steps.trigger.event.body.none is null, without ["a b"].'),
        ("{{steps.code.$return_value[0].y.z}}", "steps.code.$return_value[0] is a dict of x, without .y."),
    ],
)
def test_path_that_leads_to_nothing_says_how_far_it_led(text: str, message: str) -> None:
    with pytest.raises(UnresolvedExpression, match=re.escape(message)):
        resolve(text)


def test_path_that_leads_to_nothing_shows_only_some_of_many_names() -> None:
    reference = Reference("code", ("gone",))

    with pytest.raises(UnresolvedExpression, match=r"k0, k1, .*k9, …, without"):
        reference.resolve({"code": {f"k{number}": 1 for number in range(1000)}})


def test_template_tells_what_it_refers_to() -> None:
    template = parse('{{steps.trigger.event}} {{"text"}} {{steps.code["a"][0]}}')

    assert template is not None
    assert [str(reference) for reference in template.references] == ["steps.trigger.event", "steps.code.a[0]"]
