"""The ring of API keys as it is written down: a JSON object by the keys' names, with hashes in the keys' places.

{"ci": {"hash": "sha256:…", "workflows": ["p_shop_*"], "verbs": ["run"], "created_at": "2026-11-24T15:00:00+00:00"}}
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, TypeAdapter, ValidationError

from lambdas.workflow_api.keys import ApiKey, InvalidKey, hash_of
from tailrace.errors import TailraceError
from tailrace.event import encode_json

MAX_KEYS = 100
"""Secrets Manager keeps 64 KB, and every request's key is compared with each of them."""


class KeyNotPossible(TailraceError):
    """A change of a ring that cannot be made: the name is taken or not there, or the ring is full."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that there are."""

    keys: tuple[ApiKey, ...] = ()

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self.keys)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a ring, `{}` where there are no keys.

        Raises:
            InvalidKey: it is none.
        """
        try:
            return cls(tuple(_READER.validate_python(_members(_JSON.validate_json(text)))))
        except ValidationError as error:
            where = "; ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors()}))
            raise InvalidKey(
                f"The secret is no ring of API keys. What is wrong stands at: {where or 'its beginning'}."
            ) from None

    def text(self) -> str:
        """Write the ring, as `of` reads it."""
        return encode_json(
            {
                key.name: {
                    "hash": key.hash,
                    "workflows": list(key.workflows),
                    "verbs": sorted(key.verbs),
                    **({"created_at": key.created_at.isoformat()} if key.created_at else {}),
                    **({"rate": key.rate} if key.rate else {}),
                }
                for key in self.keys
            }
        )

    def find(self, key: bytes) -> ApiKey | None:
        """Who a key is; takes as long for one that is none."""
        presented, found = hash_of(key).encode(), None
        for each in self.keys:  # all of them, wherever it stands
            if hmac.compare_digest(each.hash.encode(), presented):
                found = each
        return found

    def with_key(self, key: ApiKey) -> Self:
        """The ring with one more key.

        Raises:
            KeyNotPossible: there is a key of this name, or there are as many as fit.
        """
        if any(each.name == key.name for each in self.keys):
            raise KeyNotPossible(f"There is a key {key.name!r} already.")
        if len(self.keys) >= MAX_KEYS:
            raise KeyNotPossible(f"There are {MAX_KEYS} keys, as many as a ring holds.")
        return type(self)((*self.keys, key))

    def without(self, name: str) -> Self:
        """The ring without the key of this name.

        Raises:
            KeyNotPossible: there is none.
        """
        left = tuple(key for key in self.keys if key.name != name)
        if len(left) == len(self.keys):
            raise KeyNotPossible(f"There is no key {name!r}.")
        return type(self)(left)


_JSON = TypeAdapter(dict[str, dict[str, object]])
_READER = TypeAdapter(Annotated[list[ApiKey], Field(max_length=MAX_KEYS)])


def _members(ring: dict[str, dict[str, object]]) -> list[dict[str, object]]:
    return [{**fields, "name": name} for name, fields in ring.items()]
