"""`this`: props and methods, and what a workflow may give."""

import json

import pytest

from tests.support.node import NodeSteps


def component(props: str, body: str = "return this.value ?? null;") -> str:
    return f"export default defineComponent({{ props: {{ {props} }}, async run({{ steps, $ }}) {{ {body} }} }});"


def test_a_prop_is_on_this(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "string" }'), value="Luke")

    assert node.run().steps["code"]["$return_value"] == "Luke"


def test_a_prop_that_is_not_given_has_its_default(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "string", label: "Name", default: "Dylan" }'))

    assert node.run().steps["code"]["$return_value"] == "Dylan"


def test_a_default_that_a_run_changes_is_new_for_the_next_run(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "string[]", default: [] }', "this.value.push(1); return this.value;"))

    assert [node.run().steps["code"]["$return_value"] for _ in range(2)] == [[1], [1]]


def test_an_optional_prop_may_be_left_out(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "string", optional: true }', 'return "value" in this;'))

    assert node.run().steps["code"]["$return_value"] is False


def test_a_required_prop_that_is_not_given_is_an_error_that_names_it(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "string" }'))

    run = node.run()

    assert run.error is not None
    assert run.error.type == "InvalidProps"
    assert run.error.message == "The prop value is required: give it a value where the workflow adds this step."


def test_a_prop_that_the_component_does_not_know_is_an_error_that_names_it(node: NodeSteps) -> None:
    node.add("code", component('value: "string"'), value="a", valeu="b")

    run = node.run()

    assert run.error is not None
    assert run.error.message == "The component has no prop valeu; it has value."


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("string", "a"),
        ("string", ""),
        ("integer", 5),
        ("boolean", False),
        ("object", {"a": [1]}),
        ("any", [None]),
        ("string[]", ["a", "b"]),
        ("string[]", []),
        ("integer[]", [1]),
        ("boolean[]", [True]),
    ],
)
def test_a_prop_of_each_type_takes_its_values(node: NodeSteps, type_: str, value: object) -> None:
    node.add("code", component(f"value: {{ type: {json.dumps(type_)} }}"), value=value)

    assert node.run().steps["code"]["$return_value"] == value


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("string", 5),
        ("integer", 1.5),
        ("integer", "five"),
        ("boolean", 1),
        ("object", [1]),
        ("string[]", "a"),
        ("string[]", [1]),
    ],
)
def test_a_prop_of_another_type_is_an_error_that_names_both(node: NodeSteps, type_: str, value: object) -> None:
    node.add("code", component(f"value: {{ type: {json.dumps(type_)} }}"), value=value)

    run = node.run()

    assert run.error is not None
    assert run.error.type == "InvalidProps"
    assert run.error.message.startswith(f"The prop value should be {type_}, and is ")


@pytest.mark.parametrize(("type_", "text", "value"), [("integer", "-5", -5), ("boolean", "true", True)])
def test_text_of_a_query_string_is_read_as_the_number_or_boolean_that_is_declared(
    node: NodeSteps, type_: str, text: str, value: object
) -> None:
    node.add("code", component(f"value: {{ type: {json.dumps(type_)} }}"), value="{{steps.trigger.event.body}}")

    assert node.run(text).steps["code"]["$return_value"] == value


def test_an_integer_keeps_to_its_min_and_max(node: NodeSteps) -> None:
    node.add("code", component('value: { type: "integer", min: 1, max: 9 }'), value=10)

    run = node.run()

    assert run.error is not None
    assert run.error.message == "The prop value is 10, and should be from 1 to 9."


def test_an_expression_is_resolved_before_the_step_runs(node: NodeSteps) -> None:
    node.code("first", 'return { who: "Luke", list: [1, 2] };')
    node.add(
        "code",
        component('text: "string", list: "any", value: "object"', "return [this.text, this.list, this.value];"),
        text="Hello {{steps.first.$return_value.who}} from {{steps.trigger.event.body.planet}}",
        list="{{steps.first.$return_value.list}}",
        value={"deep": ["{{steps.first.$return_value.who}}"]},
    )

    returned = node.run({"planet": "Tatooine"}).steps["code"]["$return_value"]

    assert returned == ["Hello Luke from Tatooine", [1, 2], {"deep": ["Luke"]}]


def test_methods_are_on_this_and_see_props_and_each_other(node: NodeSteps) -> None:
    node.add(
        "code",
        """export default defineComponent({
          props: { who: "string" },
          methods: {
            greeting() { return `Hello ${this.name()}`; },
            name() { return this.who.toUpperCase(); },
            async later(value) { return value; },
          },
          async run() { const { greeting } = this; return [greeting(), await this.later(1)]; },
        });""",
        who="Luke",
    )

    assert node.run().steps["code"]["$return_value"] == ["Hello LUKE", 1]


def test_an_app_prop_has_its_account_and_its_methods(node: NodeSteps) -> None:
    node.write(
        "post.app.mjs",
        """export default { type: "app", app: "post",
          propDefinitions: { room: { type: "string", default: "lobby" } },
          methods: { headers() { return { Authorization: `Bearer ${this.$auth.token}` }; } } };""",
    )
    node.add(
        "code",
        """import post from "./post.app.mjs";
        export default {
          props: { post, room: { propDefinition: [post, "room"] } },
          async run() { return [this.post.headers(), this.post.$auth.token, this.room]; } };""",
        post={"$auth": {"token": "t"}},
    )

    assert node.run().steps["code"]["$return_value"] == [{"Authorization": "Bearer t"}, "t", "lobby"]


@pytest.mark.parametrize("type_", ["$.service.db", "data_store", "http_request", "$.interface.http"])
def test_a_prop_that_needs_pipedreams_services_is_an_error_that_names_it(node: NodeSteps, type_: str) -> None:
    node.add("code", component(f"db: {json.dumps(type_)}"))

    run = node.run()

    assert run.error is not None
    assert run.error.message == f"The prop db is of type '{type_}', which is not offered here."


def test_an_alert_is_for_pipedreams_form_and_ignored(node: NodeSteps) -> None:
    node.add("code", component('note: { type: "alert", alertType: "info", content: "Read me" }', "return 1;"))

    assert node.run().steps["code"]["$return_value"] == 1


def test_a_component_with_additional_props_takes_props_that_it_does_not_declare(node: NodeSteps) -> None:
    node.add(
        "code",
        """export default { props: { a: "string" }, async additionalProps() { return {}; },
           async run() { return this.a + this.col_0001; } };""",
        a="1",
        col_0001="2",
    )

    assert node.run().steps["code"]["$return_value"] == "12"


def test_a_prop_that_is_not_json_is_an_error_in_the_step(node: NodeSteps) -> None:
    node.add("code", component('value: "any"'), value={1, 2})

    run = node.run()

    assert run.error is not None
    assert (run.error.step, run.error.type) == ("code", "InvalidProps")
    assert "Object of type set is not JSON serializable" in run.error.message
