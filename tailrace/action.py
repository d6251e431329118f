"""Actions: steps that several workflows use, with typed props; Pipedream's component actions."""

import functools
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, ParamSpec, TypeVar

from tailrace.errors import InvalidProps
from tailrace.prop import props_of

_Parameters = ParamSpec("_Parameters")
_Result_co = TypeVar("_Result_co", covariant=True)


class Action(Generic[_Parameters, _Result_co]):
    """A function of `pd` and props. In code it may still be called, like the function that it is."""

    def __init__(self, function: Callable[_Parameters, _Result_co]) -> None:
        self.function = function
        self.props = props_of(function)
        self.__name__ = function.__name__
        functools.update_wrapper(self, function)

    def __call__(self, *args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result_co:
        """Call the function."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<action {self.__name__}>"

    def check(self, literal: Mapping[str, object], *, later: Collection[str]) -> None:
        """Check what a workflow gives: literal values now; props whose values come `later` only have to be known.

        Raises:
            InvalidProps: names every prop that is unknown, missing or of the wrong type, and what is expected.
        """
        unknown = [name for name in (*literal, *later) if name not in self.props]
        missing = [prop for prop in self.props.values() if prop.required and prop.name not in {*literal, *later}]
        complaints = [f"prop {name!r} is unknown: the action takes {self._known()}" for name in unknown]
        complaints += [f"prop {prop.name!r} is missing: {prop.expected} is expected" for prop in missing]
        complaints += self._convert(literal)[1]
        if complaints:
            raise InvalidProps("; ".join(complaints))

    def validate(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Convert props by pydantic's rules, and add the defaults.

        Raises:
            InvalidProps: names every prop that is of the wrong type, and what is expected.
        """
        converted, complaints = self._convert(values)
        if complaints:
            raise InvalidProps("; ".join(complaints))
        return {name: prop.default for name, prop in self.props.items() if name not in converted} | converted

    def _convert(self, values: Mapping[str, object]) -> tuple[dict[str, Any], list[str]]:
        converted: dict[str, Any] = {}
        complaints = []
        for name in self.props.keys() & values.keys():
            try:
                converted[name] = self.props[name].validate(values[name])
            except ValueError as error:
                complaints.append(str(error))
        return converted, sorted(complaints)

    def _known(self) -> str:
        return ", ".join(self.props) or "no props"


def action(function: Callable[_Parameters, _Result_co]) -> Action[_Parameters, _Result_co]:
    """Make a function a reusable step: the parameters behind `pd` are its props.

    Raises:
        InvalidAction: a parameter can't be a prop; says which one, and why.
    """
    return Action(function)
