"""The API's routes."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.catalog import Catalog, describe
from lambdas.workflow_api.deadline import SYNCHRONOUS, LambdaContext, seconds_for_run, seconds_of_lease
from lambdas.workflow_api.invocation import InvokeLater, LaterRun
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.preferences import idempotency_key, prefers_async
from lambdas.workflow_api.problems import Problem, answer_problems
from lambdas.workflow_api.repeats import Outcome, Repeats
from lambdas.workflow_api.runs import Identity, Runs
from lambdas.workflow_api.stand_in import stand_in
from lambdas.workflow_api.trigger import trigger_event
from tailrace.workflow import Registry, Workflow

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Of a request: Lambda's limit for an event is 6 MB, in which a form's body travels as base64."""


def create_app(
    *,
    registry: Registry,
    runs: Runs,
    repeats: Repeats,
    answers: Answers,
    access: Access,
    invoke_later: InvokeLater,
) -> FastAPI:
    """Make the application; it knows no environment, no AWS and no event loop."""
    app = FastAPI(
        title="Tailrace",
        openapi_url=None,  # its pages would be open to everybody, and load scripts from elsewhere
        redirect_slashes=False,
    )
    answer_problems(app)
    app.router.routes.append(stand_in())

    @app.get("/pipelines")
    async def list_workflows(key: Annotated[ApiKey, Depends(access.may(Verb.READ))]) -> dict[str, Any]:
        catalog = Catalog(registry, key)
        workflows = [describe(workflow, answers) for workflow in catalog.workflows]
        return {"workflows": workflows, "import_failures": catalog.import_failures}

    @app.get("/pipelines/{workflow_id}")
    async def show_workflow(workflow_id: str, key: Annotated[ApiKey, Depends(access.may(Verb.READ))]) -> dict[str, Any]:
        return describe(Catalog(registry, key).find(workflow_id), answers)

    async def run_now(
        workflow: Workflow, event: Mapping[str, Any], context: LambdaContext | None, identity: Identity
    ) -> Outcome:
        seconds = seconds_for_run(context, at_most=SYNCHRONOUS)
        result = await runs.run_for_request(workflow, event, identity=identity, seconds=seconds)
        return Outcome(answers.answer(result), brief=lambda: answers.answer(result, brief=True))

    async def run_later(workflow: Workflow, event: Mapping[str, Any], identity: Identity) -> Outcome:
        trace_id, floor = identity.trace_id, identity.floor
        await LaterRun(workflow_id=workflow.id, trace_id=trace_id, floor=floor, trigger_event=event).begin(invoke_later)
        accepted = answers.accepted(workflow.id, trace_id)
        return Outcome(accepted, brief=lambda: accepted)

    @app.post("/pipelines/{workflow_id}/events")
    async def run_workflow(
        workflow_id: str, request: Request, api_key: Annotated[ApiKey, Depends(access.may(Verb.RUN))]
    ) -> Response:
        workflow = Catalog(registry, api_key).find(workflow_id)
        key, later = idempotency_key(request), prefers_async(request)
        context = request.scope.get("aws.context")
        event = trigger_event(request, await _read(request))
        perform = partial(run_later, workflow, event) if later else partial(run_now, workflow, event, context)
        if key is not None:
            lease = seconds_of_lease(context, run=0 if later else SYNCHRONOUS)
            return await repeats.answer(key, workflow.id, event, seconds=lease, perform=perform)
        identity = await runs.identify(workflow) if later else Identity(trace_id=uuid4().hex)
        return (await perform(identity)).response

    return app


async def _read(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "body-too-large",
            f"The body is {len(body):,} bytes; at most {MAX_BODY_BYTES:,} are read. Send a link to what is larger.",
        )
    return body
