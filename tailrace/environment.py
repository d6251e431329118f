"""What is wrong with the variables of an environment, in the same words wherever one is read."""

from collections.abc import Iterator

from pydantic import ValidationError

PREFIX = "TAILRACE_"


def complaints(error: ValidationError) -> Iterator[str]:
    """Tell of each variable that is missing or wrong in a line of its own, never what it holds."""
    for each in error.errors():
        yield f"{PREFIX}{'.'.join(map(str, each['loc'])).upper()}: {_reason(each['type'], each['msg'])}"


def _reason(kind: str, message: str) -> str:
    return "is not set" if kind == "missing" else message.removeprefix("Value error, ")
