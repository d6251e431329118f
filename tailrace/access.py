"""Who may follow a stream: what a subscriber's token says, checked once, where it comes in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from tailrace.errors import InvalidToken, TokenExpired
from tailrace.event import check_channel
from tailrace.id_pattern import EVERY, covers, id_pattern

COOKIE = "tailrace_token"
"""In which a browser shows a token, where API and streams share a host."""
MAX_NAMES = 64
"""Streams, and channels, that one token may name."""
MAX_SUBSCRIBER_CHARACTERS = 256
EARLY_SECONDS = 10.0
"""How far the clock that wrote `nbf` may be ahead of the one that reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which streams and channels a subscriber may follow, and for how long."""

    subscriber: str
    """Who it is, as whoever signed the token names them."""
    expires_at: float
    """Epoch seconds."""
    streams: tuple[str, ...]
    """Workflow ids, or prefixes of them with a `*` behind; `*` alone is all of them."""
    channels: frozenset[str] = frozenset()
    """Empty for all of them."""

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any], *, now: float) -> Self:
        """Read the claims of a token whose signature is good.

        Raises:
            TokenExpired: its time is over.
            InvalidToken: its time has not come, or a claim is missing or is not what it must be.
        """
        try:
            said = _Claims.model_validate(claims)
        except ValidationError as error:
            raise InvalidToken(_explain(error)) from None  # the cause would carry what the claims hold
        if said.exp <= now:
            raise TokenExpired(f"The token has expired, {_ago(now - said.exp)} ago. Get another one.")
        if said.nbf > now + EARLY_SECONDS:
            raise InvalidToken("The token's time has not come yet: its claim nbf lies in the future.")
        return cls(
            subscriber=said.sub,
            expires_at=said.exp,
            streams=tuple(said.streams),
            channels=frozenset(said.channels or ()),
        )

    @property
    def claims(self) -> dict[str, object]:
        """The claims that say the same."""
        claims: dict[str, object] = {
            "sub": self.subscriber,
            "exp": int(self.expires_at),
            "streams": list(self.streams),
        }
        return claims | {"channels": sorted(self.channels)} if self.channels else claims

    def admits(self, stream: str) -> bool:
        """Whether this stream may be followed."""
        return covers(self.streams, stream)

    def narrow(self, asked: frozenset[str]) -> frozenset[str] | None:
        """The channels to send to one who asked for these, empty for all of them; None where none of them is allowed.

        Of what was asked for, empty stands for all, too.
        """
        if not self.channels or not asked:
            return self.channels or asked
        return (self.channels & asked) or None


EVERYTHING = Access(subscriber="", expires_at=math.inf, streams=(EVERY,))
"""What everybody may where streams are public."""


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)

    sub: Annotated[str, Field(min_length=1, max_length=MAX_SUBSCRIBER_CHARACTERS)]
    exp: Annotated[float, Field(allow_inf_nan=False)]
    nbf: Annotated[float, Field(allow_inf_nan=False)] = -math.inf
    streams: Annotated[list[Annotated[str, AfterValidator(id_pattern)]], Field(min_length=1, max_length=MAX_NAMES)]
    channels: Annotated[
        list[Annotated[str, AfterValidator(check_channel)]] | None, Field(min_length=1, max_length=MAX_NAMES)
    ] = None


def _explain(error: ValidationError) -> str:
    wrong = error.errors(include_url=False, include_context=False, include_input=False)[0]
    reason = str(wrong["msg"]).removeprefix("Value error, ")
    claim = wrong["loc"][0]
    if wrong["type"] == "missing":
        return f"The token has no claim {claim}: it needs sub, exp and streams."
    return f"The token's claim {claim} is not what it must be: {reason}"


def _ago(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 2 * 60 else f"{seconds / 60:,.0f} min"
