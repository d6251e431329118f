"""Props as a workflow gives them to a step: by value, or as expressions over earlier steps, at any depth."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from tailrace.action import Action
from tailrace.errors import InvalidExpression
from tailrace.expression import Reference, Template, parse
from tailrace.values import Json

Given: TypeAlias = Any
"""A prop's value: JSON in which any text may be a Template."""


@dataclass(frozen=True, slots=True)
class Props:
    """A step's props; expressions are read, and not yet resolved."""

    given: Mapping[str, Given]
    action: Action[..., object] | None = None

    @classmethod
    def of(
        cls, given: Mapping[str, object], *, known: Collection[str], action: Action[..., object] | None = None
    ) -> "Props":
        """Check what can be checked before a run.

        Raises:
            InvalidExpression: an expression that can't be read, or refers to a step that is not among `known`.
            InvalidProps: the action does not know a prop, misses one, or takes another type.
        """
        props = cls({name: _read(name, value, known) for name, value in given.items()}, action)
        if action is not None:
            literal = {name: value for name, value in props.given.items() if not any(_references(value))}
            action.check(_resolve(literal, {}), later=props.given.keys() - literal.keys())
        return props

    @property
    def refer(self) -> bool:
        """Whether there is an expression among them."""
        return any(_references(self.given))

    def resolve(self, steps: Mapping[str, Json]) -> dict[str, Any]:
        """Give the props their values in this run: new lists and dicts at each call.

        Raises:
            UnresolvedExpression: an expression leads to nothing.
            InvalidProps: an expression's value is not of the type that the action takes.
        """
        values: dict[str, Any] = _resolve(self.given, steps)
        return values if self.action is None else self.action.validate(values)


def _read(name: str, value: object, known: Collection[str]) -> Given:
    try:
        read = _map(lambda leaf: (parse(leaf) or leaf) if isinstance(leaf, str) else leaf, value)
    except InvalidExpression as error:
        raise InvalidExpression(f"prop {name!r}: {error}") from error
    for reference in _references(read):
        if reference.step not in known:
            raise InvalidExpression(
                f"prop {name!r}: {{{{{reference}}}}} refers to a step that does not come before this one; "
                f"before it come {', '.join(known)}"
            )
    return read


def _resolve(value: Given, steps: Mapping[str, Json]) -> Any:  # noqa: ANN401 - JSON, or what an author gave
    return _map(lambda leaf: leaf.resolve(steps) if isinstance(leaf, Template) else leaf, value)


def _map(change: Callable[[Any], Any], value: Any) -> Any:  # noqa: ANN401 - of any depth
    """Copy lists, tuples and dicts, and change what stands in them; other objects are handed on as they are."""
    if isinstance(value, Mapping):
        return {key: _map(change, member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_map(change, member) for member in value]
    return change(value)


def _references(value: Given) -> Iterator[Reference]:
    if isinstance(value, Template):
        yield from value.references
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _references(member)
    elif isinstance(value, list):
        for member in value:
            yield from _references(member)
