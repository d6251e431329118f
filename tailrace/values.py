"""JSON as steps exchange it: checked when it is handed over, and copied, so that later changes do not count."""

import json
from typing import Any, TypeAlias

from tailrace.event import encode_json

Json: TypeAlias = Any
"""What `json.loads` gives. `Any`, so that an author writes `pd.steps["trigger"]["event"]["body"]` without casts."""


def not_json(what: str, error: Exception) -> str:
    """Say what is not JSON, why, and what to hand over instead."""
    return f"{what} is not JSON ({error}). Use text, finite numbers, booleans, None, and lists and dicts of them."


def freeze(value: object) -> str:
    """Encode a value for keeping.

    Raises:
        ValueError: it is not JSON; the message says why, in the words of Python's encoder.
    """
    try:
        return encode_json(value)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error


def thaw(text: str) -> Json:
    """Make a copy of what was kept; a new one at each call."""
    return json.loads(text)
