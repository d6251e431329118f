"""Who the client is: the address that CloudFront tells, where a request proves that it came through CloudFront.

API Gateway's own address is open to everybody, so the header that tells it is one that strangers can write too.
"""

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from tailrace.addresses import parse_address

KEY_HEADER = "Tailrace-Origin-Key"
"""In which CloudFront proves itself, by what this stage's distribution alone knows."""
ADDRESS_HEADER = "Tailrace-Viewer-Address"
"""In which it tells whom it serves."""

_KEY, _ADDRESS = KEY_HEADER.lower().encode(), ADDRESS_HEADER.lower().encode()


class Viewer:
    """Middleware that puts the client's address in the place of CloudFront's, and takes both headers away.

    So no step sees the proof, which it might send on to everybody who listens.
    """

    def __init__(self, app: ASGIApp, *, origin_key: str | None) -> None:
        """`origin_key` is None where no CloudFront is in front: then the peer is the client."""
        self._app = app
        self._key = None if origin_key is None else origin_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "http":
            scope = {**scope, "client": self._client(scope), "headers": _without_ours(scope)}
        await self._app(scope, receive, send)

    def _client(self, scope: Scope) -> tuple[str, int] | None:
        peer: tuple[str, int] | None = scope.get("client")
        told = dict(scope["headers"])
        if self._key is None or not hmac.compare_digest(told.get(_KEY, b""), self._key):
            return peer
        address = parse_address(told.get(_ADDRESS, b"").decode("latin-1"))
        return peer if address is None else (str(address), 0)


def _without_ours(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in scope["headers"] if name not in {_KEY, _ADDRESS}]
