"""The route that clears a stream: what was sent until now is taken out of the log, and whoever follows is told so."""

import asyncio
import logging
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request

from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.catalog import read_id
from lambdas.workflow_api.deadline import seconds_for_answer
from lambdas.workflow_api.document import EVERY_REFUSAL, KEY, NO_ID, WorkflowIdText, answer
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.schemas import reference
from tailrace.errors import LogRefused, LogUnavailable
from tailrace.event import WorkflowId
from tailrace.event_log import EventLog
from tailrace.let_out import clear
from tailrace.notice import Notifier

logger = logging.getLogger(__name__)


class Clearing:
    """Clears streams."""

    def __init__(self, *, log: EventLog, notifier: Notifier) -> None:
        self._log = log
        self._notifier = notifier

    async def clear(self, stream: WorkflowId, *, seconds: float, key: str) -> dict[str, Any]:
        """Clear a stream within so many seconds, for the holder of a key, and say up to where.

        Raises:
            Problem: the log did not answer, or it takes longer; asked for again, it is gone on with.
        """
        try:
            async with asyncio.timeout(seconds):
                out = await clear(stream, log=self._log, notifier=self._notifier, trace_id=f"clear-{uuid4().hex}")
        except (LogUnavailable, TimeoutError) as error:
            logger.exception("stream_not_cleared", extra={"workflow_id": stream, "key": key})
            raise _unfinished(stream) from error
        except LogRefused as error:
            logger.exception("stream_not_cleared", extra={"workflow_id": stream, "key": key})
            raise _refused(stream) from error
        cleared_to = str(out.batches[-1].last_id) if out.batches else None
        logger.info("stream_cleared", extra={"workflow_id": stream, "key": key, "cleared_to": cleared_to})
        return {"workflow_id": stream, "cleared_to": cleared_to, "announced": bool(out.batches) and out.announced}


def clears(*, clearing: Clearing, access: Access) -> APIRouter:
    """Make the route. It knows no registry: what a workflow has sent stays when its module is gone."""
    router = APIRouter()

    @router.delete(
        "/pipelines/{workflow_id}/events",
        response_model=None,
        responses={**answer(200, reference("Cleared"), "What was sent is gone."), **EVERY_REFUSAL, **NO_ID},
        summary="Clear a workflow's stream.",
        openapi_extra={"security": KEY},
    )
    async def clear_stream(
        workflow_id: WorkflowIdText, request: Request, key: Annotated[ApiKey, Depends(access.may(Verb.CLEAR))]
    ) -> dict[str, Any]:
        return await clearing.clear(read_id(workflow_id), seconds=seconds_for_answer(request.scope), key=key.name)

    return router


def _unfinished(stream: WorkflowId) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not-cleared",
        "The stream may be cleared, in part or not at all. Send the request again: it goes on where this one ended.",
        headers={"Retry-After": "5"},
        members={"workflow_id": stream},
    )


def _refused(stream: WorkflowId) -> Problem:
    return Problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "log-refused",
        "The event log refused to clear the stream; the API's own log says why.",
        members={"workflow_id": stream},
    )
