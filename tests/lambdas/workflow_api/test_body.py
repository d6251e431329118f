import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.workflow_api.body import read_body
from lambdas.workflow_api.problems import Problem

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=xyz"


def read(body: str | bytes, content_type: str, content_encoding: str = "") -> object:
    data = body.encode() if isinstance(body, str) else body
    return read_body(data, content_type=content_type, content_encoding=content_encoding)


def refusal(body: str | bytes, content_type: str, content_encoding: str = "") -> Problem:
    with pytest.raises(Problem) as caught:
        read(body, content_type, content_encoding)
    return caught.value


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=UTF-8", "application/a+json"])
def test_json_is_read_as_values(content_type: str) -> None:
    assert read('{"name": "Luke", "age": 19.5, "rank": null}', content_type) == {
        "name": "Luke",
        "age": 19.5,
        "rank": None,
    }


@pytest.mark.parametrize("content_type", [FORM, ""])
@pytest.mark.parametrize("body", ['{"name": "Luke"}', ' \n{"name": "Luke"}'])
def test_json_sent_as_curl_sends_it_is_read_as_json(content_type: str, body: str) -> None:
    assert read(body, content_type) == {"name": "Luke"}


def test_json_may_begin_with_a_byte_order_mark() -> None:
    assert read(b"\xef\xbb\xbf[1]", "application/json") == [1]


def test_no_body_is_none_whatever_its_type() -> None:
    assert read("", "application/json") is None


@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_broken_json_is_refused_with_its_place(content_type: str) -> None:
    problem = refusal('{"name": "Luke",\n "age": }', content_type)

    assert problem.status == 400
    assert str(problem) == "The body is not JSON: Expecting value at line 2, column 9."
    assert problem.members == {"line": 2, "column": 9}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"a": NaN}', "NaN is no number that JSON knows"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": 1e999}', "the number 1e999 is too large"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 5_000, "Exceeds the limit"),
    ],
)
def test_what_python_reads_but_json_does_not_know_is_refused(body: str, why: str) -> None:
    problem = refusal(body, "application/json")

    assert problem.status == 400
    assert why in str(problem)


def test_a_form_is_a_dict_and_a_field_that_comes_again_is_a_list() -> None:
    assert read("name=Luke+S.&tag=a&tag=b&tag=&city=Mos%20Eisley", FORM) == {
        "name": "Luke S.",
        "tag": ["a", "b", ""],
        "city": "Mos Eisley",
    }


def test_text_stays_text() -> None:
    assert read("höher = 1\r\n", "text/plain; charset=utf-8") == "höher = 1\r\n"
    assert read("<a>1</a>", "application/xml") == "<a>1</a>"
    assert read("hello", "") == "hello"


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        (b"\xff\xfe", "text/plain", "its byte 0 does not fit"),
        (b'{"a": "\xe9"}', "application/json", "its byte 7 does not fit"),
        (b"caf\xe9", "text/plain; charset=iso-8859-1", "said to be iso-8859-1"),
        (b"name=%ff", FORM, "percent-encoded text that is not UTF-8"),
    ],
)
def test_what_is_not_utf_8_is_refused_as_unsupported(body: bytes, content_type: str, why: str) -> None:
    problem = refusal(body, content_type)

    assert problem.status == 415
    assert why in str(problem)


def test_a_compressed_body_is_refused_as_unsupported() -> None:
    problem = refusal(b"\x1f\x8b", "application/json", "gzip")

    assert problem.status == 415
    assert "compressed (gzip)" in str(problem)


def multipart(*parts: str) -> str:
    return "".join(f"--xyz\r\n{part}\r\n" for part in parts) + "--xyz--\r\n"


def test_a_multipart_form_is_a_dict_of_its_text_fields() -> None:
    body = multipart(
        'Content-Disposition: form-data; name="name"\r\n\r\nLuke\r\n\nS.\r\n',
        'content-disposition: form-data; name="größe"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n1,72 m',
        'Content-Disposition: form-data; name="tag"\r\n\r\na',
        'Content-Disposition: form-data; name="tag"\r\n\r\n',
    )

    assert read(body, MULTIPART) == {"name": "Luke\r\n\nS.\r\n", "größe": "1,72 m", "tag": ["a", ""]}


@pytest.mark.parametrize("name", ['filename="luke.png"', "FileName=luke.png", "filename*=UTF-8''luke.png"])
def test_a_file_in_a_form_is_refused_as_unsupported(name: str) -> None:
    body = multipart(f'Content-Disposition: form-data; name="photo"; {name}\r\n\r\nPNG')

    problem = refusal(body, MULTIPART)

    assert problem.status == 415
    assert str(problem) == "The field 'photo' is a file. Send a link to it, or its text as a field."


@pytest.mark.parametrize(
    ("body", "content_type", "why"),
    [
        ("whatever", "multipart/form-data", "names no boundary"),
        ("whatever", MULTIPART, "was cut off, or is no form"),
        ("--xyz\r\nContent-Disposition: form-data", MULTIPART, "was cut off, or is no form"),
        (multipart("Content-Type: text/plain\r\n\r\na"), MULTIPART, "does not say which field"),
        ("&".join(["a=1"] * 10_001), FORM, "more than 10,000 fields"),
    ],
)
def test_a_broken_form_is_refused(body: str, content_type: str, why: str) -> None:
    problem = refusal(body, content_type)

    assert problem.status == 400
    assert why in str(problem)


@given(st.binary(max_size=200), st.sampled_from(["application/json", FORM, MULTIPART, "text/plain", "", ";", "a/b;c"]))
def test_any_bytes_are_read_as_json_values_or_refused(body: bytes, content_type: str) -> None:
    with suppress(Problem):
        json.dumps(read(body, content_type), allow_nan=False)
