"""What is given on the command line becomes a request, or one sentence that says what is wrong with it."""

import io
import sys
from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.request_data import read_data, read_headers, read_query

JSON, TEXT = "application/json", "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("text", "content_type"),
    [('{"name": "Luke"}', JSON), ("7", JSON), ('"x"', JSON), ("hello", TEXT), ("", TEXT), ("a=1", TEXT)],
)
def test_json_is_told_from_text(text: str, content_type: str) -> None:
    data = read_data(text)

    assert (data.body.decode(), data.content_type) == (text, content_type)


def test_body_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"id": 1}')
    (tmp_path / "picture.bin").write_bytes(b"\xff\xfe\x00")

    assert read_data(f"@{tmp_path}/order.json").content_type == JSON
    assert read_data(f"@{tmp_path}/picture.bin").content_type == "application/octet-stream"


def test_body_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))

    assert read_data("-").body == b"[1]"


@pytest.mark.parametrize(
    ("text", "message"),
    [("{name: Luke}", "What --data holds is not JSON"), ("@none.json", "none.json can't be read: No such file")],
)
def test_body_that_cannot_be_sent_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        read_data(text)


def test_headers_and_queries_are_read() -> None:
    assert read_headers(["X-Name: Luke: 1", "a:"]) == {"X-Name": "Luke: 1", "a": ""}
    assert read_query(["a=1", "a=2=3", "b"]) == [("a", "1"), ("a", "2=3"), ("b", "")]


@pytest.mark.parametrize("line", ["nothing", ": x", "a: b\r\nc: d", "näme: x"])
def test_header_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(CommandError, match="is no header"):
        read_headers([line])


def test_query_without_a_name_is_refused() -> None:
    with pytest.raises(CommandError, match="is no parameter"):
        read_query(["=1"])
