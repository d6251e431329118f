"""What each key may do at the API, and what it is told where it may not."""

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest
from fastapi.routing import APIRoute

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.api import create_app
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.clearing import Clearing
from lambdas.workflow_api.keys import Verb, make_key
from lambdas.workflow_api.limits import Limits
from lambdas.workflow_api.metrics import NoMetrics
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.once import Once
from lambdas.workflow_api.repeats import Repeats
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.settings import Pages
from tailrace.event_log import EventLog
from tailrace.in_memory import InMemoryNotifier, InMemoryTable
from tailrace.workflow import ImportFailure, Registry
from tests.lambdas.workflow_api.conftest import STREAM_URL, Api, FixedKeys
from tests.lambdas.workflow_api.counts import InMemoryRequestCounts
from tests.lambdas.workflow_api.gateway import KEY, Gateway
from tests.lambdas.workflow_api.records import InMemoryRecordTable
from tests.support.keys import ring_of

FAILURE = ImportFailure("payments", "No module named 'stripe'")


@pytest.fixture
def api() -> Api:
    api = Api(failures=(FAILURE,))
    for name in ("p_shop_orders", "p_shop_stock", "p_hello"):
        api.add(name)
    return api


def holder(api: Api, *, workflows: Iterable[str] = ("*",), verbs: Iterable[Verb]) -> Gateway:
    """Requests with a new key of that kind."""
    key, kept = make_key("ci", workflows=workflows, verbs=verbs, created_at=datetime.now(UTC))
    api.ring = api.ring.with_key(kept)
    api.function = api.make_function(invoke_later=api.invoke_later)
    return api.gateway(key=key)


def routes() -> list[tuple[str, str]]:
    """Every route that the API has, for one workflow."""
    log = EventLog(table=InMemoryTable())
    limits = Limits(counts=InMemoryRequestCounts(), requests_per_address=0, metrics=NoMetrics())
    app = create_app(
        registry=Registry({}),
        runs=Runs(log=log, notifier=InMemoryNotifier(), metrics=NoMetrics()),
        repeats=Repeats(once=Once(table=InMemoryRecordTable(), log=log)),
        answers=Answers(stream_url=STREAM_URL),
        access=Access(FixedKeys(ring_of(KEY)), limits),
        clearing=Clearing(log=log, notifier=InMemoryNotifier()),
        mint=Mint(None),
        pages=Pages(),
        invoke_later=lambda _event: None,
    )
    return [
        (method, route.path.replace("{workflow_id}", "p_hello"))
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


@pytest.mark.parametrize(("method", "path"), routes())
def test_no_route_answers_without_a_key_or_with_a_key_that_may_do_nothing_there(
    api: Api, method: str, path: str
) -> None:
    elsewhere = holder(api, workflows=["p_other"], verbs=Verb)

    assert api.gateway(key=None).request(method, path).status == 401
    assert api.gateway(key="tailrace_unknown").request(method, path).status == 401
    if path != "/pipelines":
        assert elsewhere.request(method, path).status == 403


@pytest.mark.parametrize(
    ("verb", "method", "path"),
    [
        (Verb.READ, "GET", "/pipelines"),
        (Verb.READ, "GET", "/pipelines/p_hello"),
        (Verb.RUN, "POST", "/pipelines/p_hello/events"),
        (Verb.CLEAR, "DELETE", "/pipelines/p_hello/events"),
    ],
)
def test_each_route_takes_its_own_verb_and_says_which(api: Api, verb: Verb, method: str, path: str) -> None:
    allowed = holder(api, verbs=[verb])
    assert allowed.request(method, path).status == 200

    api.ring = ring_of(KEY)
    refused = holder(api, verbs=set(Verb) - {verb}).request(method, path)

    assert (refused.status, refused.json["type"]) == (403, "urn:tailrace:problem:forbidden")
    assert refused.json["missing"] == {"verb": verb}
    assert refused.json["detail"].endswith(f"; this takes {verb}.")
    assert refused.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'


@pytest.mark.parametrize("workflow", ["p_hello", "p_nobody_has_it"])
def test_a_workflow_that_a_key_is_not_for_is_refused_whether_there_is_one_or_not(api: Api, workflow: str) -> None:
    answer = holder(api, workflows=["p_shop_*"], verbs=Verb).post(f"/pipelines/{workflow}/events")

    assert answer.status == 403
    assert answer.json["missing"] == {"workflow": workflow}
    assert answer.json["detail"] == f"The key 'ci' is for p_shop_*, not for {workflow}."


def test_the_list_shows_what_the_key_may_read_and_nothing_of_modules_that_may_be_others(api: Api) -> None:
    answer = holder(api, workflows=["p_shop_*"], verbs=[Verb.READ]).get("/pipelines")

    assert [each["id"] for each in answer.json["workflows"]] == ["p_shop_orders", "p_shop_stock"]
    assert answer.json["import_failures"] == []
    assert api.gateway().get("/pipelines").json["import_failures"] == [{"module": "payments", "reason": FAILURE.reason}]


@pytest.mark.parametrize(
    ("verbs", "detail", "known"),
    [
        ([Verb.RUN], "There is no workflow p_shop_none.", []),
        (
            [Verb.RUN, Verb.READ],
            "There is no workflow p_shop_none. There are: p_shop_orders, p_shop_stock.",
            ["p_shop_orders", "p_shop_stock"],
        ),
    ],
)
def test_an_unknown_workflow_is_answered_with_those_that_the_key_may_read(
    api: Api, verbs: list[Verb], detail: str, known: list[str]
) -> None:
    answer = holder(api, workflows=["p_shop_*"], verbs=verbs).post("/pipelines/p_shop_none/events")

    assert (answer.status, answer.json["detail"], answer.json["workflows"]) == (404, detail, known)


def test_a_revoked_key_is_unknown_and_the_others_go_on(api: Api) -> None:
    revoked, other = holder(api, verbs=[Verb.READ]), api.gateway()
    api.ring = api.ring.without("ci")
    api.function = api.make_function(invoke_later=api.invoke_later)

    assert api.gateway(key=revoked.key).get("/pipelines").status == 401
    assert api.gateway(key=other.key).get("/pipelines").status == 200
