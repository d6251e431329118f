"""Patterns of workflows' ids, by which a key or a token says how far it reaches: `p_orders`, `p_shop_*`, `*`."""

import re
from collections.abc import Iterable

from tailrace.errors import InvalidIdPattern

EVERY = "*"
"""The pattern that covers every workflow."""

_PATTERN = re.compile(r"\*|p_[A-Za-z0-9_-]{1,64}|p_[A-Za-z0-9_-]{0,63}\*", re.ASCII)


def id_pattern(text: str) -> str:
    """Check that a text is a workflow's id, or the beginning of ids and `*`.

    Raises:
        InvalidIdPattern: it is neither.
    """
    if not _PATTERN.fullmatch(text):
        raise InvalidIdPattern(f"{text[:80]!r} names no workflows: write an id such as p_orders, p_shop_* or *.")
    return text


def covers(patterns: Iterable[str], workflow_id: str) -> bool:
    """Whether one of the patterns is this id, or a beginning of it with `*` behind."""
    return any(
        workflow_id.startswith(pattern[:-1]) if pattern.endswith("*") else workflow_id == pattern
        for pattern in patterns
    )
