"""A plain handler behind the gateway, asked over real HTTP."""

import threading
from typing import Any

import httpx
import pytest

from cli.gateway import MAX_BODY_BYTES
from cli.lambda_function import MAX_PAYLOAD_BYTES, Handler, LambdaContext, LambdaFunction
from tests.support.http import gateway_in_front_of

Result = dict[str, Any]


def echo(event: dict[str, Any], _context: LambdaContext) -> Result:
    return event


def _function(handler: Handler) -> LambdaFunction:
    return LambdaFunction(handler, name="test")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_every_method_path_and_query_arrives(method: str) -> None:
    with gateway_in_front_of(_function(echo)) as url:
        event = httpx.request(method, f"{url}/pipelines/p%20x?a=1&a=%20", headers={"X-Tag": "one"}).json()

    assert event["requestContext"]["http"]["method"] == method
    assert event["rawPath"] == "/pipelines/p x"
    assert event["rawQueryString"] == "a=1&a=%20"
    assert event["headers"]["x-tag"] == "one"


def test_head_is_answered_without_a_body() -> None:
    with gateway_in_front_of(_function(echo)) as url:
        response = httpx.head(url)

    assert (response.status_code, response.content) == (200, b"")


def test_headers_that_come_twice_and_cookies_arrive() -> None:
    headers = [("X-Tag", "one"), ("X-Tag", "two"), ("Cookie", "a=1; b=2")]

    with gateway_in_front_of(_function(echo)) as url:
        event = httpx.get(url, headers=headers).json()

    assert (event["headers"]["x-tag"], event["cookies"]) == ("one,two", ["a=1", "b=2"])


def test_binary_body_comes_back_as_it_went() -> None:
    def give_back(event: dict[str, Any], _context: LambdaContext) -> Result:
        return {"statusCode": 200, "body": event["body"], "isBase64Encoded": event["isBase64Encoded"]}

    binary = bytes(range(256)) * 1000
    with gateway_in_front_of(_function(give_back)) as url:
        response = httpx.post(url, content=binary, headers={"Content-Type": "application/octet-stream"})

    assert response.content == binary


def test_status_headers_and_cookies_come_back() -> None:
    def answer(_event: dict[str, Any], _context: LambdaContext) -> Result:
        return {"statusCode": 418, "headers": {"X-Pot": "tea"}, "cookies": ["a=1", "b=2"], "body": "short"}

    with gateway_in_front_of(_function(answer)) as url:
        response = httpx.get(url)

    assert (response.status_code, response.headers["x-pot"], response.text) == (418, "tea", "short")
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


def test_context_has_the_names_and_the_time_that_lambda_gives() -> None:
    def tell(event: dict[str, Any], context: LambdaContext) -> Result:
        return {
            "same": context.aws_request_id == event["requestContext"]["requestId"],
            "name": context.function_name,
            "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(),
        }

    with gateway_in_front_of(_function(tell)) as url:
        told = httpx.get(url).json()

    assert (told["same"], told["name"]) == (True, "test")
    assert told["arn"].endswith(":function:test")
    assert 25_000 < told["left"] <= 30_000


def test_handler_that_raises_is_a_500_without_detail() -> None:
    def fail(_event: dict[str, Any], _context: LambdaContext) -> Result:
        raise RuntimeError("secret")

    with gateway_in_front_of(_function(fail)) as url:
        response = httpx.get(url)

    assert (response.status_code, response.json()) == (500, {"message": "Internal Server Error"})


@pytest.mark.parametrize("result", [{"statusCode": "ok"}, {"statusCode": 200, "body": b"bytes"}])
def test_result_that_is_no_response_is_a_500(result: Result) -> None:
    with gateway_in_front_of(_function(lambda _event, _context: result)) as url:
        assert httpx.get(url).status_code == 500


def test_handler_that_takes_too_long_is_a_503() -> None:
    release = threading.Event()

    def hang(_event: dict[str, Any], _context: LambdaContext) -> Result:
        release.wait(60)
        return {}

    with gateway_in_front_of(_function(hang), time_limit=0.1) as url:
        response = httpx.get(url)
        release.set()

    assert response.status_code == 503


def test_bodies_that_the_platform_does_not_admit_are_a_413() -> None:
    with gateway_in_front_of(_function(echo)) as url:
        statuses = [
            httpx.post(url, content=b"x" * size).status_code for size in (MAX_BODY_BYTES + 1, MAX_PAYLOAD_BYTES)
        ]

    assert statuses == [413, 413]


def test_slow_handler_keeps_no_other_request_waiting() -> None:
    release = threading.Event()

    def handler(event: dict[str, Any], _context: LambdaContext) -> Result:
        if event["rawPath"] == "/slow":
            release.wait(60)
        return {"path": event["rawPath"]}

    with gateway_in_front_of(_function(handler)) as url:
        slow = threading.Thread(target=httpx.get, args=[f"{url}/slow"], kwargs={"timeout": 60})
        slow.start()
        answered = httpx.get(f"{url}/quick").json()
        release.set()
        slow.join()

    assert answered == {"path": "/quick"}
