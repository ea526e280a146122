"""The Open Inference Protocol v2 under /v2: prepared pixels in, what the network makes of them out.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol, with binary tensors.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from tumorscope.api.http.dependencies import (
    ClassifierDependency,
    Components,
    ComponentsDependency,
)
from tumorscope.api.http.openapi import describe_errors
from tumorscope.api.http.uploads import read_body
from tumorscope.api.open_inference.infer import EncodedRequest, run_inference
from tumorscope.api.open_inference.model_tensors import ModelMetadata, describe_model
from tumorscope.api.open_inference.schemas import InferenceAnswer
from tumorscope.api.open_inference.tensors import limit_body
from tumorscope.domain.errors import UnknownModel
from tumorscope.inference.classifier import Classifier
from tumorscope.presentation.schemas import InferenceProblem
from tumorscope.version import VERSION

router = APIRouter(prefix="/v2", tags=["open inference protocol"])

_MODEL = "/models/{name}"
_VERSION = "/models/{name}/versions/{version}"
_JSON_LENGTH = "Inference-Header-Content-Length"
_BINARY = "application/octet-stream"

_NOT_READY = {503: "not_ready, with Retry-After"}
_NO_MODEL = {404: "unknown_model", **_NOT_READY}
_REFUSED = {
    404: "unknown_model",
    408: "upload_too_slow",
    413: "upload_too_large, expands_too_much",
    415: "unsupported_format: a Content-Encoding other than gzip and deflate",
    422: "invalid_request",
    500: "internal",
    503: "not_ready, overloaded; with Retry-After",
}
_BYTES = {"schema": {"type": "string", "format": "binary", "description": "JSON, and the binary tensors behind it."}}
_REQUEST: dict[str, Any] = {
    "parameters": [
        {
            "name": _JSON_LENGTH,
            "in": "header",
            "schema": {"type": "integer", "minimum": 0},
            "description": "How many bytes of the body are JSON, where a binary tensor follows.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}},
            _BINARY: _BYTES,
        },
    },
}


def _describe_refusals(codes: dict[int, str]) -> dict[int | str, dict[str, Any]]:
    return describe_errors(codes, InferenceProblem)


_INFER: dict[str, Any] = {
    "response_model": InferenceAnswer,
    "responses": {200: {"content": {_BINARY: _BYTES}}, **_describe_refusals(_REFUSED)},
    "openapi_extra": _REQUEST,
}


class ServerLive(BaseModel):
    """The process answers."""

    live: Literal[True] = True


class ServerReady(BaseModel):
    """The model is loaded, and reproduced its golden answers."""

    ready: Literal[True] = True


class ModelReady(BaseModel):
    """The model of this name is served."""

    name: str
    ready: Literal[True] = True


class ServerMetadata(BaseModel):
    """Which software answers, and which extensions it has."""

    name: str = "tumorscope"
    version: str = VERSION
    extensions: list[str] = ["binary_tensor_data"]


async def _find_model(classifier: ClassifierDependency, name: str) -> Classifier:
    if name != classifier.bundle.manifest.name:
        raise UnknownModel("No model of this name is served; GET /health names the one that is.")
    return classifier


async def _find_version(classifier: Annotated[Classifier, Depends(_find_model)], version: str) -> Classifier:
    if version != classifier.bundle.manifest.version:
        raise UnknownModel("The model is not served in this version; its metadata name the one that is.")
    return classifier


ModelDependency = Annotated[Classifier, Depends(_find_model)]
VersionDependency = Annotated[Classifier, Depends(_find_version)]


@router.get("")
async def read_server_metadata() -> ServerMetadata:
    """Which software answers."""
    return ServerMetadata()


@router.get("/health/live")
async def read_server_liveness() -> ServerLive:
    """Whether the process answers."""
    return ServerLive()


@router.get("/health/ready", responses=_describe_refusals(_NOT_READY))
async def read_server_readiness(components: ComponentsDependency) -> ServerReady:
    """Whether the model is loaded and reproduced its golden answers."""
    components.service.require_ready()
    return ServerReady()


@router.get(_MODEL, responses=_describe_refusals(_NO_MODEL))
async def read_model_metadata(classifier: ModelDependency) -> ModelMetadata:
    """The tensors that the model takes and gives."""
    return describe_model(classifier)


@router.get(_VERSION, responses=_describe_refusals(_NO_MODEL))
async def read_version_metadata(classifier: VersionDependency) -> ModelMetadata:
    """The tensors that the model takes and gives."""
    return describe_model(classifier)


@router.get(f"{_MODEL}/ready", responses=_describe_refusals(_NO_MODEL))
async def read_model_readiness(classifier: ModelDependency) -> ModelReady:
    """Whether a model of this name is served."""
    return ModelReady(name=classifier.bundle.manifest.name)


@router.get(f"{_VERSION}/ready", responses=_describe_refusals(_NO_MODEL))
async def read_version_readiness(classifier: VersionDependency) -> ModelReady:
    """Whether a model of this name is served in this version."""
    return ModelReady(name=classifier.bundle.manifest.name)


@router.post(f"{_MODEL}/infer", **_INFER)
async def infer(
    request: Request,
    components: ComponentsDependency,
    classifier: ModelDependency,
) -> Response:
    """What the network makes of prepared pixels: nothing is decided, and nothing refused as out of scope."""
    return await _infer(request, components, classifier)


@router.post(f"{_VERSION}/infer", **_INFER)
async def infer_version(
    request: Request,
    components: ComponentsDependency,
    classifier: VersionDependency,
) -> Response:
    """What this version of the network makes of prepared pixels: nothing is decided or refused as out of scope."""
    return await _infer(request, components, classifier)


async def _infer(
    request: Request,
    components: Components,
    classifier: Classifier,
) -> Response:
    max_bytes = min(components.limits.request_bytes, limit_body(classifier.bundle.manifest.input.size))
    with components.memory.open_buffer() as buffer:
        with components.metrics.upload_seconds.time():
            content = await read_body(request, max_bytes, buffer)
        body = EncodedRequest(content, request.headers.get("content-encoding", ""), request.headers.get(_JSON_LENGTH))
        answer = await run_inference(components.queue, classifier, components.metrics, body, request.is_disconnected)
    is_binary = answer.json_bytes is not None
    headers = {_JSON_LENGTH: str(answer.json_bytes)} if is_binary else None
    return Response(answer.body, headers=headers, media_type=_BINARY if is_binary else "application/json")
