"""What every route has in common, and the list of workflows."""

import logging

import pytest

from tailrace.pd import Pd
from tailrace.workflow import ImportFailure, action
from tests.lambdas.workflow_api.conftest import Api
from tests.lambdas.workflow_api.gateway import Gateway

ROUTES = [
    ("GET", "/openapi.json"),
    ("GET", "/pipelines"),
    ("GET", "/pipelines/p_hello"),
    ("POST", "/pipelines/p_hello/events"),
]


@pytest.mark.parametrize(("method", "path"), [*ROUTES, ("GET", "/pipelines/not-an-id")])
def test_without_a_key_nothing_is_told(api: Api, method: str, path: str) -> None:
    api.add("p_hello")

    answer = api.gateway(key=None).request(method, path)

    assert (answer.status, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json["title"] == "Unauthorized"


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("key", ["another", "a-key-for-tests-alone-", "ключ"])
def test_a_wrong_key_is_refused(api: Api, method: str, path: str, key: str) -> None:
    api.add("p_hello")

    answer = api.gateway(key=key).request(method, path)

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("header", ["a-key-for-tests-alone", "Basic YTpi", "Bearer", "Bearer "])
def test_what_is_no_bearer_key_is_refused(api: Api, header: str) -> None:
    answer = api.gateway(key=None).get("/pipelines", authorization=header)

    assert answer.status == 401


def test_the_scheme_of_the_key_may_be_written_in_any_case(api: Api) -> None:
    answer = api.gateway(key=None).get("/pipelines", authorization="bearer a-key-for-tests-alone")

    assert answer.status == 200


@action
def shout(_pd: Pd, text: str) -> str:
    return text.upper()


def test_workflows_are_listed_with_their_steps_and_streams(api: Api, gateway: Gateway) -> None:
    workflow = api.add("p_hello")
    workflow.step(shout, text="hello")
    workflow.step("send", lambda pd: pd.send.sse(channel="greetings", payload=1))

    answer = gateway.get("/pipelines")

    hello = {
        "id": "p_hello",
        "description": None,
        "steps": ["shout", "send"],
        "schedule": None,
        "public": False,
        "stream_url": "https://d111.cloudfront.net/pipelines/p_hello/sse",
    }
    assert answer.json == {"workflows": [hello], "import_failures": []}
    assert gateway.get("/pipelines/p_hello").json == hello


@pytest.mark.parametrize(("method", "path"), [("GET", "/pipelines/p_other"), ("POST", "/pipelines/p_other/events")])
def test_an_unknown_workflow_is_404_and_names_those_there_are(
    api: Api, gateway: Gateway, method: str, path: str
) -> None:
    api.add("p_order")
    api.add("p_hello")

    answer = gateway.request(method, path)

    assert answer.status == 404
    assert answer.json["detail"] == "There is no workflow p_other. There are: p_hello, p_order."
    assert answer.json["workflows"] == ["p_hello", "p_order"]


def test_a_workflow_whose_module_failed_is_404_and_says_why() -> None:
    api = Api(failures=(ImportFailure("payments", "No module named 'stripe'"),))
    failure = {"module": "payments", "reason": "No module named 'stripe'"}

    answer = api.gateway().get("/pipelines/p_payments")

    assert answer.json["detail"].endswith(
        "It may be in a module that can't be used: payments (No module named 'stripe')."
    )
    assert answer.json["import_failures"] == [failure]
    assert api.gateway().get("/pipelines").json == {"workflows": [], "import_failures": [failure]}


@pytest.mark.parametrize("path", ["/pipelines/hello", "/pipelines/p_", "/pipelines/p_a%20b"])
def test_a_malformed_id_is_422_and_says_what_an_id_is(gateway: Gateway, path: str) -> None:
    answer = gateway.get(path)

    assert answer.status == 422
    assert answer.json["type"] == "urn:tailrace:problem:invalid-workflow-id"
    assert "write p_ and then 1 to 64" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status", "title"),
    [
        ("GET", "/", 404, "Not Found"),
        ("GET", "/docs", 404, "Not Found"),
        ("GET", "/redoc", 404, "Not Found"),
        ("GET", "/pipelines/", 404, "Not Found"),
        ("PUT", "/pipelines/p_hello/events", 405, "Method Not Allowed"),
    ],
)
def test_errors_that_the_framework_finds_have_the_same_shape(
    gateway: Gateway, method: str, path: str, status: int, title: str
) -> None:
    answer = gateway.request(method, path)

    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json["type"] == "about:blank"
    assert (answer.json["status"], answer.json["title"]) == (status, title)


def test_path_where_nothing_is_says_where_the_workflows_are(gateway: Gateway) -> None:
    assert gateway.get("/docs").json["detail"] == "GET /docs: Not Found. GET /pipelines lists the workflows."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/pipelines/p_hello/events", "POST, DELETE"), ("POST", "/pipelines", "GET")],
)
def test_refused_method_is_answered_with_those_that_the_path_takes(
    gateway: Gateway, method: str, path: str, allowed: str
) -> None:
    answer = gateway.request(method, path)

    assert answer.headers["allow"] == allowed
    assert answer.json["detail"] == f"This path does not take {method}; it takes {allowed}."


def test_what_nobody_expected_is_500_with_the_request_id_and_logged_with_its_traceback(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(_event: object) -> None:
        raise RuntimeError("secret detail")

    api.add("p_hello")
    api.function = api.make_function(invoke_later=break_down)
    answer = api.gateway().post("/pipelines/p_hello/events", prefer="respond-async")

    assert answer.status == 500
    assert answer.json["type"] == "urn:tailrace:problem:unexpected-error"
    assert answer.json["request_id"] == "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    assert b"secret" not in answer.body
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.message == "request_failed"
    assert record.exc_info is not None
