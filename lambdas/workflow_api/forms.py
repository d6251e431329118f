"""Forms as dicts: a field that comes several times is a list, as Pipedream has it. Files are refused."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from lambdas.workflow_api.parameters import read_parameters
from tailrace.errors import TailraceError

MAX_FIELDS = 10_000

_FILE = frozenset({"filename", "filename*"})
Fields = dict[str, str | list[str]]


class InvalidForm(TailraceError, ValueError):
    """Bytes that are no form of the kind that they are said to be."""


class UnsupportedForm(TailraceError, ValueError):
    """A form with a file, or with text that is not UTF-8."""


def read_urlencoded(text: str) -> Fields:
    """Read `a=1&b=2&b=3`, as forms and queries have it.

    Raises:
        InvalidForm: it has too many fields.
        UnsupportedForm: it holds text that is not UTF-8.
    """
    try:
        return gather(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS))
    except UnicodeDecodeError as error:
        raise UnsupportedForm("The form holds percent-encoded text that is not UTF-8.") from error
    except ValueError as error:
        raise InvalidForm(f"The form has more than {MAX_FIELDS:,} fields.") from error


def read_multipart(body: bytes, content_type: str) -> Fields:
    """Read `multipart/form-data` (RFC 7578) of text fields.

    Raises:
        InvalidForm: it has no boundary, or is cut off.
        UnsupportedForm: a field is a file, or is not UTF-8.
    """
    boundary = read_parameters(content_type)[1].get("boundary")
    if not boundary:
        raise InvalidForm("The form's Content-Type names no boundary.")
    _, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    if not parts or not parts.pop().startswith(b"--"):
        raise InvalidForm(f"The form does not end with its boundary, --{boundary}--: it was cut off, or is no form.")
    if len(parts) > MAX_FIELDS:
        raise InvalidForm(f"The form has more than {MAX_FIELDS:,} fields.")
    return gather(_read_part(part) for part in parts)


def gather(pairs: Iterable[tuple[str, str]]) -> Fields:
    """Make a dict of names and values; a name that comes again gets a list."""
    fields: Fields = {}
    for name, value in pairs:
        before = fields.get(name)
        if isinstance(before, list):
            before.append(value)
        else:
            fields[name] = value if before is None else [before, value]
    return fields


def _read_part(part: bytes) -> tuple[str, str]:
    head, blank, content = part.partition(b"\r\n\r\n")
    try:
        lines = head.decode().split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        _, disposition = read_parameters(headers.get("content-disposition", ""))
        name = disposition.get("name")
        if not blank or name is None:
            raise InvalidForm("A part of the form does not say which field it is.")
        if not _FILE.isdisjoint(disposition):
            raise UnsupportedForm(f"The field {name[:80]!r} is a file. Send a link to it, or its text as a field.")
        return name, content.decode()
    except UnicodeDecodeError as error:
        raise UnsupportedForm("A part of the form is not UTF-8 text. Send bytes as base64.") from error
