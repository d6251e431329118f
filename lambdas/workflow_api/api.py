"""The API's routes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI

from lambdas.workflow_api.answers import Answers
from lambdas.workflow_api.auth import Access
from lambdas.workflow_api.catalog import Catalog, describe
from lambdas.workflow_api.clearing import Clearing, clears
from lambdas.workflow_api.cors import admit_pages
from lambdas.workflow_api.invocation import InvokeLater
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.mint import Mint
from lambdas.workflow_api.problems import answer_problems
from lambdas.workflow_api.repeats import Repeats
from lambdas.workflow_api.runs import Runs
from lambdas.workflow_api.settings import Pages
from lambdas.workflow_api.stand_in import stand_in
from lambdas.workflow_api.token_route import tokens
from lambdas.workflow_api.triggers import triggers
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
) -> FastAPI:
    """Make the application; it knows no environment, no AWS and no event loop."""
    app = FastAPI(
        title="Tailrace",
        openapi_url=None,  # its pages would be open to everybody, and load scripts from elsewhere
        redirect_slashes=False,
        # Runs have spans of our own, in their callers' traces: FastAPI's would stand beside them.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    answer_problems(app)
    admit_pages(app, origins=pages.origins, any_origin=pages.any_origin)
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
    return app


def _lists(registry: Registry, answers: Answers, access: Access) -> APIRouter:
    router = APIRouter()

    @router.get("/pipelines")
    async def list_workflows(key: Annotated[ApiKey, Depends(access.may(Verb.READ))]) -> dict[str, Any]:
        catalog = Catalog(registry, key)
        workflows = [describe(workflow, answers) for workflow in catalog.workflows]
        return {"workflows": workflows, "import_failures": catalog.import_failures}

    @router.get("/pipelines/{workflow_id}")
    async def show_workflow(workflow_id: str, key: Annotated[ApiKey, Depends(access.may(Verb.READ))]) -> dict[str, Any]:
        return describe(Catalog(registry, key).find(workflow_id), answers)

    return router
