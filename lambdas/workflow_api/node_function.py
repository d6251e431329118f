"""Runs Node.js steps in AWS: by a function of their own, which this one waits for."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from tailrace.errors import NodeUnavailable
from tailrace.node import NodeAnswer, NodeRequest

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import InvocationResponseTypeDef

logger = logging.getLogger(__name__)

PAUSES = (0.1, 0.3, 0.9)
"""Seconds between tries where the function is throttled: then nothing has run."""
IDLE_SECONDS = 5.0
"""After which a connection is not used again: while Lambda keeps this function frozen, nothing hears of its end."""
_LONGEST = 15 * 60
_THROTTLED = {"TooManyRequestsException", "ThrottlingException", "EC2ThrottledException"}
_ADVICE = {
    "AccessDeniedException": "Let this function invoke it.",
    "RequestTooLargeException": "Export links to what is large.",
    "ResourceNotFoundException": "Does TAILRACE_NODE_FUNCTION name it?",
}


def lambda_client() -> "LambdaClient":
    """Make a client that waits as long as a function may run, and never sends a request twice: a step runs once."""
    config = Config(connect_timeout=5, read_timeout=_LONGEST, retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.client("lambda", config=config)


class NodeFunction:
    """A `NodeRuntime` that is a Lambda function; its zip has the workflows' folder beside `index.mjs`."""

    def __init__(
        self,
        *,
        client: "LambdaClient",
        function: str,
        workflows_folder: Path,
        pauses: tuple[float, ...] = PAUSES,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._function = function
        self._workflows_folder = workflows_folder.resolve()
        self._pauses = pauses
        self._sleep = sleep
        self._now = now
        self._used_at = now()

    def run(self, request: NodeRequest) -> NodeAnswer:
        """Invoke the function, and wait for it.

        Raises:
            InvalidProps: they are not JSON.
            NodeUnavailable: it could not be invoked, was ended before it had answered, or the request is too large.
        """
        file = (request.folder.resolve() / request.file).relative_to(self._workflows_folder)
        response = self._invoke(request.encode(folder="", file=file.as_posix()))
        try:
            payload = response["Payload"].read()
        except BotoCoreError as error:
            raise NodeUnavailable(f"the answer of the function {self._function} was lost: {error}.") from error
        self._used_at = self._now()
        if response.get("FunctionError"):
            raise NodeUnavailable(f"the function {self._function} failed: {_explain(payload)}")
        return NodeAnswer.of(payload)

    def _invoke(self, payload: bytes) -> "InvocationResponseTypeDef":
        for pause in self._pauses:
            try:
                return self._ask(payload)
            except ClientError as error:
                if _code(error) not in _THROTTLED:
                    raise self._failed(error) from error
                logger.warning("node_function_throttled", extra={"function": self._function, "pause": pause})
                self._sleep(pause)
        try:
            return self._ask(payload)
        except ClientError as error:
            raise self._failed(error) from error

    def _ask(self, payload: bytes) -> "InvocationResponseTypeDef":
        if self._now() - self._used_at > IDLE_SECONDS:
            self._client.close()  # its connections; it opens others
        self._used_at = self._now()
        try:
            return self._client.invoke(FunctionName=self._function, InvocationType="RequestResponse", Payload=payload)
        except (BotoCoreError, ResponseParserError) as error:
            raise NodeUnavailable(f"the function {self._function} was not reached: {error}.") from error

    def _failed(self, error: ClientError) -> NodeUnavailable:
        code = _code(error)
        text = error.response["Error"].get("Message", "")
        if code in _THROTTLED:
            return NodeUnavailable(f"the function {self._function} is throttled ({text}). Raise its concurrency.")
        return NodeUnavailable(f"the function {self._function} was refused ({code}: {text}). {_ADVICE.get(code, '')}")


def _code(error: ClientError) -> str:
    return error.response["Error"].get("Code", "")


def _explain(payload: bytes) -> str:
    try:
        error: dict[str, Any] = json.loads(payload)
        kind, text = str(error.get("errorType", "")), str(error.get("errorMessage", ""))
    except (ValueError, AttributeError):
        return repr(payload[:200])
    if "Timedout" in kind or "timed out" in text:
        return f"its time was up ({text}). Give it more, or the step less to do."
    return f"{kind}: {text}" if kind else text
