"""An application in, its OpenAPI document out, with the problem that every error is."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tumorscope.api.errors import MEDIA_TYPE
from tumorscope.api.schemas import Problem
from tumorscope.api.security import PUBLIC_PATHS

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_KEY_SCHEMES = {
    "BearerKey": {"type": "http", "scheme": "bearer", "description": "An API key of this service."},
    "HeaderKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same, in its own header."},
}
# A service that only its own machine reaches may have no keys.
_KEY_REQUIREMENT: list[dict[str, list[str]]] = [{}, {"BearerKey": []}, {"HeaderKey": []}]


def describe_errors(codes: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    """A route's error responses, by status: which codes, and that the body is a problem.

    FastAPI's own way, ``{"model": Problem}``, would state ``application/json``.
    """
    return {status: {"description": description, "content": _PROBLEM} for status, description in codes.items()}


def build_document(app: FastAPI) -> dict[str, Any]:
    """The document of the application's routes; made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        document["components"]["securitySchemes"] = _KEY_SCHEMES
        for path, operations in document["paths"].items():
            if path not in PUBLIC_PATHS:
                _describe_keys([operations[method] for method in _METHODS & operations.keys()])
        app.openapi_schema = document
    return app.openapi_schema


def _describe_keys(operations: list[dict[str, Any]]) -> None:
    """What `api.security` asks and answers before any of these routes."""
    answers = describe_errors({401: "missing_api_key", 403: "wrong_api_key", 429: "rate_limited, with Retry-After"})
    for operation in operations:
        operation["security"] = _KEY_REQUIREMENT
        described = operation["responses"] | {str(status): answer for status, answer in answers.items()}
        operation["responses"] = dict(sorted(described.items()))
