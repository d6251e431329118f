"""The route of a stream's past: pages as JSON, with links to those around them."""

import logging
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, WithJsonSchema

from stream_service.admission import Admission
from stream_service.document import HISTORY
from stream_service.guard import StreamId, channels_for
from stream_service.history import MAX_EVENTS, History
from stream_service.history_page import Gap, Page, Recorded, Wanted
from stream_service.page_answer import PageAnswer
from stream_service.problems import problem
from stream_service.query import MAX_CHANNELS
from stream_service.shares import Shares
from tailrace.access import Access
from tailrace.errors import TailraceError
from tailrace.event import EVENT_ID_PATTERN, MAX_CHANNEL_BYTES, EventId, encode_json

logger = logging.getLogger(__name__)

DEFAULT_LIMIT = 100
PATH = "/streams/{workflow_id}/events"
_JSON = "application/json"
_HEADERS = {"Cache-Control": "no-store"}


def _cursor(text: str) -> str:
    if EventId.parse(text) is None:
        raise ValueError("an event's id is {generation}-{position}, such as mwu2x7x9-17; 0-0 is the beginning")
    return text


Cursor = Annotated[
    str | None,
    AfterValidator(lambda text: text and _cursor(text)),
    WithJsonSchema({"type": "string", "pattern": f"^({EVENT_ID_PATTERN})?$"}),
]
Channel = Annotated[str, Query(min_length=1, max_length=MAX_CHANNEL_BYTES)]


def history_routes(history: History, admission: Admission, shares: Shares, *, seconds: float) -> APIRouter:
    """Make the route over a history; `seconds` is how long a client may take to read a page."""
    router = APIRouter(tags=["streams"])

    @router.head(PATH, include_in_schema=False)
    @router.get(PATH, responses=HISTORY, summary="Read a page of a workflow's events, the oldest first.")
    async def events(
        *,
        request: Request,
        workflow_id: StreamId,
        access: Annotated[Access, Depends(admission.admit)],
        after: Annotated[Cursor, Query(description="Begin behind this event's id.")] = None,
        before: Annotated[Cursor, Query(description="End in front of this event's id.")] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_EVENTS, description="Events on the page.")] = DEFAULT_LIMIT,
        channel: Annotated[list[Channel], Query(max_length=MAX_CHANNELS)] = [],  # noqa: B006 - FastAPI copies it
    ) -> Response:
        wanted = Wanted(
            workflow_id=workflow_id,
            limit=limit,
            after=EventId.parse(after or ""),
            before=EventId.parse(before or ""),
            channels=channels_for(access, frozenset(channel)),
        )
        if wanted.crossed:
            return problem(422, f"after, before: {after} is not in front of {before}, so that nothing is in between")
        if request.method == "HEAD":
            return Response(headers=_HEADERS, media_type=_JSON)
        return PageAnswer(partial(_answer, history, wanted), place=shares.page, seconds=seconds)

    @router.options(PATH, include_in_schema=False)
    async def options(workflow_id: StreamId) -> Response:  # noqa: ARG001 - a malformed id is refused here too
        return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"})

    return router


async def _answer(history: History, wanted: Wanted) -> Response:
    try:
        page = await history.page(wanted)
    except TailraceError as error:
        logger.warning("history_not_read", extra={"workflow_id": wanted.workflow_id, "error": str(error)})
        detail = "The event log does not answer at the moment."
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": "5"})
    return Response(_encode(page, wanted), headers=_HEADERS, media_type=_JSON)


def _encode(page: Page, wanted: Wanted) -> str:
    """Write a page; payloads are JSON already, and go as they are."""
    members = {
        "workflow_id": encode_json(wanted.workflow_id),
        "events": f"[{','.join(map(_encode_event, page.events))}]",
        "gap": encode_json(_describe(page.gap)),
        "cursor": encode_json(str(page.reached)),
        "next": encode_json(_next(page, wanted)),
        "previous": encode_json(_previous(page, wanted)),
    }
    return "{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}"


def _encode_event(recorded: Recorded) -> str:
    at = datetime.fromtimestamp(recorded.recorded_at / 1000, UTC).isoformat(timespec="milliseconds")
    head = encode_json(
        {
            "id": str(recorded.id),
            "channel": recorded.event.channel,
            "recorded_at": at.replace("+00:00", "Z"),
        }
    )
    return f'{head[:-1]},"payload":{recorded.event.payload}}}'


def _describe(gap: Gap | None) -> dict[str, object] | None:
    if gap is None:
        return None
    return {"reason": gap.reason, "requested": str(gap.requested), "next": str(gap.next), "missed": gap.missed}


def _next(page: Page, wanted: Wanted) -> str | None:
    """Where the page behind this one is; None where the stream, or what was asked for, has ended here."""
    if page.head is None or page.reached.position >= page.head.position:
        return None
    if wanted.after is None or wanted.before is None:
        return _link(wanted, after=page.reached)
    more = page.reached.position < wanted.before.position - 1
    return _link(wanted, after=page.reached, before=wanted.before) if more else None


def _previous(page: Page, wanted: Wanted) -> str | None:
    """Where the page in front of this one is; None where nothing is there any more."""
    before = EventId(page.start.generation, type(page.start.position)(page.start.position + 1))
    if page.bare or page.start.position < 1 or before == wanted.before:
        return None
    return _link(wanted, before=before)


def _link(wanted: Wanted, **cursors: EventId) -> str:
    # Made of what was understood: a token in the query must not come back in an answer.
    query = [(name, str(cursor)) for name, cursor in cursors.items()]
    query += [("limit", str(wanted.limit)), *(("channel", channel) for channel in sorted(wanted.channels))]
    return f"/streams/{wanted.workflow_id}/events?{urlencode(query)}"
