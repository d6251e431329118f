"""What a function returns becomes the response that API Gateway would send."""

import base64

import pytest

from cli.gateway_response import InvalidResult, gateway_response


def test_result_without_status_code_is_the_body_of_a_200() -> None:
    response = gateway_response({"hello": "there"})

    assert (response.status, response.body) == (200, b'{"hello": "there"}')
    assert dict(response.headers)["content-type"] == "application/json"


def test_status_headers_and_body_are_the_functions() -> None:
    response = gateway_response({"statusCode": 201, "headers": {"X-Count": 2, "X-Flag": True}, "body": "é"})

    assert (response.status, response.body) == (201, "é".encode())
    assert dict(response.headers) == {
        "content-type": "text/plain; charset=utf-8",
        "content-length": "2",
        "x-count": "2",
        "x-flag": "true",
    }


def test_each_cookie_is_a_header() -> None:
    response = gateway_response({"statusCode": 200, "cookies": ["a=1", "b=2; Path=/"]})

    assert [value for name, value in response.headers if name == "set-cookie"] == ["a=1", "b=2; Path=/"]


def test_base64_body_is_decoded() -> None:
    response = gateway_response(
        {"statusCode": 200, "body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True}
    )

    assert response.body == b"\x00\xff"


def test_length_is_that_of_the_body_whatever_the_function_says() -> None:
    response = gateway_response({"statusCode": 200, "headers": {"Content-Length": "999"}, "body": "four"})

    assert [value for name, value in response.headers if name == "content-length"] == ["4"]


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": "ok"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"no": "text"}},
        {"statusCode": 200, "body": "%%", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["no", "object"]},
        {"statusCode": 200, "headers": {"x": "two\r\nlines"}},
        {"statusCode": 200, "headers": {"x": ["a", "list"]}},
        {"statusCode": 200, "cookies": "a=1"},
    ],
)
def test_malformed_result_is_refused(result: object) -> None:
    with pytest.raises(InvalidResult):
        gateway_response(result)
