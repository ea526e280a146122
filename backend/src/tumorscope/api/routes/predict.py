"""POST /predict: an upload in, the contract's answer out, in one turn of the work queue, at once or line by line."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from python_multipart.multipart import parse_options_header

from tumorscope.api.http.deadline import end_in_time, end_with_client
from tumorscope.api.http.dependencies import (
    ClassifierDependency,
    Components,
    ComponentsDependency,
    SeriesParameter,
    identify_client,
    refuse_unknown_parameters,
)
from tumorscope.api.http.errors import describe_error, describe_internal, find_status
from tumorscope.api.http.held_response import HeldResponse
from tumorscope.api.http.openapi import UPLOAD_BODY, UPLOAD_ERRORS, describe_errors
from tumorscope.api.http.uploads import read_files
from tumorscope.api.monitoring.logs import log_event
from tumorscope.api.monitoring.metrics import Metrics, record_prediction
from tumorscope.domain.errors import TumorscopeError
from tumorscope.imaging.decode import Upload, sniff_upload
from tumorscope.imaging.decoder_channel import Watch
from tumorscope.imaging.source import Reserve
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import (
    Explain,
    Progress,
    StepDone,
    StepTimes,
    StudyPrediction,
    predict_upload,
)
from tumorscope.presentation import fhir
from tumorscope.presentation.answer import PredictionAnswer, present

router = APIRouter(tags=["prediction"], dependencies=[Depends(refuse_unknown_parameters)])

NDJSON = "application/x-ndjson"
_JSON = "application/json"

_DICOM = 'multipart/related; type="application/dicom"'
_FORMS: dict[str, dict[str, str]] = {
    NDJSON: {"type": "string", "description": "Lines of progress, then the result."},
    _DICOM: {"type": "string", "format": "binary", "description": "A report, heat maps and a picture, as DICOM files."},
    fhir.MEDIA_TYPE: {"type": "object", "description": "A bundle of HL7 FHIR R4 with a preliminary report."},
}
_ERRORS = UPLOAD_ERRORS | {422: f"{UPLOAD_ERRORS[422]}; as DICOM or FHIR: nothing_to_report; as DICOM: no_dicom_origin"}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name: {"schema": schema} for name, schema in _FORMS.items()}},
    **describe_errors(_ERRORS),
}

_Write = Callable[[StudyPrediction, PredictionAnswer], Response]


@dataclass(frozen=True, slots=True)
class _PredictionJob:
    """What a request wants, and what answers it; its files are released with the request's buffer."""

    components: Components
    classifier: Classifier
    upload: Upload
    every_slice: bool
    with_picture: bool
    explain: Explain
    write: _Write


@router.post(
    "/predict", responses=_RESPONSES, openapi_extra={"requestBody": UPLOAD_BODY}, response_model=PredictionAnswer
)
async def predict(
    request: Request,
    components: ComponentsDependency,
    classifier: ClassifierDependency,
    explain: Annotated[
        Explain, Query(description="Whether to add heat maps, and on each slice one of every kind of tumour.")
    ] = "none",
    slices: Annotated[
        Literal["summary", "all"], Query(description="Slices of a volume in the answer: the five highest, or all.")
    ] = "summary",
    picture: Annotated[
        Literal["none", "shown"], Query(description="Whether `view` has the picture of the slice.")
    ] = "none",
    series: SeriesParameter = None,
) -> Response:
    """Predict from one study: how likely it shows a tumour, and of which kind."""
    form = _choose_form(request.headers.get("accept", ""))
    # The last one of the lines is JSON.
    write = {_DICOM: _write_dicom, fhir.MEDIA_TYPE: _write_fhir}.get(form, _write_json)
    with ExitStack() as held:
        buffer = held.enter_context(components.memory.open_buffer())
        with components.metrics.upload_seconds.time():
            files = await read_files(request, components.limits, buffer)
        job = _PredictionJob(
            components,
            classifier,
            sniff_upload(files, series),
            every_slice=slices == "all",
            with_picture=picture == "shown",
            explain="heatmap" if explain == "none" and write is _write_dicom else explain,
            write=write,
        )
        if form == NDJSON:
            return await _stream_job(job, request, held)
        async with end_with_client(request):
            return await _queue_job(job, request, lambda _progress: None)


def _choose_form(accept: str) -> str:
    """Choose the media type that the header likes best, of two that it likes alike the rarer (RFC 9110, 12.5.1)."""
    best, form = 0.0, _JSON
    listed = [parse_options_header(one) for one in accept.split(",")]
    for known in (*_FORMS, _JSON, "application/*", "*/*"):
        kind, stated = parse_options_header(known)
        weights = [
            _read_weight(options)
            for name, options in listed
            if name == kind and options.get(b"type", b"") in (b"", stated.get(b"type", b""))
        ]
        if max(weights, default=0) > best:
            best, form = max(weights), known if known in _FORMS else _JSON
    return form


def _read_weight(options: dict[bytes, bytes]) -> float:
    try:
        weight = float(options.get(b"q", 1))
    except ValueError:
        return 1
    return weight if 0 <= weight <= 1 else 1


def _write_json(_result: StudyPrediction, answer: PredictionAnswer) -> Response:
    # As it is: FastAPI would check and copy what pydantic has made.
    return Response(answer.model_dump_json(), media_type=_JSON)


def _write_fhir(result: StudyPrediction, answer: PredictionAnswer) -> Response:
    return Response(json.dumps(fhir.make_bundle(answer, result.origin)), media_type=fhir.MEDIA_TYPE)


def _write_dicom(result: StudyPrediction, answer: PredictionAnswer) -> Response:
    """The objects as STOW-RS takes them (PS3.18, 8.6.1.2)."""
    # With its tables of the standard it takes 130 MB, which a service without such requests saves.
    from tumorscope.results.objects import make_objects  # noqa: PLC0415

    boundary = uuid4().hex
    parts = [
        f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data + b"\r\n"
        for data in make_objects(result, answer).values()
    ]
    return Response(b"".join([*parts, f"--{boundary}--\r\n".encode()]), media_type=f"{_DICOM}; boundary={boundary}")


async def _stream_job(job: _PredictionJob, request: Request, held: ExitStack) -> HeldResponse:
    """Lines of progress and the result, from when the upload is decoded: what is wrong with it is raised before."""
    lines: asyncio.Queue[Progress | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def report(progress: Progress) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, progress)

    working = asyncio.create_task(_queue_job(job, request, report))
    # The work ends with the response: a client may disconnect before the first line is asked for.
    held.callback(working.cancel)

    def end(task: asyncio.Task[Response]) -> None:
        # Asked for, or asyncio logs an error that nobody waits for any more.
        if not task.cancelled():
            task.exception()
        lines.put_nowait(None)

    working.add_done_callback(end)
    async with end_with_client(request):
        first = await lines.get()
    if first is None:
        await working
    written = _write_lines(first, lines, working, job.components.metrics, request.state.request_id)
    return HeldResponse(written, held.pop_all(), NDJSON)


async def _write_lines(
    first: Progress | None,
    lines: asyncio.Queue[Progress | None],
    working: asyncio.Task[Response],
    metrics: Metrics,
    request_id: str,
) -> AsyncIterator[str]:
    progress = first
    while progress is not None:
        yield f'{{"event":"progress","done":{progress.done},"total":{progress.total}}}\n'
        progress = await lines.get()
    try:
        answer = await working
    except Exception as error:  # noqa: BLE001  (the status has gone out: whatever it is becomes the last line)
        yield _describe_failure(metrics, error, request_id)
    else:
        yield f'{{"event":"result",{bytes(answer.body[1:]).decode()}\n'


def _describe_failure(metrics: Metrics, error: Exception, request_id: str) -> str:
    if isinstance(error, MemoryError):
        problem = describe_error(error, request_id)
        log_event("out_of_memory", logging.WARNING, error=error, request_id=request_id)
    elif isinstance(error, TumorscopeError) and find_status(error) != HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = describe_error(error, request_id)
    else:
        problem = describe_internal(request_id)
        log_event("answer_failed", logging.ERROR, error=error, request_id=request_id)
    metrics.stream_failures.labels(problem.code).inc()
    return json.dumps({"event": "error", **problem.model_dump()}) + "\n"


async def _queue_job(job: _PredictionJob, request: Request, report: Callable[[Progress], None]) -> Response:
    memory, is_study = job.components.decode_memory, job.upload.may_be_volume
    async with end_in_time(request):
        return await job.components.queue.decode(
            memory, partial(_run, job, report), is_study=is_study, client=identify_client(request)
        )


def _run(job: _PredictionJob, report: Callable[[Progress], None], reserve: Reserve, watch: Watch) -> Response:
    metrics, times = job.components.metrics, StepTimes()

    def observe(event: StepDone | Progress) -> None:
        watch()
        times.add(event)
        if isinstance(event, Progress):
            report(event)
        elif event.step == "inference":
            metrics.batch_slices.observe(event.slices)

    # While a process reads the files.
    hash_once = cache(job.upload.hash)
    result = predict_upload(
        job.classifier,
        job.upload,
        lambda upload: job.components.decode(upload, reserve, watch, hash_once),
        observe,
        explain=job.explain,
    )
    answer = present(
        result, job.classifier, hash_once(), times, every_slice=job.every_slice, with_picture=job.with_picture
    )
    if not result.is_volume:
        job.components.service.offer(result.shown_scan, result.prediction)
    record_prediction(metrics, job.classifier, result, answer.timing_ms)
    return job.write(result, answer)
