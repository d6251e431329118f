"""AWS's calls as they travel: which service, which action, what it says; and how each service says that it failed."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import parse_qs

Headers: TypeAlias = tuple[tuple[str, str], ...]

DYNAMODB, SNS, SQS = "dynamodb", "sns", "sqs"
_TARGETS = {"DynamoDB_20120810": DYNAMODB, "AmazonSQS": SQS}
_NAMESPACES = {DYNAMODB: "com.amazonaws.dynamodb.v20120810", SQS: "com.amazonaws.sqs"}
_OURS_TO_SET = frozenset({"content-length", "transfer-encoding", "connection", "x-amz-crc32"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsCall:
    """A request to AWS."""

    method: str
    path: str
    headers: Headers
    body: bytes
    service: str = field(init=False, default="")
    action: str = field(init=False, default="")
    says: dict[str, Any] = field(init=False, default_factory=dict)
    """The parameters."""

    def __post_init__(self) -> None:
        """Read the body: JSON with its action in a header, or a form with its action among its fields."""
        target = next((value for name, value in self.headers if name.lower() == "x-amz-target"), "")
        if target:
            prefix, _, action = target.partition(".")
            service, says = _TARGETS.get(prefix, ""), json.loads(self.body)
        else:
            says = {name: values[0] for name, values in parse_qs(self.body.decode()).items()}
            service, action = SNS, says.get("Action", "")
        object.__setattr__(self, "service", service)
        object.__setattr__(self, "action", action)
        object.__setattr__(self, "says", says)

    def saying(self, **parameters: object) -> "AwsCall":
        """The same call with other parameters, where those travel as JSON."""
        return replace(self, body=json.dumps({**self.says, **parameters}).encode())

    def instead(self, action: str, **parameters: object) -> "AwsCall":
        """Another action of the same service, where those travel as JSON."""
        headers = tuple(
            (name, f"{value.partition('.')[0]}.{action}" if name.lower() == "x-amz-target" else value)
            for name, value in self.headers
        )
        return replace(self, headers=headers, body=json.dumps(parameters).encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAnswer:
    """What AWS answers."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    @property
    def is_one(self) -> bool:
        """Whether it says what was asked for, and is neither a refusal nor garbage, whose status may be 200 as well."""
        return self.status == HTTPStatus.OK and (self.body or b"{").startswith(b"{")

    @property
    def says(self) -> dict[str, Any]:
        """The body, where that is JSON."""
        said: dict[str, Any] = json.loads(self.body or b"{}")
        return said

    def saying(self, body: object) -> "AwsAnswer":
        """The same answer with another body."""
        return replace(self, body=json.dumps(body).encode())

    def kept_headers(self) -> Headers:
        """The headers that still hold for an answer that is sent on another connection, with perhaps another body."""
        return tuple((name, value) for name, value in self.headers if name.lower() not in _OURS_TO_SET)


class Unanswered(Exception):
    """The connection shall be cut instead of an answer."""


Forward: TypeAlias = Callable[[AwsCall], Coroutine[Any, Any, AwsAnswer]]
AwsFault: TypeAlias = Callable[[AwsCall, Forward], Coroutine[Any, Any, AwsAnswer]]
"""Answers a call, with or without forwarding it; or raises Unanswered."""


def failure(call: AwsCall, code: str, status: int = HTTPStatus.BAD_REQUEST) -> AwsAnswer:
    """An error, as the call's service writes it."""
    if call.service == SNS:
        error = f"<Error><Type>Receiver</Type><Code>{code}</Code><Message>by the storm</Message></Error>"
        text = f"<ErrorResponse>{error}<RequestId>storm</RequestId></ErrorResponse>"
        return AwsAnswer(status=status, headers=(("Content-Type", "text/xml"),), body=text.encode())
    content = {"__type": f"{_NAMESPACES[call.service]}#{code}", "message": "by the storm"}
    headers = (("Content-Type", "application/x-amz-json-1.0"),)
    return AwsAnswer(status=status, headers=headers, body=json.dumps(content).encode())
