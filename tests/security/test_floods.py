"""Attacks on what others get: each row wants more streams, or makes more requests, than one client may.

Whatever it makes of its headers, it gets its share and no more; those who are there, and those who come, are served.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from stream_service.counts import End
from stream_service.guard import Guard
from tests.support.rim import Rim, eventually, serving, some_settings
from tests.support.streams import StreamClient, follow
from tests.support.tokens import NOW, claims, shared_keys, signed

pytestmark = pytest.mark.usefixtures("path")

SHARE = 3
FRONT, OUTSIDE = "10.0.3.7", "8.8.8.8"
ATTACKER, OTHER = "198.51.100.1", "198.51.100.2"


def from_address(address: str, **more: str) -> dict[str, str]:
    """What the front writes of its client, beside what the client wrote itself."""
    return {"Viewer-Address": address, **more}


def as_subscriber(name: str, *, exp: float = NOW + 3600) -> dict[str, str]:
    token = signed(claims(sub=name, exp=exp, streams=["p_*"]))
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True)
class Row:
    """An attack: what its n-th request says, and through whom it comes."""

    attack: str
    headers: Callable[[int], Mapping[str, str]]
    peer: str = FRONT
    by_subscriber: bool = False


ROWS = [
    Row("one address", lambda _: from_address(ATTACKER)),
    Row("one address, from port after port", lambda n: from_address(f"{ATTACKER}:{40_000 + n}")),
    Row("one IPv6 network, from host after host", lambda n: from_address(f"2001:db8:1:2::{n + 1:x}")),
    Row("one address, written in IPv6", lambda n: from_address(f"::ffff:{ATTACKER}" if n % 2 else ATTACKER)),
    Row("X-Forwarded-For made up", lambda n: from_address(ATTACKER, **{"X-Forwarded-For": f"203.0.113.{n}"})),
    Row("Forwarded made up", lambda n: from_address(ATTACKER, Forwarded=f"for=203.0.113.{n}")),
    Row(
        "CloudFront's own header made up",
        lambda n: from_address(ATTACKER, **{"CloudFront-Viewer-Address": f"203.0.113.{n}:1"}),
    ),
    Row("addresses before the front's", lambda n: from_address(f"203.0.113.{n}, {ATTACKER}")),
    Row("no address that the front could tell", lambda n: from_address(f"unknown-{n}")),
    Row("the front's header made up, past the front", lambda n: from_address(f"203.0.113.{n}"), peer=OUTSIDE),
    Row(
        "one subscriber, from address after address",
        lambda n: from_address(f"203.0.113.{n}", **as_subscriber("attacker")),
        by_subscriber=True,
    ),
    Row(
        "one subscriber, with token after token",
        lambda n: from_address(f"203.0.113.{n}", **as_subscriber("attacker", exp=NOW + 3600 + n)),
        by_subscriber=True,
    ),
]  # fmt: skip


class Through:
    """Has requests come from a peer of another address than this machine's."""

    def __init__(self, app: ASGIApp, peer: str) -> None:
        self._app = app
        self._peer = peer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "client": (self._peer, 4711)}, receive, send)


@asynccontextmanager
async def service(row: Row, **limits: float) -> AsyncIterator[tuple[Rim, str]]:
    """A service with small shares; its streams take tokens where the row has them."""
    tokens = {"stream_access": "token", "token_secret_arn": "arn"} if row.by_subscriber else {}
    shares = {"streams_per_subscriber" if row.by_subscriber else "streams_per_address": SHARE}
    settings = some_settings(address_header="Viewer-Address", **shares, **tokens, **limits)
    rim = Rim(settings=settings, guard=Guard(shared_keys() if row.by_subscriber else None, now=lambda: NOW))
    rim.app.add_middleware(Through, peer=row.peer)
    async with serving(rim.app) as (url, _):
        yield rim, url


def bystander(row: Row) -> dict[str, str]:
    """Somebody else, at another address: with a token of its own, or past the front as the front itself."""
    return from_address(OTHER, **as_subscriber("bystander")) if row.by_subscriber else from_address(OTHER)


async def expect_to_be_sent_away(client: StreamClient) -> None:
    """Check that a stream has begun well, ends at once, and says when to come back."""
    await client.until_end()
    assert client.status == 200
    assert client.raw == f"retry: {client.parser.retry}\n".encode()
    assert client.ended
    assert client.parser.retry is not None
    assert 15_000 <= client.parser.retry <= 45_000


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
async def test_flood_of_streams_gets_its_share_and_the_rest_is_asked_to_come_later(row: Row) -> None:
    async with service(row) as (rim, url), AsyncExitStack() as streams:
        held = [await streams.enter_async_context(follow(url, "p_a", headers=row.headers(n))) for n in range(SHARE)]
        for client in held:
            await client.next()

        for n in range(SHARE, 2 * SHARE):
            async with follow(url, "p_b" if n % 2 else "p_a", headers=row.headers(n)) as one_more:
                await expect_to_be_sent_away(one_more)

        assert rim.hub.counts.ended[End.SHARE] == SHARE
        await rim.publish("p_a", 1)
        for client in held:
            await client.until(1)
        if row.peer == FRONT:
            async with follow(url, "p_a", headers=bystander(row)) as other:
                await other.until(1)

    await eventually(lambda: not rim.shares.streams_of_addresses._taken)
    assert not rim.shares.streams_of_subscribers._taken


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
async def test_flood_of_requests_gets_429_but_an_event_source_a_stream_that_ends(row: Row) -> None:
    path = "/streams/p_a/events"
    async with (
        service(row, requests_per_second=0.001) as (rim, url),
        httpx.AsyncClient(trust_env=False, timeout=40, base_url=url) as client,
    ):
        for n in range(SHARE + 1):
            assert (await client.get(path, headers=row.headers(n))).status_code == 200

        refused = await client.get(path, headers=row.headers(9))
        async with follow(url, "p_a", headers=row.headers(10)) as stream:
            await expect_to_be_sent_away(stream)
        if row.peer == FRONT:
            assert (await client.get(path, headers=bystander(row))).status_code == 200

    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert 0 < int(refused.headers["retry-after"]) <= 1000
    assert ("this subscriber" if row.by_subscriber else "this address") in refused.json()["detail"]
    assert rim.shares.requests_refused == 2
    assert rim.hub.counts.opened == rim.hub.counts.ended[End.SHARE] == 1


async def test_tokens_that_are_bad_take_nothing_from_the_subscriber_whom_they_name() -> None:
    row = next(each for each in ROWS if each.by_subscriber)
    forged = signed(claims(sub="bystander"), secret="another secret that is long enough for it")
    async with (
        service(row, requests_per_second=0.001) as (rim, url),
        httpx.AsyncClient(trust_env=False, timeout=40, base_url=url) as client,
    ):
        for n in range(20):
            headers = from_address(f"203.0.113.{n}", Authorization=f"Bearer {forged}")
            assert (await client.get("/streams/p_a", headers=headers)).status_code == 401

        assert (await client.get("/streams/p_a", headers=bystander(row))).status_code == 200
    assert rim.shares.requests_refused == 0
