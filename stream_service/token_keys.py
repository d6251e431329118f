"""The keys that tokens are verified with: found by their ids, and read anew when they are changed."""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from stream_service.jwks import KeySet
from stream_service.settings import Settings
from stream_service.threads import in_daemon_thread
from stream_service.unknown_keys import UnknownKeys
from tailrace.errors import InvalidToken, InvalidTokenKeys, TailraceError
from tailrace.refreshed import FRESH, IN_DOUBT, Refreshed
from tailrace.stored_keys import secrets_client, shared_keys
from tailrace.tokens import TokenKey

Place: TypeAlias = Refreshed[Mapping[str, TokenKey]]


class TokenKeysUnavailable(TailraceError):
    """The keys cannot be read at the moment, so that nobody can say whether a token is good."""

    kind = "keys-unreadable"


class KeyUnknownYet(TokenKeysUnavailable):
    """A token names a key that is not known, and that may be newer than what was read."""

    kind = "key-unknown-yet"


class TokenKeys:
    """Looks keys up in the places where they are kept; the event loop waits for none of them but by `find`.

    An id that is not known has the places read again, every IN_DOUBT seconds at most, however many ask: it may be
    that of a new key. That there is none is said only of an id that was asked for before the last reading.
    """

    def __init__(self, *places: Place, now: Callable[[], float] = time.time) -> None:
        """`now` is the places' clock."""
        self._places = places
        self._unknown = UnknownKeys(now)
        self._readings: dict[Place, asyncio.Task[None]] = {}

    async def find(self, key_id: str) -> TokenKey:
        """The key of this id.

        Raises:
            InvalidToken: there is none.
            TokenKeysUnavailable: there may be one, in a place that cannot be read.
            KeyUnknownYet: there may be one since the places were read.
        """
        self._read(FRESH)  # what is known serves meanwhile
        if (key := self._known(key_id)) is not None:
            return key
        asked_at = self._unknown.first_asked(key_id)
        self._read(IN_DOUBT)
        if self._readings:
            await asyncio.wait(tuple(self._readings.values()))
        if (key := self._known(key_id)) is not None:
            return key
        if any(place.value is None for place in self._places):
            raise TokenKeysUnavailable("The keys for tokens can't be read at the moment; the log says why.")
        if any(place.as_of < asked_at for place in self._places):
            raise KeyUnknownYet("The token's kid names no key that is known here so far. Ask again in 15 seconds.")
        raise InvalidToken("The token's kid names no key that is known here.")

    def _known(self, key_id: str) -> TokenKey | None:
        return next((keys[key_id] for place in self._places if key_id in (keys := place.value or {})), None)

    def _read(self, age: float) -> None:
        for place in self._places:
            if place not in self._readings and place.is_due(age):
                reading = asyncio.ensure_future(in_daemon_thread(partial(place.refresh, age), name="token-keys"))
                self._readings[place] = reading
                reading.add_done_callback(partial(self._has_read, place))

    def _has_read(self, place: Place, _reading: asyncio.Task[None]) -> None:
        del self._readings[place]


def token_keys(settings: Settings) -> TokenKeys:
    """The keys of the places that the settings name."""
    places: list[Place] = []
    if settings.token_secret_arn is not None:
        places.append(shared_keys(secrets_client(), settings.token_secret_arn, lambda shared: shared.keys))
    if settings.jwks_url is not None and settings.jwks_audience is not None:
        key_set = KeySet(settings.jwks_url, audience=settings.jwks_audience, issuer=settings.jwks_issuer)
        places.append(Refreshed(key_set.read, name="jwks", troubles=(InvalidTokenKeys,)))
    return TokenKeys(*places)
