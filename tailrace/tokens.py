"""A subscriber's token: a JSON Web Token, made and opened with keys of which each is for one algorithm alone.

A token names its key (`kid`), and the key says how it must have been signed: what the token says of that (`alg`) is
compared, never followed. So no token can choose `none`, or have a public key taken for a shared secret.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import jwt

from tailrace.access import Access
from tailrace.errors import InvalidToken, InvalidTokenKeys

if TYPE_CHECKING:
    from jwt.api_jwt import AllowedPublicKeyTypes

MAX_TOKEN_CHARACTERS = 4096
SHARED = "HS256"
PUBLIC = ("RS256", "ES256")
MIN_SECRET_BYTES = 32
"""As long as what HS256 makes of it (RFC 7518, 3.2)."""
MAX_KEYS = 4
_SIGN_WITH = "sign_with"
_TYPES = frozenset({"jwt", "at+jwt"})
_UNREADABLE = "This is no token: a JSON Web Token of three parts, signed, with a kid, is needed."


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """A key, and the only algorithm that it is for."""

    id: str
    algorithm: str
    material: "AllowedPublicKeyTypes" = field(repr=False)
    audience: str | None = None
    """What a token that it signed must name as its `aud`; None where that does not matter."""
    issuer: str | None = None
    """The same for `iss`."""


@dataclass(frozen=True, slots=True)
class SharedKeys:
    """The keys that both services know, and which of them signs: two of them while one takes the other's place."""

    keys: Mapping[str, TokenKey]
    signing: TokenKey

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a secret such as `{"sign_with": "first", "first": "…", "second": "…"}`.

        Raises:
            InvalidTokenKeys: it is not like that; the message holds nothing of it.
        """
        try:
            members = json.loads(text)
        except ValueError:
            members = None
        if not isinstance(members, dict) or _SIGN_WITH not in members:
            raise InvalidTokenKeys('The secret is no JSON such as {"sign_with": "first", "first": "<a key>"}.')
        name = members.pop(_SIGN_WITH)
        keys = {each: _shared_key(each, secret) for each, secret in members.items()}
        if not isinstance(name, str) or name not in keys or len(keys) > MAX_KEYS:
            raise InvalidTokenKeys(f"The secret's {_SIGN_WITH} must name one of its keys, of 1 to {MAX_KEYS}.")
        return cls(keys, keys[name])


def _shared_key(name: str, secret: object) -> TokenKey:
    if not isinstance(secret, str) or len(secret.encode(errors="replace")) < MIN_SECRET_BYTES:
        raise InvalidTokenKeys(f"A key in the secret is no text of at least {MIN_SECRET_BYTES} bytes.")
    return TokenKey(id=name, algorithm=SHARED, material=secret.encode(errors="replace"))


def sign(access: Access, key: TokenKey) -> str:
    """Make a token, with a key that is shared."""
    return jwt.encode(access.claims, key.material, algorithm=key.algorithm, headers={"kid": key.id})  # type: ignore[arg-type]  # its bytes sign as well as they verify


def key_id(token: str) -> str:
    """Which key a token says that it was signed with; nothing that it says is proved yet.

    Raises:
        InvalidToken: it is no token, or names no key.
    """
    if len(token) > MAX_TOKEN_CHARACTERS:
        raise InvalidToken(f"The token is {len(token):,} characters; at most {MAX_TOKEN_CHARACTERS:,} are read.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidToken(_UNREADABLE) from error
    kind, name = header.get("typ", "JWT"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in _TYPES or not isinstance(name, str):
        raise InvalidToken(_UNREADABLE)
    return name


def open_token(token: str, key: TokenKey, *, now: float) -> Access:
    """Verify a token with the key that it names, and read what it says.

    Raises:
        TokenExpired: its time is over.
        InvalidToken: it was not signed with this key in this key's way, or does not say what a token must say.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            audience=key.audience,
            issuer=key.issuer,
            options={
                # Times and subject are judged with the other claims, by the clock that was handed in.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_sub": False,
                "verify_jti": False,
                "verify_aud": key.audience is not None,
                "enforce_minimum_key_length": True,
            },
        )
    except (jwt.InvalidAudienceError, jwt.InvalidIssuerError, jwt.MissingRequiredClaimError) as error:
        raise InvalidToken("The token is for somebody else: its claim aud or iss is not the one expected.") from error
    except jwt.InvalidAlgorithmError as error:
        raise InvalidToken("The token is not signed in the way that its key is for.") from error
    except jwt.InvalidSignatureError as error:
        raise InvalidToken("The token's signature is not its key's.") from error
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise InvalidToken(_UNREADABLE) from error
    return Access.of_claims(claims, now=now)
