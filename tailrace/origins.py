"""The origins of pages that may use streams and API, as the environment names them: separated by commas."""

from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, StringConstraints


def _split(origins: object) -> object:
    """Take the environment's text apart."""
    if isinstance(origins, str):
        return tuple(filter(None, (origin.strip() for origin in origins.split(","))))
    return origins


Origins: TypeAlias = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+$")], ...], BeforeValidator(_split)
]
