"""POST /predict: an upload in, the contract's answer out, in one turn of the work queue, at once or line by line."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from threading import Event
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from tumorscope.api.http.dependencies import (
    ClassifierDependency,
    ComponentsDependency,
    Decoder,
    refuse_unknown_parameters,
)
from tumorscope.api.http.errors import describe_error, describe_internal, find_status
from tumorscope.api.http.openapi import UPLOAD_BODY, UPLOAD_ERRORS, describe_errors
from tumorscope.api.http.uploads import read_files
from tumorscope.api.jobs.work_queue import DecodeMemory, WorkQueue
from tumorscope.api.monitoring.logs import log_event
from tumorscope.api.monitoring.metrics import Metrics, record_prediction, record_stream_failure
from tumorscope.domain.errors import TumorscopeError
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import Upload, sniff_upload
from tumorscope.imaging.source import Reserve
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.pipeline import Progress, StepDone, StepTimes, predict_upload
from tumorscope.presentation.answer import PredictionAnswer, present

router = APIRouter(tags=["prediction"], dependencies=[Depends(refuse_unknown_parameters)])

NDJSON = "application/x-ndjson"

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {NDJSON: {"schema": {"type": "string", "description": "Lines of progress, then the result."}}}},
    **describe_errors(UPLOAD_ERRORS),
}


@dataclass(frozen=True, slots=True)
class _PredictionJob:
    """What a request wants, and what answers it.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    upload : Upload
        The files; released with the request's buffer, once they are decoded.
    decode : callable
        Decodes it within the service's limits.
    decode_memory : DecodeMemory
        Of which it reserves what it takes.
    metrics : Metrics
        Changed.
    record_slice : callable
        Given each single slice and its prediction, to try a candidate model on.
    every_slice, with_picture, explain : bool
        As `present` and `predict_upload` take them.
    """

    classifier: Classifier
    upload: Upload
    decode: Decoder
    decode_memory: DecodeMemory
    metrics: Metrics
    record_slice: Callable[[Slice, Prediction], None]
    every_slice: bool
    with_picture: bool
    explain: bool


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
        job = _PredictionJob(
            classifier,
            sniff_upload(files),
            components.decode,
            components.decode_memory,
            components.metrics,
            components.service.offer,
            every_slice=slices == "all",
            with_picture=picture == "shown",
            explain=explain == "heatmap",
        )
        if NDJSON in request.headers.get("accept", ""):
            return await _stream_job(components.queue, job, request)
        answer = await _answer_job(components.queue, job, request)
        # As it is: FastAPI would check and copy what pydantic has made.
        return Response(answer.model_dump_json(), media_type="application/json")


async def _answer_job(queue: WorkQueue, job: _PredictionJob, request: Request) -> PredictionAnswer:
    """Predict, and give the whole answer at once.

    Parameters
    ----------
    queue : WorkQueue
        Where the work waits its turn.
    job : _PredictionJob
        What to do.
    request : Request
        Whose body was read; when its client disconnects, the work ends.

    Raises
    ------
    InputError
        The files cannot be read, or the model cannot read them.
    AnswerNotFinite
        The network gave infinity or not a number.
    Overloaded
        Too many requests are waiting.
    ClientDisconnect
        The client has disconnected.
    """
    has_left = Event()
    async with _watch_client(request, has_left):
        return await _queue_job(queue, job, has_left, lambda _progress: None)


class _JobStream(StreamingResponse):
    """Lines of a job, which ends with the response: a client may disconnect before the first line is asked for."""

    def __init__(self, lines: AsyncIterator[str], has_left: Event) -> None:
        super().__init__(lines, media_type=NDJSON)
        self._has_left = has_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._has_left.set()


async def _stream_job(queue: WorkQueue, job: _PredictionJob, request: Request) -> StreamingResponse:
    """Predict, and stream lines of progress and the result, or the problem that came between.

    Parameters
    ----------
    queue, job, request
        As of `_answer_job`.

    Returns
    -------
    StreamingResponse
        Lines of JSON, from when the upload is decoded: what is wrong with it is raised before.

    Raises
    ------
    InputError, Overloaded, ClientDisconnect
        As of `_answer_job`.
    """
    has_left = Event()
    lines: asyncio.Queue[Progress | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def report(progress: Progress) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, progress)

    working = asyncio.create_task(_queue_job(queue, job, has_left, report))

    def end(task: asyncio.Task[PredictionAnswer]) -> None:
        # Asked for, or asyncio logs an error that nobody waits for any more.
        if not task.cancelled():
            task.exception()
        lines.put_nowait(None)

    working.add_done_callback(end)
    try:
        async with _watch_client(request, has_left):
            first = await lines.get()
    except BaseException:
        has_left.set()
        raise
    if first is None:
        await working
    return _JobStream(_write_lines(first, lines, working, job.metrics, request.state.request_id), has_left)


async def _write_lines(
    first: Progress | None,
    lines: asyncio.Queue[Progress | None],
    working: asyncio.Task[PredictionAnswer],
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
        yield f'{{"event":"result",{answer.model_dump_json()[1:]}\n'


def _describe_failure(metrics: Metrics, error: Exception, request_id: str) -> str:
    if isinstance(error, MemoryError):
        problem = describe_error(error, request_id)
        log_event("out_of_memory", logging.WARNING, error=error, request_id=request_id)
    elif isinstance(error, TumorscopeError) and find_status(error) != HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = describe_error(error, request_id)
    else:
        problem = describe_internal(request_id)
        log_event("answer_failed", logging.ERROR, error=error, request_id=request_id)
    record_stream_failure(metrics, problem.code)
    return json.dumps({"event": "error", **problem.model_dump()}) + "\n"


@asynccontextmanager
async def _watch_client(request: Request, has_left: Event) -> AsyncIterator[None]:
    """Set the event when the client of a request disconnects."""

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        has_left.set()

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


async def _queue_job(
    queue: WorkQueue, job: _PredictionJob, has_left: Event, report: Callable[[Progress], None]
) -> PredictionAnswer:
    async def is_gone() -> bool:
        return has_left.is_set()

    return await queue.decode(
        job.decode_memory, partial(_run, job, has_left, report), is_study=job.upload.may_be_volume, is_gone=is_gone
    )


def _run(
    job: _PredictionJob, has_left: Event, report: Callable[[Progress], None], reserve: Reserve
) -> PredictionAnswer:
    times = StepTimes()

    def observe(event: StepDone | Progress) -> None:
        if has_left.is_set():
            raise ClientDisconnect
        times.add(event)
        if isinstance(event, Progress):
            report(event)
        elif event.step == "inference":
            job.metrics.batch_slices.observe(event.slices)

    sha256 = job.upload.hash()
    result = predict_upload(
        job.classifier, job.upload, lambda upload: job.decode(upload, reserve), observe, explain=job.explain
    )
    answer = present(result, job.classifier, sha256, times, every_slice=job.every_slice, with_picture=job.with_picture)
    if not result.is_volume:
        job.record_slice(result.shown_scan, result.prediction)
    record_prediction(job.metrics, job.classifier, result, answer.timing_ms)
    return answer
