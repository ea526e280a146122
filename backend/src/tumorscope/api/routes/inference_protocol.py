"""The Open Inference Protocol v2 under /v2: preprocessed pixels in, the network's outputs out.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol, with binary tensors.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from tumorscope.api.http.deadline import end_in_time, end_with_client
from tumorscope.api.http.dependencies import (
    ClassifierDependency,
    Components,
    ComponentsDependency,
    identify_client,
    refuse_unknown_parameters,
)
from tumorscope.api.http.errors import InferenceProblem
from tumorscope.api.http.openapi import describe_errors
from tumorscope.api.http.uploads import read_body
from tumorscope.api.open_inference.infer import EncodedRequest, ModelMetadata, describe_model, run_inference
from tumorscope.api.open_inference.schemas import InferenceAnswer
from tumorscope.api.open_inference.tensors import limit_body
from tumorscope.domain.errors import UnknownModel
from tumorscope.inference.classifier import Classifier
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
    415: "unsupported_format: a Content-Encoding other than gzip or deflate",
    422: "took_too_long, invalid_request",
    500: "internal",
    503: "not_ready, overloaded; with Retry-After",
}
_BYTES = {"schema": {"type": "string", "format": "binary", "description": "JSON, followed by the binary tensors."}}
_REQUEST: dict[str, Any] = {
    "parameters": [
        {
            "name": _JSON_LENGTH,
            "in": "header",
            "schema": {"type": "integer", "minimum": 0},
            "description": "How many bytes of the body are JSON, if a binary tensor follows.",
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
    "dependencies": [Depends(refuse_unknown_parameters)],
    "responses": {200: {"content": {_BINARY: _BYTES}}, **_describe_refusals(_REFUSED)},
    "openapi_extra": _REQUEST,
}


class ServerLive(BaseModel):
    """The process answers."""

    live: Literal[True] = True


class ServerReady(BaseModel):
    """The model is loaded and has reproduced its golden answers."""

    ready: Literal[True] = True


class ModelReady(BaseModel):
    """The service serves a model of this name."""

    name: str
    ready: Literal[True] = True


class ServerMetadata(BaseModel):
    """The software, its version and its extensions."""

    name: str = "tumorscope"
    version: str = VERSION
    extensions: list[str] = ["binary_tensor_data"]


async def _find_model(classifier: ClassifierDependency, name: str) -> Classifier:
    if name != classifier.bundle.manifest.name:
        raise UnknownModel("There is no model of this name; GET /health names the served one.")
    return classifier


async def _find_version(classifier: Annotated[Classifier, Depends(_find_model)], version: str) -> Classifier:
    if version != classifier.bundle.manifest.version:
        raise UnknownModel("There is no such version of the model; its metadata name the served one.")
    return classifier


ModelDependency = Annotated[Classifier, Depends(_find_model)]
VersionDependency = Annotated[Classifier, Depends(_find_version)]


@router.get("")
async def read_server_metadata() -> ServerMetadata:
    """Describe the software."""
    return ServerMetadata()


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def read_server_liveness() -> ServerLive:
    """Report that the process answers."""
    return ServerLive()


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses=_describe_refusals(_NOT_READY))
async def read_server_readiness(components: ComponentsDependency) -> ServerReady:
    """Report whether the service wants requests: its model has reproduced its golden answers."""
    components.service.require_ready()
    return ServerReady()


@router.get(_MODEL, responses=_describe_refusals(_NO_MODEL))
async def read_model_metadata(classifier: ModelDependency) -> ModelMetadata:
    """Describe the model's input and output tensors."""
    return describe_model(classifier)


@router.get(_VERSION, responses=_describe_refusals(_NO_MODEL))
async def read_version_metadata(classifier: VersionDependency) -> ModelMetadata:
    """Describe the model's input and output tensors."""
    return describe_model(classifier)


@router.get(f"{_MODEL}/ready", responses=_describe_refusals(_NO_MODEL))
async def read_model_readiness(classifier: ModelDependency) -> ModelReady:
    """Report whether a model of this name is served."""
    return ModelReady(name=classifier.bundle.manifest.name)


@router.get(f"{_VERSION}/ready", responses=_describe_refusals(_NO_MODEL))
async def read_version_readiness(classifier: VersionDependency) -> ModelReady:
    """Report whether this version of the model is served."""
    return ModelReady(name=classifier.bundle.manifest.name)


@router.post(f"{_MODEL}/infer", **_INFER)
async def infer(request: Request, components: ComponentsDependency, classifier: ModelDependency) -> Response:
    """Run the network on preprocessed pixels, without a decision and without a check of the scope."""
    return await _infer(request, components, classifier)


@router.post(f"{_VERSION}/infer", **_INFER)
async def infer_version(request: Request, components: ComponentsDependency, classifier: VersionDependency) -> Response:
    """Run this version of the network on preprocessed pixels, without a decision and without a check of the scope."""
    return await _infer(request, components, classifier)


async def _infer(request: Request, components: Components, classifier: Classifier) -> Response:
    max_bytes = min(components.limits.request_bytes, limit_body(classifier.bundle.manifest.input.size))
    with components.memory.open_buffer() as buffer:
        with components.metrics.upload_seconds.time():
            content = await read_body(request, max_bytes, buffer)
        body = EncodedRequest(content, request.headers.get("content-encoding", ""), request.headers.get(_JSON_LENGTH))
        async with end_with_client(request), end_in_time(request):
            answer = await run_inference(
                components.queue, classifier, components.metrics, body, identify_client(request)
            )
    is_binary = answer.json_bytes is not None
    headers = {_JSON_LENGTH: str(answer.json_bytes)} if is_binary else None
    return Response(answer.body, headers=headers, media_type=_BINARY if is_binary else "application/json")
