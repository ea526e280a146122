"""An application in, its OpenAPI document out, in which every error is a problem (RFC 9457)."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from tumorscope.api.auth.security import PUBLIC_PATHS
from tumorscope.api.http.errors import MEDIA_TYPE, PROTOCOL_PATHS, InferenceProblem, Problem
from tumorscope.api.open_inference.schemas import InferenceRequest

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_KEY_SCHEMES = {
    "BearerKey": {"type": "http", "scheme": "bearer", "description": "An API key of this service."},
    "HeaderKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The same, in its own header."},
}
_ORIGIN_ANSWERS = {403: "forbidden_origin", 421: "unknown_host"}
_KEY_ANSWERS = _ORIGIN_ANSWERS | {
    401: "missing_api_key",
    403: "wrong_api_key, forbidden_origin",
    429: "rate_limited, with Retry-After",
}
# A service that only its own machine can reach may have no keys.
_KEY_REQUIREMENT: list[dict[str, list[str]]] = [{}, {"BearerKey": []}, {"HeaderKey": []}]
# Schemas that no route declares: errors, and a body that the route reads by itself.
_UNDECLARED: tuple[type[BaseModel], ...] = (Problem, InferenceProblem, InferenceRequest)
# FastAPI's own schema of an invalid parameter, which the service never sends.
_UNUSED = ("HTTPValidationError", "ValidationError")

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}},
}
UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": _FORM},
        **dict.fromkeys(("image/*", "application/dicom", "application/gzip", "application/zip"), _BYTES),
        "application/octet-stream": _BYTES,
    },
}
"""What `uploads.read_files` reads."""

UPLOAD_ERRORS: dict[int, str] = {
    400: "no_file, mixed_study, not_one_examination",
    408: "upload_too_slow",
    413: "upload_too_large, image_too_large, too_many_files, too_many_slices, expands_too_much",
    415: "unsupported_format",
    422: "corrupt_file, not_an_mr_image, not_an_anatomical_image, not_a_brain, tiled_image, no_pixel_data, "
    "missing_modality, unknown_series, took_too_long, invalid_request",
    500: "internal",
    503: "not_ready, overloaded; with Retry-After",
}
"""Codes of the errors of an upload, for `describe_errors`."""


def describe_errors(codes: dict[int, str], problem: type[Problem] = Problem) -> dict[int | str, dict[str, Any]]:
    """Describe a route's error responses, by status.

    FastAPI's own way, ``{"model": Problem}``, would state ``application/json``.
    """
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{problem.__name__}"}}}
    return {status: {"description": description, "content": content} for status, description in codes.items()}


def build_document(app: FastAPI) -> dict[str, Any]:
    """Build the document of the application's routes, once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        schemas = document["components"]["schemas"]
        for model in _UNDECLARED:
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update({**schema.pop("$defs", {}), model.__name__: schema})
        _drop_unused(document)
        document["components"]["securitySchemes"] = _KEY_SCHEMES
        for path, operations in document["paths"].items():
            _describe_access(path, [operations[method] for method in _METHODS & operations.keys()])
        app.openapi_schema = document
    return app.openapi_schema


def _describe_access(path: str, operations: list[dict[str, Any]]) -> None:
    """Add the API key, where one is needed, and the errors of `auth` to these routes."""
    problem = InferenceProblem if path.startswith(PROTOCOL_PATHS) else Problem
    needs_key = path not in PUBLIC_PATHS
    answers = describe_errors(_KEY_ANSWERS if needs_key else _ORIGIN_ANSWERS, problem)
    for operation in operations:
        if needs_key:
            operation["security"] = _KEY_REQUIREMENT
        described = operation["responses"] | {str(status): answer for status, answer in answers.items()}
        operation["responses"] = dict(sorted(described.items()))


def _drop_unused(document: dict[str, Any]) -> None:
    """Drop the status 422 that FastAPI states for every path parameter, and that a text never causes."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "application/json" in operation["responses"].get("422", {}).get("content", {}):
                del operation["responses"]["422"]
    for name in _UNUSED:
        document["components"]["schemas"].pop(name, None)
