"""The API's routes."""

from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI, Request
from starlette.responses import Response

from lambdas.workflow_api import catalog
from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import ApiKey, authorizer
from lambdas.workflow_api.deadline import SYNCHRONOUS, seconds_for_run
from lambdas.workflow_api.invocation import InvokeLater, LaterRun
from lambdas.workflow_api.preferences import prefers_async, trace_id_of
from lambdas.workflow_api.problems import Problem, answer_problems
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.trigger import trigger_event
from tailrace.workflow import Registry

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Of a request: Lambda's limit for an event is 6 MB, in which a form's body travels as base64."""


def create_app(
    *, registry: Registry, runs: Runs, answers: Answers, api_key: ApiKey, invoke_later: InvokeLater
) -> FastAPI:
    """Make the application; it knows no environment, no AWS and no event loop."""
    app = FastAPI(
        title="Tailrace",
        openapi_url=None,  # its pages would be open to everybody, and load scripts from elsewhere
        redirect_slashes=False,
        dependencies=[Depends(authorizer(api_key))],
    )
    answer_problems(app)

    @app.get("/pipelines")
    async def list_workflows() -> dict[str, Any]:
        workflows = [catalog.describe(workflow, answers) for workflow in registry.workflows.values()]
        return {"workflows": workflows, "import_failures": catalog.import_failures(registry)}

    @app.get("/pipelines/{workflow_id}")
    async def show_workflow(workflow_id: str) -> dict[str, Any]:
        return catalog.describe(catalog.find(registry, workflow_id), answers)

    @app.post("/pipelines/{workflow_id}/events")
    async def run_workflow(workflow_id: str, request: Request) -> Response:
        workflow = catalog.find(registry, workflow_id)
        trace_id = trace_id_of(request, workflow.id)
        event = trigger_event(request, await _read(request))
        if prefers_async(request):
            await LaterRun(workflow_id=workflow.id, trace_id=trace_id, trigger_event=event).begin(invoke_later)
            return answers.accepted(workflow.id, trace_id)
        seconds = seconds_for_run(request.scope.get("aws.context"), at_most=SYNCHRONOUS)
        return answers.answer(await runs.run_for_request(workflow, event, trace_id=trace_id, seconds=seconds))

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
