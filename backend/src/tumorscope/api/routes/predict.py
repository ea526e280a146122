"""POST /predict."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from tumorscope.api.http.dependencies import ClassifierDependency, ComponentsDependency
from tumorscope.api.http.openapi import UPLOAD_BODY, UPLOAD_ERRORS, describe_errors
from tumorscope.api.http.uploads import read_files
from tumorscope.api.jobs.answering import Answering, answer_files, decode_files, stream_answer
from tumorscope.imaging.decode import looks_like_study
from tumorscope.presentation.schemas import PredictionAnswer

router = APIRouter(tags=["prediction"])

NDJSON = "application/x-ndjson"

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string", "description": "Lines of progress, then the result."}}}},
    **describe_errors(UPLOAD_ERRORS),
}


@router.post(
    "/predict", responses=_RESPONSES, openapi_extra={"requestBody": UPLOAD_BODY}, response_model=PredictionAnswer
)
async def predict(
    request: Request,
    components: ComponentsDependency,
    classifier: ClassifierDependency,
    explain: Annotated[Literal["none", "heatmap"], Query(description="Whether to draw what speaks for it.")] = "none",
    slices: Annotated[Literal["summary", "all"], Query(description="Of a volume: five slices, or all.")] = "summary",
    picture: Annotated[
        Literal["none", "shown"], Query(description="Whether `view` holds the slice's picture.")
    ] = "none",
) -> Response:
    """Predict from one study: how likely it shows a tumour, and of which kind."""
    answering = Answering(
        classifier,
        components.decode,
        components.metrics,
        components.service.offer,
        every_slice=slices == "all",
        with_picture=picture == "shown",
        with_heatmap=explain == "heatmap",
    )
    with components.memory.open_buffer() as buffer:
        with components.metrics.upload_seconds.time():
            files = await read_files(request, components.limits, buffer)
        if NDJSON not in request.headers.get("accept", ""):
            answer = await answer_files(components.queue, answering, files, request)
            # As it is: FastAPI would check and copy what pydantic has made.
            return Response(answer.model_dump_json(), media_type="application/json")
        # Decoded before the stream begins, so that a bad file still gets its status.
        decoded = await components.queue.work(
            decode_files, answering, files, is_study=looks_like_study(files), is_gone=request.is_disconnected
        )
    return StreamingResponse(
        stream_answer(components.queue, answering, decoded, request.state.request_id), media_type=NDJSON
    )
