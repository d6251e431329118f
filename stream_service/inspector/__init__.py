"""The page that shows a stream: what a person sees who opens `/streams/{id}`."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from starlette.responses import FileResponse, Response

from stream_service.admission import Admission
from tailrace.access import Access

_FOLDER = Path(__file__).parent
_ASSETS = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "frames.js": "text/javascript",
    "readable.js": "text/javascript",
}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def inspector(admission: Admission) -> APIRouter:
    """Make the page's routes. It is the same page for every stream: it reads id and token from its own address."""
    router = APIRouter(tags=["page"], include_in_schema=False)

    @router.head("/streams/assets/{name}")
    @router.get("/streams/assets/{name}")
    async def asset(name: str) -> Response:
        if name not in _ASSETS:
            raise HTTPException(404)
        return FileResponse(_FOLDER / name, media_type=_ASSETS[name], headers=_HEADERS)

    @router.head("/streams/{workflow_id}")
    @router.get("/streams/{workflow_id}")
    async def page(
        access: Annotated[Access, Depends(admission.admit)],  # noqa: ARG001 - checked, not used
    ) -> Response:
        return FileResponse(_FOLDER / "page.html", media_type="text/html", headers=_HEADERS)

    return router
