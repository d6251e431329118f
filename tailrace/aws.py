"""What all who call AWS share: what it fails with, and which answers are none.

botocore takes nearly everything for an answer: a proxy's page with status 200 becomes a write that has succeeded, and
text in the place of XML an error that is none of its own. Here both are a server that did not answer.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import OperationModel
from botocore.parsers import ResponseParserError

from tailrace.errors import TailraceError

_Client = TypeVar("_Client", bound=BaseClient)

_FORM_WITHIN = 1_024
"""Bytes: an XML answer says what it is at its beginning."""


class AnswerIncomplete(TailraceError):
    """An answer that lacks what such an answer always has: whatever answered, it was not the service."""


AWS_TROUBLES: tuple[type[Exception], ...] = (BotoCoreError, ClientError, ResponseParserError, AnswerIncomplete)
"""All that a call of AWS raises where AWS fails, refuses, or is not what answered."""


def needed(answer: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 (as boto3 has it)
    """What an answer always has under this name; raises AnswerIncomplete where it has not."""
    try:
        return answer[name]
    except (KeyError, TypeError) as error:
        raise AnswerIncomplete(f"The answer has no {name}; something else than AWS may have answered.") from error


def checked(client: _Client) -> _Client:
    """Have a client take what is no answer for a server that failed: it tries again, and raises a ClientError then."""
    client.meta.events.register("before-parse", _check)
    client.meta.events.register_first("needs-retry", _tell_status)
    return client


def _check(*, operation_model: OperationModel, response_dict: dict[str, Any], **_more: object) -> None:
    status = response_dict["status_code"]
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    if not _has_form(operation_model, response_dict["body"], failed=status >= HTTPStatus.INTERNAL_SERVER_ERROR):
        response_dict["status_code"] = max(status, HTTPStatus.BAD_GATEWAY)
        response_dict["body"] = b""


def _tell_status(*, response: tuple[Any, Mapping[str, Any]] | None, **_more: object) -> None:
    """Let those who decide about another try, and about success, see the status that the check has set."""
    if response is not None:
        http, parsed = response
        http.status_code = parsed.get("ResponseMetadata", {}).get("HTTPStatusCode", http.status_code)


def _has_form(operation: OperationModel, body: bytes, *, failed: bool) -> bool:
    """Whether a body looks like one of the operation's; its middle is the parser's to read."""
    match operation.service_model.resolved_protocol:
        case "json":
            if not body:
                return operation.output_shape is None
            return body.startswith(b"{") and body.rstrip().endswith(b"}")
        case "query":
            kind = "Error" if failed else f"{operation.name}Response"
            return f"<{kind}".encode() in body[:_FORM_WITHIN] and body.rstrip().endswith(b">")
        case _:
            return True  # the payload is the body, whatever it is
