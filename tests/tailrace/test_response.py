import re
from typing import Any

import pytest

from tailrace.errors import InvalidResponse
from tailrace.response import MAX_RESPONSE_BYTES, Response


def test_response_is_200_without_headers_and_body_unless_told_otherwise() -> None:
    assert Response.of({}) == Response(status=200, headers={}, body=None)


@pytest.mark.parametrize(
    ("body", "content", "media_type"),
    [
        (None, b"", None),
        ({"ok": True}, b'{"ok":true}', "application/json"),
        ([1, 2], b"[1,2]", "application/json"),
        (0, b"0", "application/json"),
        (False, b"false", "application/json"),
        ("Grüße", "Grüße".encode(), "text/plain; charset=utf-8"),
        ("", b"", "text/plain; charset=utf-8"),
        (b"\x89PNG", b"\x89PNG", "application/octet-stream"),
        (bytearray(b"\x00"), b"\x00", "application/octet-stream"),
        (memoryview(b"ab"), b"ab", "application/octet-stream"),
    ],
)
def test_body_goes_over_the_wire_as_what_it_is(body: object, content: bytes, media_type: str | None) -> None:
    response = Response.of({"body": body})

    assert response.content == content
    assert response.media_type == media_type


def test_media_type_is_what_the_author_says() -> None:
    response = Response.of({"headers": {"Content-type": "text/csv"}, "body": "a,b"})

    assert response.media_type == "text/csv"


def test_later_changes_to_the_body_do_not_count() -> None:
    body: dict[str, Any] = {"list": [1]}
    response = Response.of({"body": body})

    body["list"].append(2)

    assert response.body == {"list": [1]}


def test_number_as_a_header_is_written_out() -> None:
    assert Response.of({"headers": {"X-Count": 3}}).headers == {"X-Count": "3"}


@pytest.mark.parametrize("status", [200, 201, 302, 404, 599])
def test_status_may_be_any_that_can_be_an_answer(status: int) -> None:
    assert Response.of({"status": status}).status == status


@pytest.mark.parametrize("status", [0, 99, 100, 199, 600, -1, "200", 200.0, None, True, [200]])
def test_status_that_is_no_answer_is_refused(status: object) -> None:
    with pytest.raises(InvalidResponse, match="a number from 200 to 599"):
        Response.of({"status": status})


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ("X: y", "headers are a dict of text"),
        ([("X", "y")], "headers are a dict of text"),
        ({1: "y"}, "1 is no header's name"),
        ({"": "y"}, "'' is no header's name"),
        ({"X Y": "z"}, "'X Y' is no header's name"),
        ({"X:": "z"}, "'X:' is no header's name"),
        ({"X\r\nSet-Cookie": "z"}, "is no header's name"),
        ({"Ümlaut": "z"}, "is no header's name"),
        ({"X": "a\r\nSet-Cookie: b"}, "The header X is not one line of text"),
        ({"X": "a\0"}, "The header X is not one line of text"),
        ({"X": "☃"}, "The header X is not one line of text"),
        ({"X": None}, "The header X is not one line of text"),
        ({"X": True}, "The header X is not one line of text"),
        ({"X": ["a", "b"]}, "The header X is not one line of text"),
        ({"Content-Length": "3"}, "The header Content-Length is HTTP's own"),
        ({"transfer-encoding": "chunked"}, "The header transfer-encoding is HTTP's own"),
    ],
)
def test_header_that_http_could_not_carry_is_refused(headers: object, message: str) -> None:
    with pytest.raises(InvalidResponse, match=re.escape(message)):
        Response.of({"headers": headers})


@pytest.mark.parametrize("body", [object(), {1, 2}, float("nan"), {"at": b"bytes"}])
def test_body_that_is_neither_json_nor_text_nor_bytes_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponse, match="body is not JSON"):
        Response.of({"body": body})


def test_body_that_holds_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(InvalidResponse, match="lone surrogate"):
        Response.of({"body": "\ud800"})


@pytest.mark.parametrize("body", ["x" * (MAX_RESPONSE_BYTES + 1), b"x" * (MAX_RESPONSE_BYTES + 1)])
def test_body_that_lambda_could_not_answer_with_is_refused(body: object) -> None:
    with pytest.raises(InvalidResponse, match=r"4,194,305 bytes; at most 4,194,304 fit\. Answer with a link"):
        Response.of({"body": body})


def test_body_of_the_largest_size_goes() -> None:
    assert len(Response.of({"body": "x" * MAX_RESPONSE_BYTES}).content) == MAX_RESPONSE_BYTES


@pytest.mark.parametrize("status", [204, 205, 304])
def test_body_where_http_has_none_is_refused(status: int) -> None:
    with pytest.raises(InvalidResponse, match=f"status {status} has no body"):
        Response.of({"status": status, "body": {"ok": True}})


@pytest.mark.parametrize("fields", ["hello", 200, None, [1]])
def test_anything_but_a_dict_is_refused_with_an_example(fields: object) -> None:
    with pytest.raises(InvalidResponse, match=re.escape('Write pd.respond({"status": 200')):
        Response.of(fields)


def test_unknown_parts_are_named() -> None:
    with pytest.raises(InvalidResponse, match="nothing called statusCode, cookies"):
        Response.of({"statusCode": 200, "cookies": []})


def test_immediate_response_is_refused_with_the_way_to_have_one() -> None:
    with pytest.raises(InvalidResponse, match="respond-async"):
        Response.of({"immediate": True, "status": 200})

    assert Response.of({"immediate": False, "status": 202}).status == 202
