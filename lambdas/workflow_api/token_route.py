"""The route that hands out tokens, as JSON and, where API and streams share a host, as a cookie."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.responses import Response

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.body import read_body
from lambdas.workflow_api.catalog import Catalog
from lambdas.workflow_api.document import (
    EVERY_REFUSAL,
    KEY,
    TOO_LARGE,
    UNKNOWN,
    UNREADABLE,
    WorkflowIdText,
    answer,
    refusal,
)
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.mint import Mint, Minted
from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.schemas import CHANNEL, reference
from tailrace.access import COOKIE, MAX_NAMES, MAX_SUBSCRIBER_CHARACTERS
from tailrace.event import WorkflowId, check_channel, encode_json
from tailrace.workflow import Registry

HOUR = 60 * 60
LONGEST = 30 * 24 * HOUR


def _whole(number: object) -> object:
    """JSON has one kind of number: 60.0 is 60."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


class TokenWish(BaseModel):
    """What a token is asked to be."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    ttl: Annotated[int, Field(ge=1, le=LONGEST), BeforeValidator(_whole)] = HOUR
    """Seconds."""
    channels: (
        Annotated[
            list[Annotated[str, AfterValidator(check_channel), WithJsonSchema(CHANNEL)]],
            Field(min_length=1, max_length=MAX_NAMES),
        ]
        | None
    ) = None
    """None for all of them; who computes a list and gets an empty one wants none, which no token is for."""
    sub: Annotated[str, Field(min_length=1, max_length=MAX_SUBSCRIBER_CHARACTERS)] | None = None


_WISH = TokenWish.model_json_schema()
_ANSWERS = {
    **answer(201, reference("Token"), "The token, and the stream's address with it; behind one host, cookies as well."),
    **EVERY_REFUSAL,
    **UNREADABLE,
    **TOO_LARGE,
    **UNKNOWN,
    **refusal(409, "The streams of this stage are public: they take no token."),
    **refusal(422, "That is no workflow's id, or no token can be so; `errors` says where."),
}


def tokens(*, registry: Registry, mint: Mint, answers: Answers, access: Access, one_host: bool) -> APIRouter:
    """Make the route; `one_host` says that streams are followed at the host that API requests go to."""
    router = APIRouter()

    @router.post(
        "/pipelines/{workflow_id}/tokens",
        status_code=HTTPStatus.CREATED,
        responses=_ANSWERS,
        summary="Make a token for a subscriber of the workflow's stream.",
        openapi_extra={"security": KEY, "requestBody": {"content": {"application/json": {"schema": _WISH}}}},
    )
    async def make_token(
        workflow_id: WorkflowIdText, request: Request, key: Annotated[ApiKey, Depends(access.may(Verb.MINT))]
    ) -> Response:
        workflow = Catalog(registry, key).find(workflow_id)
        wish = _read_wish(await request.body(), request)
        minted = await mint.make(
            workflow.id, seconds=wish.ttl, channels=frozenset(wish.channels or ()), subscriber=wish.sub
        )
        response = _answer(minted, f"{answers.stream_url(workflow.id)}?token={minted.token}")
        if one_host:
            _set_cookies(response, workflow.id, minted.token, seconds=wish.ttl)
        return response

    return router


def _read_wish(body: bytes, request: Request) -> TokenWish:
    """Read the body, as JSON whatever type it claims to be of: `curl -d` says that it is a form."""
    wished = read_body(
        body, content_type="application/json", content_encoding=request.headers.get("content-encoding", "")
    )
    try:
        return TokenWish.model_validate(wished) if body else TokenWish()
    except ValidationError as error:
        wrong = [
            {"where": ".".join(map(str, each["loc"])) or "body", "what": str(each["msg"]).removeprefix("Value error, ")}
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        detail = "; ".join(f"{each['where']}: {each['what']}" for each in wrong)
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid-request", detail, members={"errors": wrong}) from error


def _answer(minted: Minted, stream_url: str) -> Response:
    until = datetime.fromtimestamp(minted.expires_at, UTC).isoformat().replace("+00:00", "Z")
    document = {"token": minted.token, "expires_at": until, "stream_url": stream_url}
    return Response(
        encode_json(document), HTTPStatus.CREATED, headers={"Cache-Control": "no-store"}, media_type="application/json"
    )


def _set_cookies(response: Response, workflow_id: WorkflowId, token: str, *, seconds: int) -> None:
    """Set the cookie for the stream, and for its page and history: nothing else ever gets it."""
    for path in (f"/pipelines/{workflow_id}/sse", f"/streams/{workflow_id}"):
        response.set_cookie(COOKIE, token, max_age=seconds, path=path, secure=True, httponly=True, samesite="lax")
