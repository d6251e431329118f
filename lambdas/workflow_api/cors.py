"""Which pages of other origins may call the API."""

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Send

_METHODS = ("GET", "POST", "DELETE")
_ACCEPTED = ("Authorization", "Idempotency-Key", "Prefer", "traceparent", "tracestate")
"""A page that is traced sends `tracestate` beside `traceparent`, and could send neither if one were refused."""
_EXPOSED = ("Idempotency-Replayed", "Preference-Applied", "Retry-After", "Tailrace-Run-Id", "Tailrace-Trace-Id")


class Cors(CORSMiddleware):
    """Starlette's; but what a workflow's own response says of origins stays as it is."""

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:
        """Pass a response on."""
        begins = message["type"] == "http.response.start"
        if begins and "access-control-allow-origin" in Headers(raw=message.get("headers", [])):
            await send(message)
        else:
            await super().send(message, send, request_headers)


def admit_pages(app: FastAPI, *, origins: Sequence[str], any_origin: bool) -> None:
    """Admit the pages of these origins, with credentials; without any, those of any origin, without, or none."""
    app.add_middleware(
        Cors,
        allow_origins=tuple(origins) or (("*",) if any_origin else ()),
        allow_credentials=bool(origins),
        allow_methods=_METHODS,
        allow_headers=_ACCEPTED,
        expose_headers=_EXPOSED,
        max_age=86_400,
    )
