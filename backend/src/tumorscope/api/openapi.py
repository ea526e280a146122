"""An application in, its OpenAPI document out, with the problem that every error is."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from tumorscope.api.errors import MEDIA_TYPE
from tumorscope.api.schemas import Problem

_PROBLEM = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}


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
        app.openapi_schema = document
    return app.openapi_schema
