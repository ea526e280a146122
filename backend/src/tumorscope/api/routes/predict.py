"""POST /predict."""

import hashlib
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from tumorscope.api.dependencies import (
    MaxPixelsDependency,
    ServiceDependency,
    UploadLimitsDependency,
    UploadMemoryDependency,
)
from tumorscope.api.openapi import describe_errors
from tumorscope.api.schemas import InputDescription, PredictionAnswer, Timing
from tumorscope.api.uploads import read_files
from tumorscope.domain.errors import MixedStudy
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_picture
from tumorscope.inference.classifier import Classifier, classify

router = APIRouter(tags=["prediction"])

NDJSON = "application/x-ndjson"

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}},
}
_REQUEST_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": _FORM},
        **dict.fromkeys(("image/*", "application/dicom", "application/gzip", "application/zip"), _BINARY),
        "application/octet-stream": _BINARY,
    },
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string", "description": "Lines of progress, then the result."}}}},
    **describe_errors(
        {
            400: "no_file, mixed_study",
            413: "upload_too_large, image_too_large, too_many_files",
            415: "unsupported_format",
            422: "corrupt_file, missing_modality, invalid_request",
            500: "internal",
            503: "not_ready, overloaded; with Retry-After",
        }
    ),
}


@router.post(
    "/predict", responses=_RESPONSES, openapi_extra={"requestBody": _REQUEST_BODY}, response_model=PredictionAnswer
)
async def predict(
    request: Request,
    service: ServiceDependency,
    limits: UploadLimitsDependency,
    memory: UploadMemoryDependency,
    max_pixels: MaxPixelsDependency,
    # Both are part of the contract and checked; a single slice has no slices to list, and no map is drawn yet.
    explain: Annotated[Literal["none", "heatmap"], Query()] = "none",  # noqa: ARG001
    slices: Annotated[Literal["summary", "all"], Query()] = "summary",  # noqa: ARG001
) -> PredictionAnswer | StreamingResponse:
    """Predict from one study: how likely it shows a tumour, and of which kind."""
    classifier = service.require_classifier()
    with memory.hold_files() as held:
        files = await read_files(request, limits, held)
        if len(files) > 1:
            raise MixedStudy("Several pictures are not one study; send them one by one.")
        if NDJSON not in request.headers.get("accept", ""):
            return await service.work(_answer, files[0], classifier, max_pixels)
        # Decoded before the stream begins, so that a bad file still gets its status.
        started = perf_counter()
        scan, source = await service.work(_decode, files[0], max_pixels)
        decode_ms = (perf_counter() - started) * 1000

    async def stream() -> AsyncIterator[str]:
        yield '{"event":"progress","done":0,"total":1}\n'
        answer = await service.work(_classify, scan, source, classifier, decode_ms)
        yield '{"event":"progress","done":1,"total":1}\n'
        yield f'{{"event":"result",{answer.model_dump_json()[1:]}\n'

    return StreamingResponse(stream(), media_type=NDJSON)


def _answer(data: bytes, classifier: Classifier, max_pixels: int) -> PredictionAnswer:
    started = perf_counter()
    scan, source = _decode(data, max_pixels)
    return _classify(scan, source, classifier, (perf_counter() - started) * 1000)


def _decode(data: bytes, max_pixels: int) -> tuple[Slice, InputDescription]:
    scan = decode_picture(data, max_pixels)
    return scan, InputDescription.from_domain(scan, hashlib.sha256(data).hexdigest())


def _classify(scan: Slice, source: InputDescription, classifier: Classifier, decode_ms: float) -> PredictionAnswer:
    started = perf_counter()
    result = classify(classifier, scan)
    timing = Timing(
        decode=round(decode_ms, 3),
        preprocess=round(result.preprocess_ms, 3),
        inference=round(result.inference_ms, 3),
        explain=0.0,
        total=round(decode_ms + (perf_counter() - started) * 1000, 3),
    )
    return PredictionAnswer.from_domain(str(uuid4()), source, result, classifier, timing)
