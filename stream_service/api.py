"""The stream service's routes. Everything that can be wrong with a request is said before its stream begins."""

import asyncio
import random
from collections.abc import Callable
from functools import partial

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.middleware.cors import CORSMiddleware

from stream_service import problems, sse
from stream_service.admission import Admission
from stream_service.come_later import come_later, later
from stream_service.connection import Connection
from stream_service.counts import End
from stream_service.document import PLAIN, READY, STREAM, DescribedService
from stream_service.guard import Guard, StreamId, channels_for
from stream_service.history import History
from stream_service.history_route import history_routes
from stream_service.hub import Hub
from stream_service.inspector import inspector
from stream_service.pulse import Pulse
from stream_service.query import describe_parameters, read_cursor, read_query
from stream_service.response import StreamResponse
from stream_service.settings import Settings
from stream_service.shares import Shares, TooManyRequests, Turnstile
from stream_service.stream_path import STREAM_PATH
from stream_service.takeover import Follower
from stream_service.token_keys import TokenKeysUnavailable
from stream_service.unexpected import answer_fault
from stream_service.wish import Wish
from tailrace.event import WorkflowId
from tailrace.safe_headers import SafeHeaders
from tailrace.unexpected import UnexpectedErrors


class Door:
    """Whether streams may begin: not any more once the service drains."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.draining = False

    def is_full(self, workflow_id: WorkflowId) -> bool:
        """Whether there is no place for one more client; hardly elsewhere, since it was sent where there are fewest."""
        return not self.draining and self._hub.is_full(workflow_id)

    def turns_away(self, workflow_id: WorkflowId) -> bool:
        """Whether a client that comes now is asked to come again later; it is counted."""
        why = End.DRAIN if self.draining else End.FULL if self._hub.is_full(workflow_id) else None
        if why is not None:
            self._hub.counts.turn_away(why)
        return why is not None


def create_app(
    *,
    hub: Hub,
    history: History,
    door: Door,
    guard: Guard,
    shares: Shares,
    pulse: Pulse,
    registry: CollectorRegistry,
    settings: Settings,
) -> FastAPI:
    """Make the application over a hub."""
    app = DescribedService(
        takes_tokens=settings.stream_access == "token",
        title="Tailrace's stream service",
        version="1",  # of the routes
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Nothing here exports spans, and FastAPI would look at each request whether something does by now.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    admission = Admission(guard, shares)
    for router in (
        _streams(hub, door, admission, shares, settings),
        history_routes(history, admission, shares, seconds=settings.slow_client_seconds),
        _platform(door, pulse, registry),
        inspector(admission),
    ):
        # Not `include_router`: it would keep a router between the application and the routes, at each request's cost.
        app.router.routes.extend(router.routes)
    app.add_middleware(UnexpectedErrors, answer=answer_fault)
    over_share = partial(hub.counts.turn_away, End.SHARE)
    app.add_middleware(Turnstile, shares=shares, turned_away=over_share)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.cors_origins or (("*",) if settings.stream_access == "public" else ()),
        allow_credentials=bool(settings.cors_origins),
        allow_methods=("GET", "HEAD"),
        # The last two come with every request of a page that is traced: refused, they would cost it the stream.
        allow_headers=("Authorization", "Cache-Control", "Last-Event-ID", "traceparent", "tracestate"),
        expose_headers=("Retry-After",),
        max_age=86_400,
    )
    app.add_middleware(SafeHeaders)  # the last one is the outermost
    problems.explain_errors(app)
    _ask_to_come_later(app, over_share=over_share)
    return app


def _ask_to_come_later(app: FastAPI, *, over_share: Callable[[], None]) -> None:
    @app.exception_handler(TooManyRequests)
    async def answer_too_many(request: Request, error: TooManyRequests) -> Response:
        return error.answer(request.url.path, turned_away=over_share)

    @app.exception_handler(TokenKeysUnavailable)
    async def answer_without_keys(request: Request, error: TokenKeysUnavailable) -> Response:
        refusal = problems.problem(503, str(error), kind=error.kind, headers={"Retry-After": "15"})
        return come_later(request.url.path, refusal)


def _streams(hub: Hub, door: Door, admission: Admission, shares: Shares, settings: Settings) -> APIRouter:
    router = APIRouter(tags=["streams"])

    @router.head(STREAM_PATH, include_in_schema=False)
    @router.get(
        STREAM_PATH,
        status_code=200,
        response_class=Response,  # for the document: of a stream, it describes each event
        responses=STREAM,
        summary="Follow a workflow's events: replay, then live.",
        openapi_extra={"parameters": describe_parameters()},
    )
    async def follow(workflow_id: StreamId, request: Request) -> StreamResponse:
        access = await admission.admit(request, workflow_id)  # not by Depends, which reads the id of each one again
        query = read_query(request)
        wish = Wish(
            cursor=read_cursor(request, query),
            replay=query.replay,
            channels=channels_for(access, frozenset(query.channel)),
            control=query.control,
            aged_at=_aged_at(settings),
            until=asyncio.get_running_loop().time() + admission.seconds_left(access),
        )

        def subscribe(connection: Connection, introduce: Callable[[Follower], None]) -> Follower | None:
            if door.turns_away(workflow_id):
                return None
            begin = partial(hub.subscribe, workflow_id, connection, wish)
            if (seat := shares.seat(request.scope, access.subscriber, introduce=introduce, begin=begin)) is None:
                hub.counts.turn_away(End.SHARE)
            return seat

        no_place = door.is_full(workflow_id) or shares.full(request.scope, access.subscriber)
        retry = later() if no_place else sse.retry(_retry(settings))
        return StreamResponse(first_bytes=retry, subscribe=subscribe)

    @router.options(STREAM_PATH, include_in_schema=False)
    async def options(workflow_id: StreamId) -> Response:  # noqa: ARG001 - a malformed id is refused here too
        return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"})

    return router


def _platform(door: Door, pulse: Pulse, registry: CollectorRegistry) -> APIRouter:
    router = APIRouter(tags=["platform"])

    @router.get("/healthz", response_class=PlainTextResponse, responses=PLAIN, summary="Whether the process answers.")
    async def healthz() -> str:
        return "ok"

    @router.get("/readyz", responses=READY, summary="Whether new streams should come here.")
    async def readyz() -> JSONResponse:
        if door.draining:
            return JSONResponse({"status": "draining"}, 503)
        if not pulse.ready:
            return JSONResponse({"status": "starting"}, 503)
        return JSONResponse({"status": "degraded" if pulse.degraded else "ready"})

    @router.get("/metrics", response_class=PlainTextResponse, responses=PLAIN, summary="Prometheus metrics.")
    async def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _aged_at(settings: Settings) -> float:
    """A random end for each stream: clients move to newer tasks bit by bit, and what came together leaves apart."""
    age = settings.max_stream_age_seconds * random.uniform(0.75, 1.25)  # noqa: S311 - jitter, not a secret
    return asyncio.get_running_loop().time() + age


def _retry(settings: Settings) -> int:
    """A random time for each client, so that a deploy makes no thundering herd."""
    low, high = settings.retry_from_milliseconds, settings.retry_to_milliseconds
    return random.randint(low, max(low, high))  # noqa: S311 - jitter, not a secret
