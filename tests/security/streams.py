"""A stream that takes a token, on a real socket, and the requests that reach for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from stream_service.guard import Guard
from stream_service.jwks import KeySet
from stream_service.token_keys import TokenKeys
from tailrace.errors import InvalidTokenKeys
from tailrace.refreshed import Refreshed
from tailrace.tokens import SharedKeys
from tests.support.rim import Rim, serving, some_settings
from tests.support.tokens import NOW, SECRET, Provider, shared_keys

PAGE = "https://app.example"


@dataclass(slots=True)
class Request:
    """What an attacker sends."""

    path: str = "/pipelines/p_a/sse"
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"


def guarded(*, keys: TokenKeys | None = None, origins: str = PAGE) -> Rim:
    """The service's parts where streams take tokens; its clock stands at NOW."""
    settings = some_settings(
        stream_access="token", token_secret_arn="arn:aws:secretsmanager:::secret:x", cors_origins=origins
    )
    return Rim(settings=settings, guard=Guard(keys or shared_keys(), now=lambda: NOW))


@asynccontextmanager
async def guarded_service(*, keys: TokenKeys | None = None) -> AsyncIterator[tuple[Rim, str]]:
    """Serve such a service, with one event in the stream p_a on each of two channels."""
    rim = guarded(keys=keys)
    async with serving(rim.app) as (url, _):
        await rim.publish("p_a", "for everybody", channel="news")
        await rim.publish("p_a", "for some", channel="secrets")
        yield rim, url


async def answer(url: str, request: Request) -> httpx.Response:
    """Send a request; read the head of the answer, and the body unless it is a stream."""
    async with (
        asyncio.timeout(45),
        httpx.AsyncClient(trust_env=False, timeout=40, base_url=url) as client,
        client.stream(request.method, request.path, headers=dict(request.headers)) as response,
    ):
        if not response.headers.get("content-type", "").startswith("text/event-stream"):
            await response.aread()
        return response


def provider_keys(login: Provider, *, audience: str, issuer: str | None = None) -> TokenKeys:
    """The keys of an identity provider, and those of the secret beside them: read when it is NOW, and up to date."""
    key_set = KeySet(login.url, audience=audience, issuer=issuer)

    def now() -> float:
        return NOW

    return TokenKeys(
        Refreshed(lambda: SharedKeys.parse(SECRET).keys, name="secret", troubles=(), now=now),
        Refreshed(key_set.read, name="jwks", troubles=(InvalidTokenKeys,), now=now),
        now=now,
    )
