"""Tokens of every kind, good and forged, and an identity provider that publishes its keys."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from stream_service.token_keys import TokenKeys
from tailrace.refreshed import Refreshed
from tailrace.tokens import SharedKeys

NOW = 1_800_000_000.0
"""When tests take place that need no real clock."""
FIRST, SECOND = "0123456789abcdefghijklmnopqrstuvwxyz-first", "0123456789abcdefghijklmnopqrstuvwxyz-second"
SECRET = json.dumps({"sign_with": "first", "first": FIRST, "second": SECOND})

_DIGESTS = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}


def claims(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 (a claim is any JSON)
    """A good token's claims, with changes; None leaves one out."""
    good = {"sub": "somebody", "exp": NOW + 3600, "streams": ["p_a"]}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(
    said: Mapping[str, Any], *, kid: str | None = "first", secret: str = FIRST, headers: Mapping[str, Any] | None = None
) -> str:
    """A token as the API makes it, or nearly."""
    return jwt.encode(
        dict(said), secret, algorithm="HS256", headers={**({} if kid is None else {"kid": kid}), **(headers or {})}
    )


def assembled(header: Mapping[str, Any], said: Mapping[str, Any] | bytes, *, secret: bytes = b"") -> str:
    """A token put together by hand, as no library would: signed with HMAC where there is a secret.

    Its hash is the one that the header names, else SHA-256.
    """
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    text = f"{_base64url(json.dumps(header).encode())}.{_base64url(body)}"
    digest = _DIGESTS.get(str(header.get("alg")), hashlib.sha256)
    signature = hmac.digest(secret, text.encode(), digest) if secret else b""
    return f"{text}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def shared_keys(secret: str = SECRET) -> TokenKeys:
    """The keys of a secret that can always be read."""
    return TokenKeys(Refreshed(lambda: SharedKeys.parse(secret).keys, name="test", troubles=()))


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A provider's key for RS256; making one takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    """A provider's key for ES256."""
    return ec.generate_private_key(ec.SECP256R1())


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    """A public key as text, which anybody may know."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def by_provider(said: Mapping[str, Any], *, kid: str, headers: Mapping[str, Any] | None = None) -> str:
    """A token as an identity provider makes it; `kid` is rsa or ec."""
    headers = {"kid": kid, **(headers or {})}
    if kid == "rsa":
        return jwt.encode(dict(said), rsa_key(), algorithm="RS256", headers=headers)
    return jwt.encode(dict(said), ec_key(), algorithm="ES256", headers=headers)


def public_keys() -> dict[str, dict[str, Any]]:
    """What the provider publishes of its keys, by their ids."""
    known = {
        "rsa": RSAAlgorithm.to_jwk(rsa_key().public_key(), as_dict=True) | {"alg": "RS256"},
        "ec": ECAlgorithm.to_jwk(ec_key().public_key(), as_dict=True) | {"alg": "ES256"},
    }
    return {kid: {**key, "kid": kid, "use": "sig"} for kid, key in known.items()}


@dataclass(slots=True)
class Provider:
    """A running identity provider: what it answers, and how often it was asked."""

    url: str
    body: bytes = field(default_factory=lambda: json.dumps({"keys": list(public_keys().values())}).encode())
    status: int = 200
    asked: int = 0

    def publish(self, *keys: Mapping[str, Any]) -> None:
        """Publish these keys alone."""
        self.body = json.dumps({"keys": keys}).encode()


@contextmanager
def provider() -> Iterator[Provider]:
    """An identity provider on this machine, until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        provider: ClassVar[Provider]

        def do_GET(self) -> None:
            self.provider.asked += 1
            self.send_response(self.provider.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(self.provider.body)))
            self.end_headers()
            self.wfile.write(self.provider.body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (as its base names it)
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Handler.provider = Provider(f"http://127.0.0.1:{server.server_port}/jwks.json")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Handler.provider
        finally:
            server.shutdown()
            thread.join()
