"""A request becomes the event that API Gateway would give."""

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from cli.gateway_event import HttpRequest, gateway_event

Event = dict[str, Any]

NOON = 1_600_000_000.5


REQUEST = HttpRequest(
    method="POST",
    path="/pipelines/p_hello/events",
    query="",
    headers=[("host", "127.0.0.1:8700"), ("content-type", "application/json")],
    body=b"",
    source_ip="127.0.0.1",
    protocol="HTTP/1.1",
)


def event_of(*, query: str = "", headers: Sequence[tuple[str, str]] = REQUEST.headers, body: bytes = b"") -> Event:
    request = replace(REQUEST, query=query, headers=headers, body=body)
    return gateway_event(request, request_id="9f8e-1", port=8700, now=NOON)


def test_event_has_every_field_of_payload_format_2() -> None:
    event = event_of(headers=[("host", "a.example"), ("user-agent", "curl/8")], body=b"")

    assert event["version"] == "2.0"
    assert event["routeKey"] == event["requestContext"]["routeKey"] == "$default"
    assert event["rawPath"] == "/pipelines/p_hello/events"
    assert event["rawQueryString"] == ""
    assert event["isBase64Encoded"] is False
    assert event["requestContext"]["requestId"] == "9f8e-1"
    assert event["requestContext"]["time"] == "13/Sep/2020:12:26:40 +0000"
    assert event["requestContext"]["timeEpoch"] == 1_600_000_000_500
    assert event["requestContext"]["http"] == {
        "method": "POST",
        "path": "/pipelines/p_hello/events",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "curl/8",
    }
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-amzn-trace-id"].startswith("Root=1-5f5e1000-")


def test_event_without_body_query_and_cookies_leaves_them_out() -> None:
    assert not {"body", "queryStringParameters", "cookies"} & set(event_of())


def test_event_can_be_sent_as_json() -> None:
    event = event_of(body=b"\xff", query="a=%FF")

    assert json.loads(json.dumps(event)) == event


def test_header_that_comes_twice_is_joined_by_a_comma() -> None:
    event = event_of(headers=[("x-tag", "one"), ("accept", "*/*"), ("x-tag", "two")])

    assert event["headers"]["x-tag"] == "one,two"


def test_cookies_have_a_list_of_their_own_and_are_no_header() -> None:
    event = event_of(headers=[("cookie", "a=1; b=2"), ("cookie", "c=3")])

    assert event["cookies"] == ["a=1", "b=2", "c=3"]
    assert "cookie" not in event["headers"]


def test_query_stays_encoded_and_its_parameters_are_decoded_and_joined() -> None:
    event = event_of(query="name=Obi%20Wan&tag=1&empty=&tag=2")

    assert event["rawQueryString"] == "name=Obi%20Wan&tag=1&empty=&tag=2"
    assert event["queryStringParameters"] == {"name": "Obi Wan", "tag": "1,2", "empty": ""}


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8", "text/csv"])
def test_text_travels_as_text(content_type: str) -> None:
    event = event_of(headers=[("content-type", content_type)], body='{"name": "Leïa"}'.encode())

    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "Leïa"}', False)


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "image/png", ""])
def test_other_bodies_travel_as_base64(content_type: str) -> None:
    event = event_of(headers=[("content-type", content_type)], body=b"a=1")

    assert (event["body"], event["isBase64Encoded"]) == (base64.b64encode(b"a=1").decode(), True)


def test_text_that_is_no_utf_8_travels_as_base64() -> None:
    event = event_of(body=b'{"name": "\xff"}')

    assert base64.b64decode(event["body"]) == b'{"name": "\xff"}'
    assert event["isBase64Encoded"] is True
