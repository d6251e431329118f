"""Attacks on who may follow a stream. Each row is sent to a stream that exists and to one that never did."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import httpx
import pytest
import pytest_asyncio

from tests.security.streams import PAGE, Request, answer, guarded_service, provider_keys
from tests.support import rim as rim_module
from tests.support.rim import Rim, eventually
from tests.support.streams import StreamClient, stream_url
from tests.support.tokens import (
    FIRST,
    NOW,
    SECOND,
    Provider,
    assembled,
    by_provider,
    claims,
    pem_of,
    provider,
    rsa_key,
    signed,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = claims(streams=["p_a", "p_never"])
RIGHT = FIRST.encode()
"""The secret that signs good tokens."""


def bearer(token: str) -> Request:
    return Request(headers={"Authorization": f"Bearer {token}"})


@dataclass(frozen=True, slots=True)
class Row:
    """An attack, and what must come of it: the status, and the problem's kind."""

    attack: str
    request: Request
    status: int
    kind: str


def unauthorized(attack: str, request: Request, kind: str = "token-invalid") -> Row:
    return Row(attack, request, 401, kind)


ROWS = [
    unauthorized("no token at all", Request(), "token-missing"),
    unauthorized("an empty header", Request(headers={"Authorization": "Bearer"}), "token-missing"),
    unauthorized("an empty parameter", Request("/pipelines/p_a/sse?token="), "token-missing"),
    unauthorized("an empty cookie", Request(headers={"Cookie": "tailrace_token="}), "token-missing"),
    unauthorized("a password", Request(headers={"Authorization": "Basic YTpi"}), "token-missing"),
    unauthorized(
        "a parameter of another name", Request(f"/pipelines/p_a/sse?access_token={signed(GOOD)}"), "token-missing"
    ),
    unauthorized("no token, but a cursor", Request(headers={"Last-Event-ID": "0-0"}), "token-missing"),
    unauthorized("no token, asks for the headers alone", Request(method="HEAD"), "token-missing"),
    unauthorized("no token, opens the page", Request("/streams/p_a"), "token-missing"),
    unauthorized("no token, asks for the page's headers", Request("/streams/p_a", method="HEAD"), "token-missing"),
    unauthorized("no token, reads the past", Request("/streams/p_a/events"), "token-missing"),
    unauthorized("no token, reads all of the past", Request("/streams/p_a/events?after=0-0"), "token-missing"),
    unauthorized("no token, the past's headers", Request("/streams/p_a/events", method="HEAD"), "token-missing"),
    unauthorized("text that is no token", bearer("hello")),
    unauthorized("script that is no token", bearer("<script>alert(1)</script>")),
    unauthorized("a token of 30 KB", Request(f"/pipelines/p_a/sse?token={'x' * 30_000}")),
    unauthorized("an expired token", bearer(signed({**GOOD, "exp": NOW - 1})), "token-expired"),
    unauthorized("a token that expires now", bearer(signed({**GOOD, "exp": NOW})), "token-expired"),
    unauthorized("a token without an end", bearer(signed(claims(exp=None)))),
    unauthorized("a token whose end is text", bearer(signed({**GOOD, "exp": "never"}))),
    unauthorized("a token for tomorrow", bearer(signed({**GOOD, "nbf": NOW + 60}))),
    unauthorized("a token without streams", bearer(signed(claims(streams=None)))),
    unauthorized("a token for a pattern of patterns", bearer(signed(claims(streams=["p_*", "**"])))),
    unauthorized("a token of nobody", bearer(signed({**GOOD, "sub": ""}))),
    unauthorized("another secret", bearer(signed(GOOD, secret=FIRST[::-1]))),
    unauthorized("the other key of the two", bearer(signed(GOOD, secret=SECOND))),
    unauthorized("an unknown key", bearer(signed(GOOD, kid="third"))),
    unauthorized("no key named", bearer(signed(GOOD, kid=None))),
    unauthorized("algorithm none", bearer(assembled({"alg": "none", "kid": "first"}, GOOD))),
    unauthorized("algorithm NONE", bearer(assembled({"alg": "NONE", "kid": "first"}, GOOD))),
    unauthorized(
        "HS256 with the public key as its secret",
        bearer(assembled({"alg": "HS256", "kid": "rsa"}, GOOD, secret=pem_of(rsa_key()))),
    ),
    *(
        unauthorized(f"{alg}, the right secret", bearer(assembled({"alg": alg, "kid": "first"}, GOOD, secret=RIGHT)))
        for alg in ("HS384", "HS512")
    ),
    unauthorized("RS256 said of a shared key", bearer(assembled({"alg": "RS256", "kid": "first"}, GOOD, secret=RIGHT))),
    unauthorized(
        "a key's name that is a path to an empty file",
        bearer(assembled({"alg": "HS256", "kid": "../../../dev/null"}, GOOD, secret=b"\0")),
    ),
    unauthorized("a list of keys' names", bearer(assembled({"alg": "HS256", "kid": ["first"]}, GOOD, secret=RIGHT))),
    unauthorized(
        "its own key in the header",
        bearer(assembled({"alg": "HS256", "kid": "third", "jwk": {"kty": "oct", "k": "eA"}}, GOOD, secret=b"x")),
    ),
    unauthorized(
        "a payload that is said not to be encoded",
        bearer(assembled({"alg": "HS256", "kid": "first", "b64": False, "crit": ["b64"]}, GOOD, secret=RIGHT)),
    ),
    unauthorized(
        "a good parameter in front of a bad one",
        Request(f"/pipelines/p_a/sse?token={signed(GOOD)}&token=hello"),
    ),
    unauthorized(
        "a provider's key under the secret's name", bearer(by_provider(GOOD, kid="ec", headers={"kid": "first"}))
    ),
    unauthorized("a provider's key under another's name", bearer(by_provider(GOOD, kid="ec", headers={"kid": "rsa"}))),
    unauthorized("a provider's token for another service", bearer(by_provider({**GOOD, "aud": "shop"}, kid="rsa"))),
    unauthorized("a provider's token for no service", bearer(by_provider(GOOD, kid="rsa"))),
    unauthorized(
        "a provider's token without our claim",
        bearer(by_provider(claims(streams=None, aud="tailrace"), kid="rsa")),
    ),
    unauthorized("a token of another kind", bearer(signed(GOOD, headers={"typ": "logout+jwt"}))),
    unauthorized(
        "a bad header beside a good cookie: the header counts",
        Request(headers={"Authorization": "Bearer hello", "Cookie": f"tailrace_token={signed(GOOD)}"}),
    ),
    unauthorized(
        "a bad cookie beside a good parameter: the cookie counts",
        Request(f"/pipelines/p_a/sse?token={signed(GOOD)}", headers={"Cookie": "tailrace_token=hello"}),
    ),
    Row("a token for another stream", bearer(signed(claims(streams=["p_b"]))), 403, "other-stream"),
    Row("a token for longer names", bearer(signed(claims(streams=["p_a_*", "p_never_*"]))), 403, "other-stream"),
    Row("a token for other letters", bearer(signed(claims(streams=["p_A", "p_NEVER"]))), 403, "other-stream"),
    Row(
        "a token for another stream, opens the page",
        replace(bearer(signed(claims(streams=["p_b"]))), path="/streams/p_a"),
        403,
        "other-stream",
    ),
    Row(
        "a token for another stream, reads the past",
        replace(bearer(signed(claims(streams=["p_b"]))), path="/streams/p_a/events"),
        403,
        "other-stream",
    ),
    Row(
        "a token for other channels, reads the past of one",
        replace(bearer(signed({**GOOD, "channels": ["news"]})), path="/streams/p_a/events?channel=secrets"),
        403,
        "other-channels",
    ),
    Row(
        "a token for other channels",
        replace(bearer(signed({**GOOD, "channels": ["news"]})), path="/pipelines/p_a/sse?channel=secrets"),
        403,
        "other-channels",
    ),
]  # fmt: skip


@dataclass(slots=True)
class Served:
    """A service whose streams take tokens, and a subscriber who has one."""

    rim: Rim
    url: str
    witness: StreamClient


@pytest.fixture(scope="module")
def login() -> Iterator[Provider]:
    with provider() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=[True, False], ids=["taken-over", "asgi"])
async def served(request: pytest.FixtureRequest, login: Provider) -> AsyncIterator[Served]:
    """One service for all rows, on each of the two ways by which bytes reach a client."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rim_module, "take_over", request.param)
        async with guarded_service(keys=provider_keys(login, audience="tailrace")) as (rim, url):
            witness = await StreamClient.open(
                stream_url(url, "p_a"), headers={"Authorization": f"Bearer {signed(GOOD)}"}
            )
            await witness.until(2)
            yield Served(rim, url, witness)
            witness.cut()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
async def test_attack_is_refused_alike_whether_the_stream_exists_or_not(served: Served, row: Row) -> None:
    request = replace(row.request, headers={**row.request.headers, "Origin": PAGE})
    answers = [
        await answer(served.url, replace(request, path=request.path.replace("p_a", stream)))
        for stream in ("p_a", "p_never")
    ]

    for each in answers:
        assert each.status_code == row.status
        _expect_problem(each, row, headers_alone=request.method == "HEAD")
    texts = [each.text.replace("p_never", "p_a") for each in answers]
    assert texts[0] == texts[1]
    heads = [{name: value for name, value in each.headers.items() if name != "content-length"} for each in answers]
    assert heads[0] == heads[1]
    assert served.rim.hub.streams == 1


def _expect_problem(refusal: httpx.Response, row: Row, *, headers_alone: bool) -> None:
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.headers["cache-control"] == "no-store"
    assert refusal.headers["access-control-allow-origin"] == PAGE
    assert ("www-authenticate" in refusal.headers) == (row.status == 401)
    if not headers_alone:
        problem = refusal.json()
        assert problem["type"] == f"urn:tailrace:problem:{row.kind}"
        assert problem["status"] == row.status
        assert len(problem["detail"]) > 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
async def test_nothing_of_the_token_comes_back(served: Served, row: Row) -> None:
    refusal = await answer(served.url, row.request)

    sent = [*row.request.headers.values(), row.request.path.partition("token=")[2]]
    tokens = [text.removeprefix("Bearer ").removeprefix("tailrace_token=") for text in sent]
    told = f"{refusal.text} {refusal.headers}"
    assert not [part for token in tokens for part in token.split(".") if len(part) > 8 and part in told]


WAYS = {
    "a header": bearer(signed(GOOD)),
    "a header in other letters": Request(headers={"authorization": f"bearer {signed(GOOD)}"}),
    "a cookie": Request(headers={"Cookie": f"theme=dark; tailrace_token={signed(GOOD)}"}),
    "a parameter": Request(f"/pipelines/p_a/sse?replay=10&token={signed(GOOD)}"),
    "a password beside a parameter": Request(
        f"/pipelines/p_a/sse?token={signed(GOOD)}", headers={"Authorization": "Basic YTpi"}
    ),
    "the other key": bearer(signed(GOOD, kid="second", secret=SECOND)),
    "a provider's RS256": bearer(by_provider({**GOOD, "aud": "tailrace"}, kid="rsa")),
    "a provider's ES256": bearer(by_provider({**GOOD, "aud": ["shop", "tailrace"]}, kid="ec")),
    "a beginning": bearer(signed(claims(streams=["p_x", "p_*"]))),
    "the page": replace(bearer(signed(GOOD)), path="/streams/p_a"),
    "the page by its address": Request(f"/streams/p_a?token={signed(GOOD)}"),
}


@pytest.mark.parametrize("request_", WAYS.values(), ids=WAYS.keys())
async def test_who_has_a_good_token_is_let_in_whichever_way_it_comes(served: Served, request_: Request) -> None:
    assert (await answer(served.url, request_)).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "asked", "got"),
    [
        (["news"], [], ["for everybody"]),
        (["news"], ["news", "secrets"], ["for everybody"]),
        (["news", "secrets"], ["secrets"], ["for some"]),
        (["news", "secrets"], [], ["for everybody", "for some"]),
    ],
)
async def test_channels_of_the_token_narrow_what_is_replayed_and_what_is_live(
    served: Served, allowed: list[str], asked: list[str], got: list[str]
) -> None:
    stream = f"p_{'-'.join([*allowed, 'for', *asked])}"
    token = signed(claims(streams=["p_*"], channels=allowed))
    await served.rim.publish(stream, "for everybody", channel="news")
    await served.rim.publish(stream, "for some", channel="secrets")
    client = await StreamClient.open(
        stream_url(served.url, stream), headers={"Authorization": f"Bearer {token}"}, query={"channel": asked}
    )
    try:
        await client.until(len(got))
        await served.rim.publish(stream, "for some", channel="secrets")
        await served.rim.publish(stream, "for everybody", channel="news")
        await client.until(2 * len(got))
    finally:
        client.cut()

    assert client.payloads == got + got[::-1]


async def test_channels_of_the_token_narrow_the_past(served: Served) -> None:
    request = Request("/streams/p_a/events", headers=bearer(signed(claims(channels=["news"]))).headers)

    for path in ("", "?after=0-0", "?channel=news&channel=secrets"):
        page = await answer(served.url, replace(request, path=f"{request.path}{path}"))
        assert [event["payload"] for event in page.json()["events"]] == ["for everybody"]


async def test_cursor_opens_no_channel_that_the_token_does_not(served: Served) -> None:
    token = signed(claims(channels=["news"]))
    client = await StreamClient.open(
        stream_url(served.url, "p_a"), headers={"Authorization": f"Bearer {token}", "Last-Event-ID": "0-0"}
    )
    try:
        await client.until(1)
        await served.rim.publish("p_a", "later", channel="secrets")
        await served.rim.publish("p_a", "latest", channel="news")
        await client.until(2)
    finally:
        client.cut()

    assert client.payloads == ["for everybody", "latest"]


async def test_stream_ends_politely_when_its_token_does_and_others_go_on(served: Served) -> None:
    headers = {"Authorization": f"Bearer {signed({**GOOD, 'exp': NOW + 60})}"}
    client = await StreamClient.open(stream_url(served.url, "p_a"), headers=headers)
    await client.until(2)
    loop_time = asyncio.get_running_loop().time()

    served.rim.hub.tick(loop_time + 58)
    await served.rim.publish("p_a", "in time", channel="news")
    await client.until(len(client.events) + 1)
    served.rim.hub.tick(loop_time + 61)
    await served.rim.publish("p_a", "too late", channel="news")
    await client.until_end()
    await client.close()
    while "too late" not in served.witness.payloads:
        await served.witness.next()

    assert client.ended
    assert client.payloads[-1] == "in time"
    await eventually(lambda: served.rim.hub.connections == 1)


async def test_preflight_admits_the_header_and_takes_no_token(served: Served) -> None:
    preflight = Request(
        method="OPTIONS",
        headers={
            "Origin": PAGE,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, last-event-id",
        },
    )
    granted = await answer(served.url, preflight)
    other = await answer(
        served.url, replace(preflight, headers={**preflight.headers, "Origin": "https://evil.example"})
    )

    assert granted.status_code == 200
    assert granted.headers["access-control-allow-origin"] == PAGE
    assert granted.headers["access-control-allow-credentials"] == "true"
    assert "authorization" in granted.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-origin" not in other.headers
