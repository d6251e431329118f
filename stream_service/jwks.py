"""The public keys of an identity provider, as its JSON Web Key Set has them."""

from collections.abc import Mapping

import jwt

from tailrace.errors import InvalidTokenKeys
from tailrace.tokens import PUBLIC, TokenKey

TIMEOUT_SECONDS = 5.0
_TROUBLES = (jwt.PyJWTError, OSError, ValueError, TypeError, AttributeError, RecursionError)
"""What comes of a provider that is away, or that answers with something else."""


class KeySet:
    """Reads an identity provider's keys; nothing is kept between two readings."""

    def __init__(self, url: str, *, audience: str, issuer: str | None) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=TIMEOUT_SECONDS)
        self._audience = audience
        self._issuer = issuer

    def read(self) -> Mapping[str, TokenKey]:
        """Fetch the keys that sign with RS256 or ES256, by their ids; others are left aside, shared secrets above all.

        Raises:
            InvalidTokenKeys: there is none of these, no key set in the answer, or no answer.
        """
        try:
            published = self._client.get_signing_keys()
        except _TROUBLES as error:
            raise InvalidTokenKeys(f"The key set can't be read: {error}") from error
        keys = {
            each.key_id: TokenKey(
                id=each.key_id,
                algorithm=each.algorithm_name,
                material=each.key,
                audience=self._audience,
                issuer=self._issuer,
            )
            for each in published
            if each.key_id is not None and each.algorithm_name in PUBLIC
        }
        if not keys:
            raise InvalidTokenKeys(f"The key set holds no key for {' or '.join(PUBLIC)}.")
        return keys
