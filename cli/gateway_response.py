"""What a Lambda function returned, read as API Gateway's HTTP APIs read it: payload format 2.0."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass

_MIN_STATUS, _MAX_STATUS = 100, 599
_LINE_BREAKS = frozenset("\r\n\0")


class InvalidResult(ValueError):
    """The function returned what is no response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response as a web server sends it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def gateway_message(status: int, message: str) -> HttpResponse:
    """What API Gateway answers by itself."""
    return _response(status, {"content-type": "application/json"}, json.dumps({"message": message}).encode())


def gateway_response(result: object) -> HttpResponse:
    """Read a function's result; one without a status code is the body of a 200.

    Raises:
        InvalidResult: the parts are of the wrong type, or would break the response.
    """
    if not isinstance(result, Mapping) or "statusCode" not in result:
        return _response(200, {"content-type": "application/json"}, json.dumps(result).encode())
    headers = {"content-type": "text/plain; charset=utf-8"} | _headers(result.get("headers"))
    return _response(_status(result["statusCode"]), headers, _body(result), _cookies(result.get("cookies")))


def _response(status: int, headers: Mapping[str, str], body: bytes, cookies: tuple[str, ...] = ()) -> HttpResponse:
    own = {name: value for name, value in headers.items() if name not in {"content-length", "transfer-encoding"}}
    own["content-length"] = str(len(body))
    return HttpResponse(
        status=status, headers=(*own.items(), *(("set-cookie", cookie) for cookie in cookies)), body=body
    )


def _status(status: object) -> int:
    try:
        code = int(str(status))
    except ValueError as error:
        raise InvalidResult(f"statusCode is {status!r:.80}, which is no number.") from error
    if not _MIN_STATUS <= code <= _MAX_STATUS:
        raise InvalidResult(f"statusCode is {code}, which is no HTTP status.")
    return code


def _headers(headers: object) -> dict[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise InvalidResult(f"headers is {headers!r:.80}, which is no object.")
    return {_line(name).lower(): _line(value) for name, value in headers.items()}


def _cookies(cookies: object) -> tuple[str, ...]:
    if cookies is None:
        return ()
    if not isinstance(cookies, list):
        raise InvalidResult(f"cookies is {cookies!r:.80}, which is no list.")
    return tuple(_line(cookie) for cookie in cookies)


def _line(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool) else value if isinstance(value, str) else f"{value}"
    if not isinstance(value, str | int | float) or _LINE_BREAKS & set(text):
        raise InvalidResult(f"{value!r:.80} is no header.")
    return text


def _body(result: Mapping[str, object]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise InvalidResult(f"body is {body!r:.80}, which is no text.")
    if not result.get("isBase64Encoded"):
        return body.encode(errors="surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidResult("body is no base64, and isBase64Encoded says so.") from error
