"""One table, exception to status; every error leaves as ``application/problem+json`` (RFC 9457)."""

import logging
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain import errors


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: str


class InferenceProblem(Problem):
    """An error under /v2, as the Open Inference Protocol has it too."""

    error: str = Field(description="The same as `detail`.")


STATUS: dict[type[errors.TumorscopeError], int] = {
    errors.NoFile: 400,
    errors.MixedStudy: 400,
    errors.UnknownModel: 404,
    errors.UploadTooSlow: 408,
    errors.UploadTooLarge: 413,
    errors.TooManyFiles: 413,
    errors.ImageTooLarge: 413,
    errors.TooManySlices: 413,
    errors.ExpandsTooMuch: 413,
    errors.UnknownSeries: 422,
    errors.UnsupportedFormat: 415,
    errors.CorruptFile: 422,
    errors.NotAnMrImage: 422,
    errors.NotAnAnatomicalImage: 422,
    errors.TiledImage: 422,
    errors.NotABrain: 422,
    errors.NoPixelData: 422,
    errors.MissingModality: 422,
    errors.NothingToReport: 422,
    errors.NoDicomOrigin: 422,
    errors.TookTooLong: 422,
    errors.InvalidRequest: 422,
    errors.InputError: 422,
    errors.MissingApiKey: 401,
    errors.UnknownHost: 421,
    errors.AccessDenied: 403,
    errors.RateLimited: 429,
    errors.NotReady: 503,
    errors.Overloaded: 503,
    errors.ServiceError: 503,
    errors.TumorscopeError: 500,
}
"""A class without a row has that of its nearest ancestor."""

MEDIA_TYPE = "application/problem+json"

PROTOCOL_PATHS = "/v2"
"""Paths with this prefix belong to the Open Inference Protocol, whose clients read its own member of an error."""

_NO_MEMORY = errors.Overloaded("There is not enough memory for this study at present.", retry_after_s=5)
_INTERNAL = "An internal error occurred. The log has its cause under the request id."
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}


def find_status(error: errors.TumorscopeError) -> int:
    """Find the status of an error."""
    return next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)


def describe_problem(status: int, code: str, detail: str, request_id: str) -> Problem:
    """Make a problem whose title is the status's phrase."""
    return Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, request_id=request_id)


def describe_error(error: errors.TumorscopeError | MemoryError, request_id: str) -> Problem:
    """Make the problem of an error whose message the client may read."""
    if isinstance(error, MemoryError):
        error = _NO_MEMORY
    return describe_problem(find_status(error), error.code, str(error), request_id)


def describe_internal(request_id: str) -> Problem:
    """Make the problem of an unexpected error."""
    return describe_problem(500, errors.TumorscopeError.code, _INTERNAL, request_id)


def problem_response(request: Request, status: int, code: str, detail: str) -> Response:
    """Make the response of a problem, and remember its code for the log."""
    request.state.code = code
    problem = describe_problem(status, code, detail, request.state.request_id)
    if request.url.path.startswith(PROTOCOL_PATHS):
        problem = InferenceProblem(**problem.model_dump(), error=detail)
    return Response(problem.model_dump_json(), status, media_type=MEDIA_TYPE)


async def answer_tumorscope_error(request: Request, error: Exception) -> Response:
    """Handle `TumorscopeError`; an internal one goes on to the outermost middleware, which logs where it was raised."""
    assert isinstance(error, errors.TumorscopeError)  # noqa: S101  (registered for this class only)
    status = find_status(error)
    if isinstance(error, errors.CorruptFile) and error.__cause__ is not None:
        # What a library raised, by its type: its text may quote the file.
        request.state.cause = type(error.__cause__).__name__
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        raise error
    response = problem_response(request, status, error.code, str(error))
    if isinstance(error, errors.ServiceError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tumorscope"'
    if isinstance(error, errors.UploadTooSlow | errors.TookTooLong):
        # The rest of the body is not read.
        response.headers["Connection"] = "close"
    return response


async def answer_memory_error(request: Request, error: Exception) -> Response:
    """Handle `MemoryError`: the study did not fit beside the others, and its memory is free again."""
    request_id = request.state.request_id
    log_event("out_of_memory", logging.WARNING, error=error, request_id=request_id)
    return await answer_tumorscope_error(request, _NO_MEMORY)


async def answer_invalid_parameter(request: Request, error: Exception) -> Response:
    """Handle FastAPI's validation error of the query."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for this class only)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem_response(request, 422, errors.InvalidRequest.code, f"{place}: {first['msg']}")


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """Handle Starlette's own errors: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for this class only)
    code = _HTTP_CODES.get(error.status_code, errors.InvalidRequest.code)
    response = problem_response(request, error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def internal_problem(request: Request) -> Response:
    """Make the response of an unexpected error."""
    return problem_response(request, 500, errors.TumorscopeError.code, _INTERNAL)
