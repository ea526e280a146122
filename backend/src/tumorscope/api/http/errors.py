"""One table, exception to status; every error leaves as ``application/problem+json`` (RFC 9457)."""

import logging
from http import HTTPStatus

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain import errors
from tumorscope.presentation.schemas import InferenceProblem, Problem

STATUS: dict[type[errors.TumorscopeError], int] = {
    errors.NoFile: 400,
    errors.MixedStudy: 400,
    errors.UnknownModel: 404,
    errors.UploadTooSlow: 408,
    errors.UploadTooLarge: 413,
    errors.TooManyFiles: 413,
    errors.ImageTooLarge: 413,
    errors.ExpandsTooMuch: 413,
    errors.UnsupportedFormat: 415,
    errors.CorruptFile: 422,
    errors.NotAnMrImage: 422,
    errors.NoPixelData: 422,
    errors.MissingModality: 422,
    errors.InvalidRequest: 422,
    errors.InputError: 422,
    errors.MissingApiKey: 401,
    errors.AccessDenied: 403,
    errors.RateLimited: 429,
    errors.NotReady: 503,
    errors.Overloaded: 503,
    errors.ServiceError: 503,
    errors.TumorscopeError: 500,
}
"""The nearest ancestor's row holds for a class without one."""

MEDIA_TYPE = "application/problem+json"

PROTOCOL_PATHS = "/v2"
"""What these begin with belongs to the Open Inference Protocol, whose clients look for its own member of an error."""

_NO_MEMORY = errors.Overloaded("There is not enough memory for this study now.", retry_after_s=5)
_INTERNAL = "Something went wrong here. The request id finds it in the log."
_HTTP_CODES = {404: "not_found", 405: "method_not_allowed"}


def find_status(error: errors.TumorscopeError) -> int:
    """The status of the nearest ancestor in `STATUS`."""
    return next(STATUS[ancestor] for ancestor in type(error).__mro__ if ancestor in STATUS)


def describe_problem(status: int, code: str, detail: str, request_id: str) -> Problem:
    """A problem whose title is the status's phrase."""
    return Problem(title=HTTPStatus(status).phrase, status=status, code=code, detail=detail, request_id=request_id)


def describe_error(error: errors.TumorscopeError | MemoryError, request_id: str) -> Problem:
    """What the client is told of an error that is not ours to hide."""
    if isinstance(error, MemoryError):
        error = _NO_MEMORY
    return describe_problem(find_status(error), error.code, str(error), request_id)


def describe_internal(request_id: str) -> Problem:
    """What the client is told of everything unforeseen."""
    return describe_problem(500, errors.TumorscopeError.code, _INTERNAL, request_id)


def problem_response(request: Request, status: int, code: str, detail: str) -> Response:
    """A problem as a response; its code is noted for the log."""
    request.state.code = code
    problem = describe_problem(status, code, detail, request.state.request_id)
    if request.url.path.startswith(PROTOCOL_PATHS):
        problem = InferenceProblem(**problem.model_dump(), error=detail)
    return Response(problem.model_dump_json(), status, media_type=MEDIA_TYPE)


async def answer_tumorscope_error(request: Request, error: Exception) -> Response:
    """For `TumorscopeError`; what is ours to mend goes on to the outermost middleware, which logs its place."""
    assert isinstance(error, errors.TumorscopeError)  # noqa: S101  (registered for this class only)
    status = find_status(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        raise error
    response = problem_response(request, status, error.code, str(error))
    if isinstance(error, errors.ServiceError):
        response.headers["Retry-After"] = str(error.retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tumorscope"'
    if isinstance(error, errors.UploadTooSlow):
        # What is still to come of the body is not waited for.
        response.headers["Connection"] = "close"
    return response


async def answer_memory_error(request: Request, error: Exception) -> Response:
    """For `MemoryError`: the study was too much beside the others, and what it held is free again."""
    request_id = request.state.request_id
    log_event("out_of_memory", logging.WARNING, error=error, request_id=request_id)
    return await answer_tumorscope_error(request, _NO_MEMORY)


async def answer_invalid_parameter(request: Request, error: Exception) -> Response:
    """For FastAPI's validation of the query."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for this class only)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return problem_response(request, 422, errors.InvalidRequest.code, f"{place}: {first['msg']}")


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """For Starlette's own: no such path, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for this class only)
    code = _HTTP_CODES.get(error.status_code, errors.InvalidRequest.code)
    response = problem_response(request, error.status_code, code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


def internal_problem(request: Request) -> Response:
    """For everything unforeseen."""
    return problem_response(request, 500, errors.TumorscopeError.code, _INTERNAL)
