"""A prop: one parameter of an action, with its type, default and description, as pydantic understands them."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PydanticUserError, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tailrace.errors import InvalidAction

_HINT = "Write def greet(pd, *, name: str, times: int = 1): the parameters behind pd are the action's props."
_FIRST = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
_BY_KEYWORD = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}


@dataclass(frozen=True, slots=True)
class Prop:
    """What an action takes under a name."""

    name: str
    field: FieldInfo
    adapter: TypeAdapter[Any]

    @classmethod
    def of(cls, parameter: inspect.Parameter, annotation: Any) -> "Prop":  # noqa: ANN401 - a type, or a form of typing
        """Read a parameter; raises what pydantic does for a type that it does not know."""
        has_default = parameter.default is not parameter.empty
        field = (
            FieldInfo.from_annotated_attribute(annotation, parameter.default)
            if has_default
            else FieldInfo.from_annotation(annotation)
        )
        annotated: Any = Annotated[field.annotation, field]
        return cls(parameter.name, field, TypeAdapter(annotated))

    @property
    def required(self) -> bool:
        """Whether a step must give it."""
        return self.field.is_required()

    @property
    def default(self) -> Any:  # noqa: ANN401 - of the prop's own type
        """A copy of what it is where a step does not give it."""
        return self.field.get_default(call_default_factory=True, validated_data={})

    @property
    def expected(self) -> str:
        """What it takes, in the words of its annotation and its description."""
        described = f" ({self.field.description})" if self.field.description else ""
        return f"{inspect.formatannotation(self.field.annotation)}{described}"

    def validate(self, value: object) -> Any:  # noqa: ANN401 - of the prop's own type
        """Convert a value by pydantic's rules.

        Raises:
            ValueError: it is of the wrong type; says what is expected.
        """
        try:
            return self.adapter.validate_python(value)
        except ValidationError as error:
            raise ValueError("; ".join(self._explain(detail) for detail in error.errors(include_url=False))) from error

    def _explain(self, detail: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
        place = f"prop {self.name!r}" + "".join(f"[{key!r}]" for key in detail["loc"])
        return f"{place} is {detail['input']!r:.80}: {detail['msg']}; {self.expected} is expected"


def props_of(function: Callable[..., object]) -> Mapping[str, Prop]:
    """Read the props of an action from its parameters.

    Raises:
        InvalidAction: a parameter can't be a prop; says which one, and why.
    """
    if not inspect.isroutine(function):
        raise InvalidAction(f"{function!r:.80} is no function. {_HINT}")
    name = function.__name__
    pd, *parameters = inspect.signature(function).parameters.values() or (None,)
    if pd is None or pd.kind not in _FIRST:
        raise InvalidAction(f"The action {name!r} does not take pd. {_HINT}")
    for parameter in parameters:
        if parameter.kind not in _BY_KEYWORD:
            raise InvalidAction(f"The action {name!r} takes {parameter}, which can't be a prop. {_HINT}")
    return {parameter.name: _prop(function, parameter) for parameter in parameters}


def _prop(function: Callable[..., object], parameter: inspect.Parameter) -> Prop:
    try:
        return Prop.of(parameter, _annotation(function, parameter))
    except (PydanticUserError, NameError, SyntaxError, TypeError) as error:
        message = str(error).partition("\n")[0]
        raise InvalidAction(
            f"The action {function.__name__!r} has a parameter {parameter.name!r} that can't be a prop: {message}"
        ) from error


def _annotation(function: Callable[..., object], parameter: inspect.Parameter) -> Any:  # noqa: ANN401 - as in Prop.of
    """Evaluate one annotation; that of pd stays as it is, since Pipedream's own is a name that nothing defines."""
    if parameter.annotation is parameter.empty:
        return Any
    holder = types.SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    module = getattr(inspect.unwrap(function), "__globals__", {})
    return typing.get_type_hints(holder, globalns=module, include_extras=True)[parameter.name]
