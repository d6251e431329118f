import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

import pytest
from pydantic import BaseModel, Field

from tailrace import Pd, action
from tailrace.errors import InvalidAction, InvalidProps
from tailrace.event import workflow_id
from tailrace.run_state import Context, RunState

Kind: TypeAlias = Any
"""A type, or a form of typing."""

CONTEXT = Context(id="r", trace_id="t", workflow_id=workflow_id("p_x"), ts="2026-01-31T00:00:00.000Z")


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Address(BaseModel):
    street: str
    number: int = 1


@action
def greet(pd: Pd, *, name: str, times: Annotated[int, Field(ge=1, description="how often")] = 1) -> str:
    """Greets."""
    pd.export("greeted", name)
    return name * times


def test_action_stays_a_function_that_can_be_called() -> None:
    pd = Pd(run=RunState(context=CONTEXT, exports={}), step="greet")

    assert greet(pd, name="Luke", times=2) == "LukeLuke"
    assert (greet.__name__, greet.__doc__) == ("greet", "Greets.")
    assert repr(greet) == "<action greet>"


def test_props_have_types_defaults_and_descriptions() -> None:
    name, times = greet.props.values()

    assert (name.name, name.required, name.expected) == ("name", True, "str")
    assert (times.name, times.required, times.default) == ("times", False, 1)
    assert times.expected == "int (how often)"


def test_default_and_description_may_stand_in_a_field() -> None:
    @action
    def act(pd: Pd, size: Size = Field(Size.SMALL, description="of the cup")) -> None: ...  # noqa: B008 - as pydantic's users write it

    assert act.validate({}) == {"size": Size.SMALL}
    assert act.props["size"].expected.endswith("(of the cup)")


def test_field_without_default_is_required() -> None:
    @action
    def act(pd: Pd, size: Size = Field(description="of the cup")) -> None: ...  # noqa: B008 - as pydantic's users write it

    with pytest.raises(InvalidProps, match="prop 'size' is missing"):
        act.check({}, later=())


def test_mutable_default_belongs_to_each_run_alone() -> None:
    @action
    def act(pd: Pd, tags: list[str] = []) -> None: ...  # noqa: B006 - what is tested

    act.validate({})["tags"].append("changed")

    assert act.validate({}) == {"tags": []}


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (str, "text", "text"),
        (int, "3", 3),
        (float, 3, 3.0),
        (bool, "true", True),
        (date, "2026-01-31", date(2026, 1, 31)),
        (Size, "large", Size.LARGE),
        (Literal["a", "b"], "a", "a"),
        (list[int], ["1", 2], [1, 2]),
        (dict[str, int], {"a": 1}, {"a": 1}),
        (int | None, None, None),
        (Address, {"street": "Main"}, Address(street="Main", number=1)),
        (Any, {"any": [1]}, {"any": [1]}),
    ],
)
def test_values_are_converted_by_pydantics_rules(kind: Kind, given: object, value: object) -> None:
    def act(pd: Pd, *, it: Kind) -> None: ...

    act.__annotations__["it"] = kind

    assert action(act).validate({"it": given}) == {"it": value}


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (str, 3, "prop 'it' is 3: Input should be a valid string; str is expected"),
        (int, "many", "prop 'it' is 'many': Input should be a valid integer"),
        (list[int], [1, "x"], "prop 'it'[1] is 'x': Input should be a valid integer"),
        (Address, {"street": 1}, "prop 'it'['street'] is 1: Input should be a valid string"),
        (Size, "medium", "Input should be 'small' or 'large'"),
        (Annotated[int, Field(le=5)], 6, "Input should be less than or equal to 5"),
    ],
)
def test_value_of_the_wrong_type_says_what_is_expected(kind: Kind, given: object, message: str) -> None:
    def act(pd: Pd, *, it: Kind) -> None: ...

    act.__annotations__["it"] = kind

    with pytest.raises(InvalidProps, match=re.escape(message)):
        action(act).check({"it": given}, later=())


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidProps) as refusal:
        greet.check({"times": 0, "nmae": "Luke"}, later=())

    assert str(refusal.value) == (
        "prop 'nmae' is unknown: the action takes name, times; "
        "prop 'name' is missing: str is expected; "
        "prop 'times' is 0: Input should be greater than or equal to 1; int (how often) is expected"
    )


def test_prop_that_comes_later_counts_as_given_and_must_be_known() -> None:
    greet.check({}, later={"name"})

    with pytest.raises(InvalidProps, match="prop 'nmae' is unknown"):
        greet.check({"name": "Luke"}, later={"nmae"})


def test_huge_value_is_shown_in_short() -> None:
    with pytest.raises(InvalidProps) as refusal:
        greet.check({"name": "Luke", "times": "x" * 100_000}, later=())

    assert len(str(refusal.value)) < 400


@pytest.mark.parametrize("name", ["schema", "json", "copy", "model_config", "_private", "self", "function"])
def test_prop_may_have_any_name(name: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def act(pd, *, {name}: str): return {name}", namespace)
    act = action(namespace["act"])

    assert act.validate({name: "value"}) == {name: "value"}
    with pytest.raises(InvalidProps, match="Input should be a valid string"):
        act.validate({name: 1})


def test_parameter_without_annotation_takes_anything() -> None:
    namespace: dict[str, Any] = {}
    exec("def act(pd, it): ...", namespace)

    assert action(namespace["act"]).validate({"it": [1, "a"]}) == {"it": [1, "a"]}


def test_annotations_may_be_texts_and_that_of_pd_need_not_exist() -> None:
    namespace: dict[str, Any] = {}
    exec("def act(pd: 'pipedream', times: 'int | None' = None): ...", namespace)
    act = action(namespace["act"])

    assert act.validate({"times": "2"}) == {"times": 2}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def act(): ...", "The action 'act' does not take pd"),
        ("def act(*, pd): ...", "The action 'act' does not take pd"),
        ("def act(*pd): ...", "The action 'act' does not take pd"),
        ("def act(pd, *names): ...", "takes *names, which can't be a prop"),
        ("def act(pd, **props): ...", "takes **props, which can't be a prop"),
        ("def act(pd, a, /): ...", "takes a, which can't be a prop"),
        ("def act(pd, a: 'Unknown'): ...", "has a parameter 'a' that can't be a prop: name 'Unknown' is not defined"),
        ("def act(pd, a: 'not a type'): ...", "has a parameter 'a' that can't be a prop"),
        (
            "class Thing: ...\ndef act(pd, a: Thing): ...",
            "a parameter 'a' that can't be a prop: Unable to generate",
        ),
        ("act = 3", "3 is no function"),
    ],
)
def test_function_that_can_be_no_action_is_refused(source: str, message: str) -> None:
    namespace: dict[str, Any] = {}
    exec(source, namespace)

    with pytest.raises(InvalidAction, match=re.escape(message)):
        action(namespace["act"])
