"""The API's routes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.catalog import Catalog, describe
from lambdas.workflow_api.clearing import Clearing, clears
from lambdas.workflow_api.cors import admit_pages
from lambdas.workflow_api.document import EVERY_REFUSAL, KEY, NO_ID, UNKNOWN, DescribedApi, WorkflowIdText, answer
from lambdas.workflow_api.invocation import InvokeLater
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.problems import answer_problems
from lambdas.workflow_api.repeats import Repeats
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.schemas import reference
from lambdas.workflow_api.settings import Pages
from lambdas.workflow_api.stand_in import stand_in
from lambdas.workflow_api.token_route import tokens
from lambdas.workflow_api.triggers import triggers
from lambdas.workflow_api.viewer import Viewer
from tailrace.safe_headers import SafeHeaders
from tailrace.workflow import Registry


def create_app(
    *,
    registry: Registry,
    runs: Runs,
    repeats: Repeats,
    answers: Answers,
    access: Access,
    clearing: Clearing,
    mint: Mint,
    pages: Pages,
    invoke_later: InvokeLater,
    origin_key: str | None = None,
) -> FastAPI:
    """Make the application; it knows no environment, no AWS and no event loop.

    `origin_key` is what CloudFront proves itself with; None where there is none in front.
    """
    app = DescribedApi(
        title="Tailrace's workflow API",
        version="1",  # of the routes: a release's number is nobody's business who has no key
        openapi_url=None,  # it would be open to everybody; and the pages beside it load scripts from elsewhere
        redirect_slashes=False,
        # Runs have spans of our own, in their callers' traces: FastAPI's would stand beside them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    answer_problems(app)
    admit_pages(app, origins=pages.origins, any_origin=pages.any_origin)
    app.add_middleware(Viewer, origin_key=origin_key)
    app.add_middleware(SafeHeaders)  # the last one is the outermost
    app.router.routes.append(stand_in())
    app.include_router(_lists(registry, answers, access))
    app.include_router(
        triggers(
            registry=registry, runs=runs, repeats=repeats, answers=answers, access=access, invoke_later=invoke_later
        )
    )
    app.include_router(clears(clearing=clearing, access=access))
    app.include_router(tokens(registry=registry, mint=mint, answers=answers, access=access, one_host=pages.one_host))
    app.include_router(_document(app, access))
    return app


def _lists(registry: Registry, answers: Answers, access: Access) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/pipelines",
        response_model=None,
        responses={**answer(200, reference("Workflows"), "Those that the key may read."), **EVERY_REFUSAL},
        summary="List the workflows.",
        openapi_extra={"security": KEY},
    )
    async def list_workflows(key: Annotated[ApiKey, Depends(access.may(Verb.READ))]) -> dict[str, Any]:
        catalog = Catalog(registry, key)
        workflows = [describe(workflow, answers) for workflow in catalog.workflows]
        return {"workflows": workflows, "import_failures": catalog.import_failures}

    @router.get(
        "/pipelines/{workflow_id}",
        response_model=None,
        responses={**answer(200, reference("Workflow"), "The workflow."), **EVERY_REFUSAL, **UNKNOWN, **NO_ID},
        summary="Show a workflow.",
        openapi_extra={"security": KEY},
    )
    async def show_workflow(
        workflow_id: WorkflowIdText, key: Annotated[ApiKey, Depends(access.may(Verb.READ))]
    ) -> dict[str, Any]:
        return describe(Catalog(registry, key).find(workflow_id), answers)

    return router


def _document(app: FastAPI, access: Access) -> APIRouter:
    router = APIRouter()

    @router.get(
        "/openapi.json",
        dependencies=[Depends(access.may(Verb.READ))],
        responses={**answer(200, {"type": "object"}, "This document."), **EVERY_REFUSAL},
        summary="Describe the API.",
        openapi_extra={"security": KEY},
    )
    async def describe_api() -> JSONResponse:
        return JSONResponse(app.openapi())

    return router
