"""Asynchronous runs: the event by which the function invokes itself, and the invocation."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.scheduled import run_when_due
from tailrace.aws import AWS_TROUBLES, AnswerIncomplete
from tailrace.errors import TailraceError
from tailrace.event import EventId, WorkflowId, encode_json, workflow_id

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

logger = logging.getLogger(__name__)

MAX_EVENT_BYTES = 1_000_000
"""Of the event of an asynchronous invocation; Lambda admits a little more.

That is left for what Lambda puts around the event of a run that has failed for good: SQS, where such runs are kept,
admits no more than Lambda, and what is too large for it is dropped.
"""

_OURS = "tailrace"

InvokeLater = Callable[[Mapping[str, Any]], None]
"""Accepts an event that the handler shall be called with soon, and again if that raises; may raise NotAccepted."""


class NotAccepted(TailraceError):
    """An asynchronous run was not accepted: the platform failed, or has too many waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterRun:
    """A run that was asked for and answered; its trace id stays the same however often it is tried."""

    workflow_id: WorkflowId
    trace_id: str
    trigger_event: Mapping[str, Any]
    floor: EventId | None = None
    """Fixed when the run was accepted, since every try has the same event; None where nobody has looked yet."""

    def to_event(self) -> dict[str, Any]:
        """The event that `from_event` reads."""
        run = {
            "workflow_id": self.workflow_id,
            "trace_id": self.trace_id,
            "floor": None if self.floor is None else str(self.floor),
            "trigger_event": self.trigger_event,
        }
        return {_OURS: {"run": run}}

    async def begin(self, invoke_later: InvokeLater) -> None:
        """Ask for the run.

        Raises:
            Problem: 413 where the event is more than an asynchronous run may have, 503 where it was not accepted.
        """
        event = self.to_event()
        size = len(encode_json(event))
        if size > MAX_EVENT_BYTES:
            raise Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "body-too-large",
                f"With its headers, the request is {size:,} bytes of JSON; an asynchronous run may have "
                f"{MAX_EVENT_BYTES:,}. Send a link to what is larger, or leave out `Prefer: respond-async`.",
            )
        try:
            await asyncio.to_thread(invoke_later, event)
        except NotAccepted as error:
            raise Problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "run-not-accepted", str(error), headers={"Retry-After": "5"}
            ) from error

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "LaterRun | None":
        """Read an event of ours; None where it is another's, such as API Gateway's."""
        if _OURS not in event:
            return None
        ours = event[_OURS]
        run = run_when_due(ours["schedule"]) if "schedule" in ours else ours["run"]
        return cls(
            workflow_id=workflow_id(run["workflow_id"]),
            trace_id=run["trace_id"],
            trigger_event=run["trigger_event"],
            floor=EventId.parse(run.get("floor") or ""),
        )


class SelfInvocation:
    """An `InvokeLater` by Lambda itself, which tries up to three times; the function must be allowed to invoke it."""

    def __init__(self, *, client: "LambdaClient", function_name: str, version: str) -> None:
        self._client = client
        self._function_name = function_name
        self._version = version

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Hand the event to Lambda; raises NotAccepted where it did not take it."""
        try:
            answer = self._client.invoke(
                FunctionName=self._function_name,
                # The code that answered is the code that runs, also in the middle of a deployment.
                Qualifier=self._version,
                InvocationType="Event",
                Payload=encode_json(event),
            )
            if answer["StatusCode"] != HTTPStatus.ACCEPTED:
                raise AnswerIncomplete("The answer's status is not that of a run that was accepted.")
        except AWS_TROUBLES as error:
            logger.error("invocation_refused", extra={"function": self._function_name, "error": str(error)})  # noqa: TRY400 (the cause stays)
            raise NotAccepted("The asynchronous run was not accepted. Try again in a moment.") from error
