"""What `tailrace invoke` sends: a body from the command line, a file or standard input, headers and a query."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cli.errors import CommandError

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"
_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestData:
    """A body, and what kind of text it is."""

    body: bytes
    content_type: str


def read_data(text: str) -> RequestData:
    """Read `--data`: a text, `@file`, or `-` for standard input.

    Raises:
        CommandError: the file can't be read, or what begins as JSON is none.
    """
    if text == "-":
        return _data(sys.stdin.buffer.read(), source="standard input")
    if not text.startswith("@"):
        return _data(text.encode(errors="surrogateescape"), source="--data")
    try:
        return _data(Path(text[1:]).expanduser().read_bytes(), source=text[1:])
    except OSError as error:
        raise CommandError(
            f"{text[1:]} can't be read: {error.strerror}.", hint="Write @ before a file's name: --data @order.json"
        ) from error


def read_headers(lines: Iterable[str]) -> dict[str, str]:
    """Read `--header "Name: value"`.

    Raises:
        CommandError: one has no colon, or is more than ASCII on one line.
    """
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip() or not (line.isascii() and line.isprintable()):
            raise CommandError(f"{line!r} is no header.", hint='Write it as --header "X-Name: value".')
        headers[name.strip()] = value.strip()
    return headers


def read_query(pairs: Iterable[str]) -> list[tuple[str, str]]:
    """Read `--query name=value`.

    Raises:
        CommandError: one has no name.
    """
    query: list[tuple[str, str]] = []
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not name:
            raise CommandError(f"{pair!r} is no parameter.", hint="Write it as --query name=value.")
        query.append((name, value))
    return query


def _data(body: bytes, *, source: str) -> RequestData:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return RequestData(body=body, content_type=_BYTES)
    try:
        json.loads(text)
    except RecursionError:  # the API says better what is wrong with it
        return RequestData(body=body, content_type=_JSON)
    except ValueError as error:
        if text.lstrip().startswith(("{", "[")):
            raise CommandError(
                f"What {source} holds is not JSON: {error}.",
                hint="""In a shell, put single quotes around it: --data '{"name": "Luke"}'""",
            ) from error
        return RequestData(body=body, content_type=_TEXT)
    return RequestData(body=body, content_type=_JSON)
