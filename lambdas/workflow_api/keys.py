"""API keys: what each may do, how one is made, and what is kept of it: never the key itself."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from tailrace.errors import TailraceError
from tailrace.id_pattern import EVERY, covers, id_pattern

FIRST = "first"
"""The name of the key that is made where there are none, and may do everything."""
_PREFIX = "tailrace_"
"""What every key begins with that is made here, so that scanners of repositories know a lost one."""
_KEY_BYTES = 32
MAX_RATE = 60_000
"""Requests a minute that a key's own limit can be: one item counts them, which takes 1,000 a second."""


class InvalidKey(TailraceError, ValueError):
    """A key that cannot be one; the message never repeats it."""


class Verb(StrEnum):
    """What a key may do with a workflow."""

    RUN = "run"
    """`POST /pipelines/{id}/events`"""
    READ = "read"
    """`GET /pipelines` and `GET /pipelines/{id}`"""
    CLEAR = "clear"
    """`DELETE /pipelines/{id}/events`"""
    MINT = "mint"
    """`POST /pipelines/{id}/tokens`"""


KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
IdPattern = Annotated[str, AfterValidator(id_pattern)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key: all but the key itself."""

    # A member that this release does not know may be a limit that it would not keep.
    __pydantic_config__ = ConfigDict(extra="forbid")

    name: KeyName
    hash: Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
    workflows: Annotated[tuple[IdPattern, ...], Field(min_length=1)]
    verbs: Annotated[frozenset[Verb], Field(min_length=1)]
    created_at: AwareDatetime | None = None
    """None where the ring does not say."""
    rate: Annotated[int, Field(ge=1, le=MAX_RATE)] | None = None
    """Requests a minute; None: as many as come."""

    def reaches(self, workflow_id: str) -> bool:
        """Whether the key is for this workflow too."""
        return covers(self.workflows, workflow_id)

    def may(self, verb: Verb, workflow_id: str) -> bool:
        """Whether the key may do that with this workflow."""
        return verb in self.verbs and self.reaches(workflow_id)


def make_key(
    name: str, *, workflows: Iterable[str], verbs: Iterable[Verb], created_at: datetime, rate: int | None = None
) -> tuple[str, ApiKey]:
    """Make up a key: the key itself, to be shown once, and what a ring keeps of it.

    Raises:
        InvalidKey: the name or a pattern of workflows is none, or the rate can't be kept.
    """
    key = new_key()
    fields = {
        "name": name,
        "hash": hash_of(key.encode()),
        "workflows": tuple(workflows),
        "verbs": frozenset(verbs),
        "created_at": created_at,
        "rate": rate,
    }
    try:
        return key, _KEY.validate_python(fields)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        raise InvalidKey(f"{wrong['loc'][0]}: {wrong['msg'].removeprefix('Value error, ')}") from None


def new_key() -> str:
    """Make up a key."""
    return _PREFIX + secrets.token_urlsafe(_KEY_BYTES)


def first_key(key: str, *, created_at: datetime) -> ApiKey:
    """What a ring keeps of the key that is made where there are none: it may do everything."""
    return ApiKey(
        name=FIRST, hash=hash_of(key.encode()), workflows=(EVERY,), verbs=frozenset(Verb), created_at=created_at
    )


def hash_of(key: bytes) -> str:
    """What a ring keeps of a key.

    A fast hash, since keys are 256 random bits: nobody tries them out, however fast. A slow one would protect what
    people make up themselves, and let strangers keep the API busy with keys that are none.
    """
    return f"sha256:{hashlib.sha256(key).hexdigest()}"


def fits_a_header(key: str) -> bool:
    """Whether a key can be sent as `Authorization: Bearer <key>`."""
    return key.isascii() and key.isprintable() and " " not in key and key != ""


_KEY = TypeAdapter(ApiKey)
