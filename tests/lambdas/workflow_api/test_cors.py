"""Which pages may call the API, and how they are told."""

import pytest

from lambdas.workflow_api.settings import Pages
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Answer

PAGE, OTHER = "https://app.example", "https://evil.example"
PATHS = ["/pipelines", "/pipelines/p_hello", "/pipelines/p_hello/events", "/pipelines/p_hello/tokens"]


def api_for(pages: Pages) -> Api:
    api = Api(pages=pages)
    api.add("p_hello")
    return api


def preflight(api: Api, path: str, *, origin: str, method: str = "POST") -> Answer:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization,content-type,idempotency-key,prefer,traceparent,tracestate",
    }
    return api.gateway(key=None).request("OPTIONS", path, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_preflight_of_a_page_that_is_named_is_granted_without_a_key(path: str) -> None:
    answer = preflight(api_for(Pages(origins=(PAGE,))), path, origin=PAGE)

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "authorization" in answer.headers["access-control-allow-headers"].lower()
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))


@pytest.mark.parametrize("origin", [OTHER, "https://app.example.evil.example", "http://app.example", "null"])
def test_page_that_is_not_named_is_not_granted_anything(origin: str) -> None:
    api = api_for(Pages(origins=(PAGE,)))

    asked = preflight(api, PATHS[0], origin=origin)
    answered = api.gateway().get("/pipelines", origin=origin)

    assert asked.status == 400
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-origin" not in answered.headers


def test_page_reads_what_answers_say_in_headers() -> None:
    answer = (
        api_for(Pages(origins=(PAGE,))).gateway().post("/pipelines/p_hello/events", prefer="respond-async", origin=PAGE)
    )

    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Preference-Applied", "Tailrace-Trace-Id", "Retry-After", "Idempotency-Replayed"} <= set(exposed)
    assert answer.headers["preference-applied"] == "respond-async"


def test_page_that_is_named_reads_refusals_too() -> None:
    api = api_for(Pages(origins=(PAGE,)))

    for answer in (
        api.gateway(key=None).get("/pipelines", origin=PAGE),
        api.gateway().get("/pipelines/p_nothing", origin=PAGE),
        api.gateway(key=None).get("/pipelines/p_hello/sse", origin=PAGE),
    ):
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "origin" in answer.headers["vary"].lower()


def test_any_page_may_call_where_streams_are_public_but_never_with_credentials() -> None:
    api = api_for(Pages())

    for answer in (preflight(api, PATHS[2], origin=OTHER), api.gateway().get("/pipelines", origin=OTHER)):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_no_page_may_call_where_streams_take_tokens_and_none_is_named() -> None:
    api = api_for(Pages(any_origin=False))

    assert preflight(api, PATHS[0], origin=PAGE).status == 400
    assert "access-control-allow-origin" not in api.gateway().get("/pipelines", origin=PAGE).headers


def test_what_a_workflow_says_of_origins_stays() -> None:
    api = api_for(Pages())
    workflow = api.add("p_own", public=True)

    @workflow.step
    def answer(pd):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (as people write it)
        pd.respond({"status": 200, "headers": {"Access-Control-Allow-Origin": PAGE}, "body": "hello"})

    response = api.gateway(key=None).post("/pipelines/p_own/events", origin=OTHER)

    assert response.body == b"hello"
    assert response.headers["access-control-allow-origin"] == PAGE
