"""The route that runs a workflow: at once or later, once or again, for who holds a key or for strangers."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.catalog import Catalog
from lambdas.workflow_api.deadline import SYNCHRONOUS, seconds_for_answer, seconds_of_lease
from lambdas.workflow_api.document import (
    EVERY_REFUSAL,
    IDEMPOTENCY_KEY,
    IN_PROGRESS,
    KEY_OR_NONE,
    PREFER,
    RUN_IDS,
    TOO_LARGE,
    TRACE_ID,
    UNKNOWN,
    UNREADABLE,
    WorkflowIdText,
    answer,
    refusal,
)
from lambdas.workflow_api.invocation import InvokeLater, LaterRun
from lambdas.workflow_api.keys import ApiKey
from lambdas.workflow_api.preferences import idempotency_key, prefers_async
from lambdas.workflow_api.problems import Problem
from lambdas.workflow_api.public_answers import PublicAnswers
from lambdas.workflow_api.repeats import Outcome, Repeats
from lambdas.workflow_api.runs import Identity, Runs
from lambdas.workflow_api.schemas import reference
from lambdas.workflow_api.traces import new_trace_id
from lambdas.workflow_api.trigger import trigger_event
from tailrace.workflow import Registry, Workflow

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Of a request: Lambda's limit for an event is 6 MB, in which a form's body travels as base64."""

_BODIES: dict[str, dict[str, Any]] = {
    "application/json": {"schema": {}},
    "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
    "multipart/form-data": {"schema": {"type": "object"}},
    "text/plain": {"schema": {"type": "string"}},
}
_RAN = {"anyOf": [reference("Run"), reference("RunOfStranger")]}
_APPLIED = {"Preference-Applied": {"required": True, "schema": {"const": "respond-async"}}}
_ANSWERS = {
    **answer(200, _RAN, "The workflow has run; how, depends on whether a key was shown.", RUN_IDS),
    **answer(202, reference("AcceptedRun"), "The workflow will run.", TRACE_ID | _APPLIED),
    "default": {"description": "What the workflow says with `pd.respond`: status, headers and body are its own."},
    **EVERY_REFUSAL,
    **UNREADABLE,
    **TOO_LARGE,
    **UNKNOWN,
    **IN_PROGRESS,
    **refusal(422, "That is no workflow's id, or no Idempotency-Key, or one that was used with another body or query."),
    **refusal(500, "A step failed, or something that nobody expected.", schema="FailedRun"),
    **refusal(504, "The run's time was up.", RUN_IDS, schema="FailedRun"),
}


def triggers(
    *,
    registry: Registry,
    runs: Runs,
    repeats: Repeats,
    answers: Answers,
    access: Access,
    invoke_later: InvokeLater,
) -> APIRouter:
    """Make the route."""
    router = APIRouter()

    @router.post(
        "/pipelines/{workflow_id}/events",
        responses=_ANSWERS,
        summary="Run a workflow.",
        openapi_extra={
            "security": KEY_OR_NONE,
            "parameters": [IDEMPOTENCY_KEY, PREFER],
            "requestBody": {"content": _BODIES, "description": "What its steps see as `event.body`."},
        },
    )
    async def run_workflow(
        workflow_id: WorkflowIdText,
        request: Request,
        holder: Annotated[ApiKey | None, Depends(access.may_run(registry.public))],
    ) -> Response:
        workflow = _find(registry, workflow_id, holder)
        key, later = idempotency_key(request), prefers_async(request)
        context = request.scope.get("aws.context")
        event = trigger_event(request, await _read(request))
        asked = _Asked(workflow, event, answers if holder else PublicAnswers())
        perform = partial(_run_later, asked, invoke_later) if later else partial(_run_now, asked, runs, request.scope)
        if key is not None:
            lease = seconds_of_lease(context, run=0 if later else SYNCHRONOUS)
            return await repeats.answer(
                key, workflow.id, event, seconds=lease, perform=perform, by_stranger=holder is None
            )
        identity = await runs.identify(workflow) if later else Identity(trace_id=new_trace_id())
        return (await perform(identity)).response

    return router


@dataclass(frozen=True, slots=True)
class _Asked:
    """A run that is asked for, and by whose answers it is told."""

    workflow: Workflow
    event: Mapping[str, Any]
    answers: Answers | PublicAnswers


async def _run_now(asked: _Asked, runs: Runs, scope: Mapping[str, Any], identity: Identity) -> Outcome:
    seconds = seconds_for_answer(scope)
    result = await runs.run_for_request(asked.workflow, asked.event, identity=identity, seconds=seconds)
    return Outcome(asked.answers.answer(result), brief=lambda: asked.answers.answer(result, brief=True))


async def _run_later(asked: _Asked, invoke_later: InvokeLater, identity: Identity) -> Outcome:
    later = LaterRun(
        workflow_id=asked.workflow.id, trace_id=identity.trace_id, floor=identity.floor, trigger_event=asked.event
    )
    await later.begin(invoke_later)
    accepted = asked.answers.accepted(asked.workflow.id, identity.trace_id)
    return Outcome(accepted, brief=lambda: accepted)


def _find(registry: Registry, workflow_id: str, holder: ApiKey | None) -> Workflow:
    workflow = registry.public(workflow_id) if holder is None else Catalog(registry, holder).find(workflow_id)
    assert workflow is not None  # noqa: S101 (strangers were let in because it is public)
    return workflow


async def _read(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body-too-large",
            f"The body is {len(body):,} bytes; at most {MAX_BODY_BYTES:,} are read. Send a link to what is larger.",
        )
    return body
