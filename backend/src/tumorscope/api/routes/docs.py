"""GET /docs: the OpenAPI document as a page."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tumorscope.api.http.docs_page import render_page
from tumorscope.html_page import STYLE

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def read_docs(request: Request) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(render_page(request.app.openapi()))


@router.get("/docs.css")
async def read_style() -> Response:
    """Return its style sheet."""
    return Response(STYLE, media_type="text/css")
