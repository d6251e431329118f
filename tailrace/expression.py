"""Expressions in props: `{{steps.trigger.event.body.name}}`, read when a workflow is defined, resolved when it runs.

    template:  text and {{ expression }}, in any order
    expression: steps . NAME path        a step's exports, or the trigger
                "any text"               that text, for a prop that holds {{ itself
    path:      .name   [0]   ["any key"]

An expression that is the whole text stands for the value itself; within other text it is written into it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from tailrace.errors import InvalidExpression, UnresolvedExpression
from tailrace.values import Json

_OPEN, _CLOSE = "{{", "}}"
_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_INDEX = re.compile(r"\[\s*([0-9]{1,9})\s*\]")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_ESCAPED_OR_QUOTE = re.compile(r"""\\'|\\.|\"""", re.DOTALL)
_SHOWN = 60

Key: TypeAlias = str | int


@dataclass(frozen=True, slots=True)
class Reference:
    """A path into what earlier steps exported."""

    step: str
    keys: tuple[Key, ...]

    def __str__(self) -> str:
        return f"steps.{self.step}" + "".join(_show(key) for key in self.keys)

    def resolve(self, steps: Mapping[str, Json]) -> Json:
        """Follow the path.

        Raises:
            UnresolvedExpression: there is nothing at its end; says how far it led, and what is there.
        """
        value: Json = steps[self.step]
        for depth, key in enumerate(self.keys):
            if not _has(value, key):
                reached = Reference(self.step, self.keys[:depth])
                raise UnresolvedExpression(
                    f"{{{{{self}}}}} leads to nothing: {reached} is {_describe(value)}, without {_show(key)}."
                )
            value = value[key]
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it."""

    parts: tuple[str | Reference, ...]

    @property
    def references(self) -> Iterator[Reference]:
        """The paths that it follows."""
        return (part for part in self.parts if isinstance(part, Reference))

    def resolve(self, steps: Mapping[str, Json]) -> Json:
        """Fill it in: a lone reference gives its value, whatever type it has; anything else gives text.

        Raises:
            UnresolvedExpression: a path leads to nothing.
        """
        if len(self.parts) == 1 and isinstance(self.parts[0], Reference):
            return self.parts[0].resolve(steps)
        return "".join(part if isinstance(part, str) else _write(part.resolve(steps)) for part in self.parts)


def parse(text: str) -> Template | None:
    """Read a text's expressions; None where it has none.

    Raises:
        InvalidExpression: what stands in the braces is no expression; says where.
    """
    return Template(tuple(_Scanner(text).parts())) if _OPEN in text else None


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parts(self) -> Iterator[str | Reference]:
        while (start := self._text.find(_OPEN, self._at)) >= 0:
            if start > self._at:
                yield self._text[self._at : start]
            self._at = start + len(_OPEN)
            self._skip_space()
            yield self._expression()
            self._skip_space()
            if not self._text.startswith(_CLOSE, self._at):
                self._fail(f"{_CLOSE} is expected")
            self._at += len(_CLOSE)
        if self._at < len(self._text):
            yield self._text[self._at :]

    def _expression(self) -> str | Reference:
        if quoted := self._take(_QUOTED):
            return self._unquote(quoted)
        start = self._at
        if self._take(_NAME) != "steps":
            self._at = start
            self._fail("steps.<name> is expected, such as {{steps.trigger.event.body}}")
        first, *keys = self._keys() or [0]
        if not isinstance(first, str):
            self._fail("a step's name is expected, such as {{steps.trigger.event.body}}")
        return Reference(first, tuple(keys))

    def _keys(self) -> list[Key]:
        keys: list[Key] = []
        while self._text[self._at : self._at + 1] in {".", "["}:
            keys.append(self._key())
        return keys

    def _key(self) -> Key:
        if self._text[self._at] == ".":
            self._at += 1
            return self._take(_NAME) or self._fail('a name is expected behind the dot; for other keys write ["key"]')
        if index := self._take(_INDEX):
            return int(index[1:-1])
        self._at += 1
        self._skip_space()
        quoted = self._take(_QUOTED) or self._fail('[0] or ["key"] is expected')
        self._skip_space()
        if not self._text.startswith("]", self._at):
            self._fail("] is expected")
        self._at += 1
        return self._unquote(quoted)

    def _unquote(self, quoted: str) -> str:
        body = quoted[1:-1]
        if quoted[0] == "'":
            # JSON knows double quotes only: \' becomes ', and " becomes \".
            body = _ESCAPED_OR_QUOTE.sub(lambda match: {"\\'": "'", '"': '\\"'}.get(match[0], match[0]), body)
        try:
            return str(json.loads(f'"{body}"', strict=False))
        except json.JSONDecodeError:
            self._fail(f"{quoted:.40} has an escape that JSON does not know")

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match[0]

    def _skip_space(self) -> None:
        self._take(_SPACE)

    def _fail(self, expected: str) -> NoReturn:
        shown = self._text if len(self._text) <= _SHOWN else f"{self._text[:_SHOWN]}…"
        raise InvalidExpression(
            f"{shown!r} is no expression: {expected}, at character {self._at + 1}. "
            'To have {{ as it is, write {{"{{"}}.'
        )


def _has(value: Json, key: Key) -> bool:
    if isinstance(key, str):
        return isinstance(value, dict) and key in value
    return isinstance(value, list) and key < len(value)


def _show(key: Key) -> str:
    if isinstance(key, str) and _NAME.fullmatch(key):
        return f".{key}"
    return f"[{json.dumps(key, ensure_ascii=False)}]"


def _describe(value: Json) -> str:
    if isinstance(value, dict):
        names = ", ".join(str(name) for name in list(value)[:10]) or "nothing"
        return f"a dict of {names}{', …' if len(value) > 10 else ''}"  # noqa: PLR2004 - as many as the line before shows
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else f"a {type(value).__name__}"


def _write(value: Json) -> str:
    """Write a value into text: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
