"""POST /predict."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from tumorscope.api.http.dependencies import ClassifierDependency, ComponentsDependency
from tumorscope.api.http.openapi import UPLOAD_BODY, UPLOAD_ERRORS, describe_errors
from tumorscope.api.http.uploads import read_files
from tumorscope.api.jobs.prediction import PredictionJob, answer_job, stream_job
from tumorscope.imaging.decode import sniff_upload
from tumorscope.presentation.answer import PredictionAnswer

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
    explain: Annotated[Literal["none", "heatmap"], Query(description="Whether to add heat maps.")] = "none",
    slices: Annotated[
        Literal["summary", "all"], Query(description="Slices of a volume in the answer: the five highest, or all.")
    ] = "summary",
    picture: Annotated[
        Literal["none", "shown"], Query(description="Whether `view` has the picture of the slice.")
    ] = "none",
) -> Response:
    """Predict from one study: how likely it shows a tumour, and of which kind."""
    with components.memory.open_buffer() as buffer:
        with components.metrics.upload_seconds.time():
            files = await read_files(request, components.limits, buffer)
        job = PredictionJob(
            classifier,
            sniff_upload(files),
            components.decode,
            components.metrics,
            components.service.offer,
            every_slice=slices == "all",
            with_picture=picture == "shown",
            explain=explain == "heatmap",
        )
        if NDJSON in request.headers.get("accept", ""):
            return StreamingResponse(await stream_job(components.queue, job, request), media_type=NDJSON)
        answer = await answer_job(components.queue, job, request)
        # As it is: FastAPI would check and copy what pydantic has made.
        return Response(answer.model_dump_json(), media_type="application/json")
