"""Attacks on who may use the API: each row is refused, changes nothing and says nothing of what it reached for."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from lambdas.workflow_api.keys import ApiKey, Verb, hash_of, make_key
from tailrace.pd import Pd
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import KEY, Answer
from tests.support.keys import ring_of

INSIDE = "an inner value"
RUN, LIST, SHOW = ("POST", "/pipelines/p_shop/events"), ("GET", "/pipelines"), ("GET", "/pipelines/p_shop")
CLEAR, MINT = ("DELETE", "/pipelines/p_shop/events"), ("POST", "/pipelines/p_shop/tokens")
HOOK = "/pipelines/p_hook/events"
RUNS, READS, ELSEWHERE, REVOKED = (
    make_key(name, workflows=[workflows], verbs=verbs, created_at=datetime.now(UTC))
    for name, workflows, verbs in (
        ("runs", "p_shop", [Verb.RUN]),
        ("reads", "p_shop*", [Verb.READ]),
        ("elsewhere", "p_shop_*", list(Verb)),
        ("revoked", "*", list(Verb)),
    )
)
RING = ring_of(KEY).with_key(RUNS[1]).with_key(READS[1]).with_key(ELSEWHERE[1])


@dataclass(frozen=True, slots=True)
class Row:
    """An attack, and the status that must come of it."""

    attack: str
    request: tuple[str, str]
    status: int
    authorization: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


def bearer(made: tuple[str, ApiKey]) -> str:
    return f"Bearer {made[0]}"


ROWS = [
    Row("no key, runs", RUN, 401),
    Row("no key, lists", LIST, 401),
    Row("no key, clears", CLEAR, 401),
    Row("no key, mints", MINT, 401),
    Row("no key, a workflow that there is not", ("POST", "/pipelines/p_none/events"), 401),
    Row("a key that was revoked", RUN, 401, bearer(REVOKED)),
    Row("the hash in the key's place", RUN, 401, f"Bearer {hash_of(KEY.encode())}"),
    Row("half a key", RUN, 401, f"Bearer {KEY[:-1]}"),
    Row("a key and more", RUN, 401, f"Bearer {KEY} {KEY}"),
    Row("a key as a password", RUN, 401, f"Basic {KEY}"),
    Row("a key of 100 KB", RUN, 401, f"Bearer {'x' * 100_000}"),
    Row("the name of a key", RUN, 401, "Bearer first"),
    Row("a key in the query", ("POST", f"/pipelines/p_shop/events?key={KEY}&token={KEY}"), 401),
    Row("a key in a cookie", RUN, 401, headers={"cookie": f"tailrace_token={KEY}"}),
    Row("who may run it lists", LIST, 403, bearer(RUNS)),
    Row("who may run it looks at it", SHOW, 403, bearer(RUNS)),
    Row("who may run it clears it", CLEAR, 403, bearer(RUNS)),
    Row("who may run it mints for it", MINT, 403, bearer(RUNS)),
    Row("who may read it runs it", RUN, 403, bearer(READS)),
    Row("who may read it clears it", CLEAR, 403, bearer(READS)),
    Row("a key for longer names runs it", RUN, 403, bearer(ELSEWHERE)),
    Row("a key for one workflow clears a public one", ("DELETE", HOOK), 403, bearer(ELSEWHERE)),
    Row("a stranger clears a public workflow", ("DELETE", HOOK), 401),
    Row("a stranger looks at a public workflow", ("GET", "/pipelines/p_hook"), 401),
    Row("a stranger mints for a public workflow", ("POST", "/pipelines/p_hook/tokens"), 401),
    Row("other letters of a public workflow's id", ("POST", "/pipelines/P_HOOK/events"), 401),
    Row("a way around through a public workflow", ("POST", "/pipelines/p_hook/../p_shop/events"), 404),
    Row("a method in a header", ("POST", "/pipelines/p_hook"), 405, headers={"x-http-method-override": "GET"}),
]


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def api(ran: list[str]) -> Api:
    api = Api(ring=RING)
    for name, public in (("p_shop", False), ("p_hook", True)):

        def step(_pd: Pd, name: str = name) -> str:
            ran.append(name)
            return INSIDE

        api.add(name, public=public).step("inner", step)
    return api


def send(api: Api, row: Row) -> Answer:
    authorization = {} if row.authorization is None else {"authorization": row.authorization}
    return api.gateway(key=None).request(*row.request, headers={**authorization, **row.headers})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
def test_attack_is_refused_runs_nothing_and_learns_nothing(
    api: Api, ran: list[str], row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    answer = send(api, row)

    assert answer.status == row.status
    assert answer.headers["content-type"] == "application/problem+json"
    assert ran == []
    told = f"{answer.body.decode()} {answer.headers}"
    for secret in (KEY, INSIDE, "inner", *(made[0] for made in (RUNS, READS, ELSEWHERE, REVOKED))):
        assert secret not in told
        assert secret not in caplog.text


@pytest.mark.parametrize("authorization", [None, bearer(REVOKED), bearer(ELSEWHERE)], ids=["none", "old", "elsewhere"])
@pytest.mark.parametrize(("method", "path"), [("POST", "/pipelines/ID/events"), ("GET", "/pipelines/ID")])
def test_refusal_is_the_same_whether_there_is_such_a_workflow_or_not(
    api: Api, method: str, path: str, authorization: str | None
) -> None:
    there, nowhere = (
        send(api, Row("", (method, path.replace("ID", workflow)), 0, authorization))
        for workflow in ("p_shop", "p_none")
    )

    assert there.status == nowhere.status
    assert there.body.replace(b"not for p_shop", b"").replace(b'"workflow":"p_shop"', b"") == nowhere.body.replace(
        b"not for p_none", b""
    ).replace(b'"workflow":"p_none"', b"")


def test_hook_is_run_by_a_stranger_who_learns_nothing_of_its_inside(api: Api, ran: list[str]) -> None:
    answer = send(api, Row("", ("POST", HOOK), 200))

    assert (answer.status, ran) == (200, ["p_hook"])
    assert INSIDE not in answer.body.decode()
