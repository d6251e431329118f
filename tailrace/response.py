"""What `pd.respond` says to the caller of a workflow: checked in the step, answered when the run has ended."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tailrace.errors import InvalidResponse
from tailrace.values import Json, freeze, not_json, thaw

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
"""Of the body. A Lambda function's answer is limited to 6 MB, where bytes travel as base64."""

_FIELDS = ("status", "headers", "body")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_SET_BY_HTTP = frozenset({"connection", "content-length", "transfer-encoding"})
_FIRST_STATUS, _LAST_STATUS = 200, 599  # 1xx is never the last word, so it can't be the answer
_WITHOUT_BODY = frozenset({204, 205, 304})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer: status, headers and body, as the author gave them."""

    status: int = 200
    headers: Mapping[str, str]
    body: Json | str | bytes = None
    """JSON, text or bytes; None for an empty body."""

    @property
    def content(self) -> bytes:
        """The body as it goes over the wire."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        text = self.body if isinstance(self.body, str) else freeze(self.body)
        return text.encode()

    @property
    def media_type(self) -> str | None:
        """The body's type: the author's Content-Type, else what the body looks like; None for an empty one."""
        for name, value in self.headers.items():
            if name.lower() == "content-type":
                return value
        if self.body is None:
            return None
        if isinstance(self.body, bytes):
            return "application/octet-stream"
        return "text/plain; charset=utf-8" if isinstance(self.body, str) else "application/json"

    @classmethod
    def of(cls, fields: object) -> "Response":
        """Check what a step handed to `pd.respond`, and copy it.

        Raises:
            InvalidResponse: HTTP could not carry it; the message says what can be.
        """
        if not isinstance(fields, Mapping):
            raise InvalidResponse('Write pd.respond({"status": 200, "headers": {…}, "body": …}).')
        if fields.get("immediate"):
            raise InvalidResponse(
                "An immediate response is not offered: a workflow answers when it has ended. Leave `immediate` out, "
                "or call the workflow with `Prefer: respond-async`."
            )
        unknown = [str(name) for name in fields if name not in {*_FIELDS, "immediate"}]
        if unknown:
            raise InvalidResponse(f"A response has status, headers and body, and nothing called {', '.join(unknown)}.")
        response = cls(
            status=_check_status(fields.get("status", 200)),
            headers=_check_headers(fields.get("headers")),
            body=_check_body(fields.get("body")),
        )
        _check_content(response)
        return response


def _check_status(status: object) -> int:
    if isinstance(status, bool) or not isinstance(status, int) or not _FIRST_STATUS <= status <= _LAST_STATUS:
        raise InvalidResponse(
            f"A response's status is a number from {_FIRST_STATUS} to {_LAST_STATUS}; this one is {status!r:.40}."
        )
    return int(status)


def _check_headers(headers: object) -> Mapping[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise InvalidResponse(f"A response's headers are a dict of text; these are {headers!r:.40}.")
    return dict(_check_header(name, value) for name, value in headers.items())


def _check_header(name: object, value: object) -> tuple[str, str]:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise InvalidResponse(f"{name!r:.80} is no header's name: letters, digits and hyphens make one.")
    if name.lower() in _SET_BY_HTTP:
        raise InvalidResponse(f"The header {name} is HTTP's own, which sets it right: leave it out.")
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _HEADER_VALUE.fullmatch(text):
        raise InvalidResponse(f"The header {name} is not one line of text that HTTP can carry: {value!r:.80}.")
    return name, text


def _check_body(body: object) -> Json | str | bytes:
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    try:
        return thaw(freeze(body))
    except ValueError as error:
        raise InvalidResponse(not_json("A response's body", error) + " Text and bytes go, too.") from error


def _check_content(response: Response) -> None:
    try:
        size = len(response.content)
    except UnicodeEncodeError as error:
        raise InvalidResponse("The response's body holds a lone surrogate, which is no character.") from error
    if size and response.status in _WITHOUT_BODY:
        raise InvalidResponse(f"A response with status {response.status} has no body: leave the body out.")
    if size > MAX_RESPONSE_BYTES:
        raise InvalidResponse(
            f"The response's body is {size:,} bytes; at most {MAX_RESPONSE_BYTES:,} fit. Answer with a link to it."
        )
