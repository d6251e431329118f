"""A request's body as a workflow sees it: JSON as values, a form as a dict, any other text as text."""

import json
import math
from http import HTTPStatus
from typing import NoReturn

from lambdas.workflow_api.forms import InvalidForm, UnsupportedForm, read_multipart, read_urlencoded
from lambdas.workflow_api.parameters import read_parameters
from lambdas.workflow_api.problems import Problem

_UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"


def read_body(body: bytes, *, content_type: str, content_encoding: str) -> object:
    """Read a body by its type; None where there is none.

    A form, or a body without a type, that begins as JSON does is read as JSON: `curl -d '{"a": 1}'` sends that.

    Raises:
        Problem: 400 where the body is not what it says, 415 where it is of a kind that workflows cannot have.
    """
    if not body:
        return None
    if content_encoding.strip().lower() not in {"", "identity"}:
        raise _unsupported(f"The body is compressed ({content_encoding[:40]}). Send it as it is.")
    media_type, parameters = read_parameters(content_type)
    if media_type == _MULTIPART:
        return _read_form(body, content_type)
    text = _decode(body, parameters.get("charset", "utf-8"))
    if media_type == "application/json" or media_type.endswith("+json"):
        return read_json(text)
    if media_type in {_URLENCODED, ""} and text.lstrip().startswith(("{", "[")):
        return read_json(text)
    return _read_form(text) if media_type == _URLENCODED else text


def read_json(text: str) -> object:
    """Read JSON as its standard has it: without NaN and infinities, which no workflow could send on.

    Raises:
        Problem: 400, saying where it is not JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise _invalid_json(
            f"{error.msg} at line {error.lineno}, column {error.colno}", line=error.lineno, column=error.colno
        ) from error
    except RecursionError as error:
        raise _invalid_json("it is nested too deeply") from error
    except ValueError as error:
        raise _invalid_json(str(error)) from error


def _read_form(form: str | bytes, content_type: str = "") -> object:
    try:
        return read_urlencoded(form) if isinstance(form, str) else read_multipart(form, content_type)
    except InvalidForm as error:
        raise Problem(HTTPStatus.BAD_REQUEST, "invalid-form", str(error)) from error
    except UnsupportedForm as error:
        raise _unsupported(str(error)) from error


def _decode(body: bytes, charset: str) -> str:
    if charset.lower() not in _UTF_8:
        raise _unsupported(f"The body's characters are said to be {charset[:40]}. Send UTF-8.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unsupported(
            f"The body is not UTF-8 text: its byte {error.start} does not fit. "
            "Send JSON, a form or text; bytes as base64 in JSON."
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number that JSON knows")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


def _invalid_json(what: str, **place: int) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "invalid-json", f"The body is not JSON: {what}.", members=place)


def _unsupported(detail: str) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-body", detail)
