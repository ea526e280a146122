"""GET /openapi.json and /docs: the OpenAPI document, and the same as a page; each is made once."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from tumorscope.api.http.docs_page import render_page
from tumorscope.html_page import STYLE

router = APIRouter(include_in_schema=False)


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def read_document(request: Request) -> Response:
    """Return the document."""
    return _answer_once(request, "openapi_answer", lambda: JSONResponse(request.app.openapi()))


@router.get("/docs")
async def read_docs(request: Request) -> Response:
    """Return the page."""
    return _answer_once(request, "docs_answer", lambda: HTMLResponse(render_page(request.app.openapi())))


@router.get("/docs.css")
async def read_style() -> Response:
    """Return its style sheet."""
    return Response(STYLE, media_type="text/css")


def _answer_once(request: Request, name: str, make: Callable[[], Response]) -> Response:
    """The same bytes each time: made again for each of many requests, they would hold up the event loop."""
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, make())
    made: Response = getattr(state, name)
    # A response of its own, since middleware changes headers.
    return Response(made.body, media_type=made.headers["content-type"])
