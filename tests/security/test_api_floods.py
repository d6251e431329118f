"""Attacks on what others get of the API: each row asks more often than one caller may, and makes up what it can.

Whatever it writes into its headers, it runs no more than its share; and others are served meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.keys import Verb, make_key
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Answer

HOOK, SHOP = "/pipelines/p_hook/events", "/pipelines/p_shop/events"
LIMIT = 4
ORIGIN_KEY = "the-key-of-this-stages-distribution"
ATTACKER, OTHER, EDGE = "198.51.100.1", "198.51.100.2", "130.176.0.9"
RATED, KEPT = make_key("rated", workflows=["p_shop"], verbs=[Verb.RUN], created_at=datetime.now(UTC), rate=LIMIT)


def through_cloudfront(address: str, **more: str) -> dict[str, str]:
    """What CloudFront writes, over whatever the client wrote of these two, beside what else the client wrote."""
    return {**more, "tailrace-viewer-address": address, "tailrace-origin-key": ORIGIN_KEY}


@dataclass(frozen=True, slots=True)
class Row:
    """An attack: what its n-th request says, and from where API Gateway sees it come."""

    attack: str
    headers: Callable[[int], Mapping[str, str]]
    peer: Callable[[int], str] = lambda _n: EDGE
    path: str = HOOK
    admitted: int = 200


ROWS = [
    Row("one address", lambda _: through_cloudfront(ATTACKER)),
    Row("one address, by way of edge after edge", lambda _: through_cloudfront(ATTACKER), lambda n: f"130.176.0.{n}"),
    Row("one address, past CloudFront", lambda _: {}, lambda _: ATTACKER),
    Row("one IPv6 network, from host after host", lambda n: through_cloudfront(f"2001:db8:1:2::{n + 1:x}")),
    Row("one IPv6 network, past CloudFront", lambda _: {}, lambda n: f"2001:db8:1:2::{n + 1:x}"),
    Row("one address, written in IPv6", lambda n: through_cloudfront(f"::ffff:{ATTACKER}" if n % 2 else ATTACKER)),
    Row(
        "CloudFront's header made up, past it",
        lambda n: {"tailrace-viewer-address": f"203.0.113.{n}"},
        lambda _: ATTACKER,
    ),
    Row(
        "CloudFront's header and its key made up",
        lambda n: {"tailrace-viewer-address": f"203.0.113.{n}", "tailrace-origin-key": "x" * 43},
        lambda _: ATTACKER,
    ),
    Row(
        "another's distribution, which has no such key",
        lambda n: {"tailrace-viewer-address": f"203.0.113.{n}", "via": "2.0 cloudfront.net (CloudFront)"},
    ),
    Row("no address that CloudFront could tell", lambda n: through_cloudfront(f"unknown-{n}")),
    Row(
        "other headers with addresses made up",
        lambda n: through_cloudfront(
            ATTACKER,
            **{"x-forwarded-for": f"203.0.113.{n}", "forwarded": f"for=203.0.113.{n}", "x-real-ip": f"203.0.113.{n}"},
        ),
    ),
    Row(
        "key after key that is none, at a webhook",
        lambda n: through_cloudfront(ATTACKER, authorization=f"Bearer tailrace_{n}"),
    ),
    Row(
        "key after key that is none",
        lambda n: through_cloudfront(ATTACKER, authorization=f"Bearer tailrace_{n}"),
        path=SHOP,
        admitted=401,
    ),
    Row("no key where one is needed", lambda _: through_cloudfront(ATTACKER), path=SHOP, admitted=401),
    Row(
        "idempotency key after idempotency key",
        lambda n: through_cloudfront(ATTACKER, **{"idempotency-key": f"first-{n}"}),
    ),
    Row(
        "a key with a rate, from address after address",
        lambda n: through_cloudfront(f"203.0.113.{n}", authorization=f"Bearer {RATED}"),
        path=SHOP,
    ),
]  # fmt: skip


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def api(ran: list[str]) -> Api:
    api = Api(requests_per_address=LIMIT, origin_key=ORIGIN_KEY)
    for name, public in (("p_hook", True), ("p_shop", False)):
        api.add(name, public=public).step("note", lambda _pd, name=name: ran.append(name))
    api.ring = api.ring.with_key(KEPT)
    api.function = api.make_function(invoke_later=api.invoke_later)
    return api


def send(api: Api, row: Row, n: int) -> Answer:
    return replace(api.gateway(key=None), address=row.peer(n)).request("POST", row.path, headers=row.headers(n))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
def test_flood_gets_its_share_and_then_429_and_runs_nothing_more(api: Api, ran: list[str], row: Row) -> None:
    assert [send(api, row, n).status for n in range(LIMIT)] == [row.admitted] * LIMIT

    refused = [send(api, row, n) for n in range(LIMIT, 3 * LIMIT)]

    assert {each.status for each in refused} == {429}
    assert len(ran) == (LIMIT if row.admitted == 200 else 0)
    for each in refused:
        assert each.headers["content-type"] == "application/problem+json"
        assert 0 < int(each.headers["retry-after"]) <= 60
        assert each.json["type"] == "urn:tailrace:problem:too-many-requests"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
def test_others_are_served_meanwhile(api: Api, ran: list[str], row: Row) -> None:
    for n in range(2 * LIMIT):
        send(api, row, n)
    ran.clear()

    through = api.gateway(key=None).request("POST", HOOK, headers=through_cloudfront(OTHER))
    past = replace(api.gateway(key=None), address=OTHER[:-1] + "3").post(HOOK)
    colleague = api.gateway().request("POST", SHOP, headers=through_cloudfront(ATTACKER))

    assert (through.status, past.status, colleague.status) == (200, 200, 200)
    assert ran == ["p_hook", "p_hook", "p_shop"]
