"""The files of a request in, the contract's answer out, at once or as lines of progress."""

import asyncio
import hashlib
import json
import logging
import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from threading import Event
from time import perf_counter
from uuid import uuid4

import anyio
from anyio import from_thread
from starlette.requests import ClientDisconnect, Request

from tumorscope.api.http.dependencies import Decoder
from tumorscope.api.http.errors import describe_error, describe_internal, find_status
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.monitoring.logs import log_event
from tumorscope.api.monitoring.metrics import Metrics, record_prediction, record_stream_failure
from tumorscope.domain.errors import TumorscopeError
from tumorscope.domain.prediction import Prediction
from tumorscope.domain.scan import Scan, Slice
from tumorscope.imaging.decode import looks_like_study
from tumorscope.imaging.formats.nifti import encode_nifti
from tumorscope.imaging.source import SourceFile
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.explain import explain_study, name_explained
from tumorscope.inference.study import StudyClassification, StudySlice, choose_volume, classify_study, rank_slices
from tumorscope.presentation.schemas import Explanation, InputDescription, PredictionAnswer, Timing

_SUMMARY_SLICES = 5

Advance = Callable[[int, int], None]
"""As `classify_study` calls it."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How one request is to be answered."""

    classifier: Classifier
    decode: Decoder
    metrics: Metrics
    offer: Callable[[Slice, Prediction], None]
    every_slice: bool
    with_picture: bool
    with_heatmap: bool


@dataclass(frozen=True, slots=True)
class Decoded:
    """A study that waits to be classified."""

    scan: Scan
    sha256: str
    decode_ms: float


async def answer_files(
    queue: WorkQueue, answering: Answering, files: Sequence[SourceFile], request: Request
) -> PredictionAnswer:
    """Decode and classify.

    Parameters
    ----------
    queue : WorkQueue
        Where the work waits its turn.
    answering : Answering
        How.
    files : sequence of SourceFile
        What.
    request : Request
        Whose body was read; when its client goes away, the work ends.

    Returns
    -------
    PredictionAnswer
        Of the study.

    Raises
    ------
    InputError
        The files cannot be read, or the model cannot read them.
    AnswerNotFinite
        The network's answer is no number.
    Overloaded
        Too many others wait.
    ClientDisconnect
        Nobody waits for the answer any more.
    """
    if looks_like_study(files):
        task = partial(_answer_study, answering, files)
    else:
        found = await queue.work(_answer_picture, answering, files, is_gone=request.is_disconnected)
        if isinstance(found, PredictionAnswer):
            return found
        task = partial(_classify, answering, found)
    async with _watch_client(request) as left:

        def advance(_done: int, _total: int) -> None:
            if left.is_set():
                raise ClientDisconnect

        async def is_gone() -> bool:
            return left.is_set()

        return await queue.work(task, advance, is_study=True, is_gone=is_gone)


def _answer_picture(answering: Answering, files: Sequence[SourceFile]) -> PredictionAnswer | Decoded:
    """The answer in one go; of several frames, what was decoded, for they wait their turn among the studies."""
    decoded = decode_files(answering, files)
    if isinstance(decoded.scan, Slice):
        return _classify(answering, decoded, lambda _done, _total: None)
    return decoded


def _answer_study(answering: Answering, files: Sequence[SourceFile], advance: Advance) -> PredictionAnswer:
    return _classify(answering, decode_files(answering, files), advance)


@asynccontextmanager
async def _watch_client(request: Request) -> AsyncIterator[Event]:
    """Set when the client of a request goes away."""
    left = Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left.set()

    watching = asyncio.create_task(watch())
    try:
        yield left
    finally:
        watching.cancel()


def decode_files(answering: Answering, files: Sequence[SourceFile]) -> Decoded:
    """Decode, and identify what was sent.

    Raises
    ------
    InputError
        The files cannot be read.
    """
    started = perf_counter()
    scan = answering.decode(files)
    decode_ms = (perf_counter() - started) * 1000
    return Decoded(scan, _identify(files), decode_ms)


def decode_volume(decode: Decoder, classifier: Classifier, files: Sequence[SourceFile]) -> bytes:
    """Decode, and write the volume whose slices would be judged.

    Returns
    -------
    bytes
        NIfTI-1 behind gzip.

    Raises
    ------
    InputError
        The files cannot be read, or the model cannot read them.
    """
    return encode_nifti(choose_volume(classifier, decode(files)))


async def stream_answer(
    queue: WorkQueue, answering: Answering, decoded: Decoded, request_id: str
) -> AsyncIterator[str]:
    """Lines of progress, then the result, or the problem that came between.

    Parameters
    ----------
    queue : WorkQueue
        Where it waits its turn.
    answering : Answering
        How.
    decoded : Decoded
        What.
    request_id : str
        For a problem.

    Yields
    ------
    str
        A line of JSON with its end.
    """
    left = Event()
    sender, receiver = anyio.create_memory_object_stream[str](math.inf)

    def advance(done: int, total: int) -> None:
        if left.is_set():
            raise ClientDisconnect
        from_thread.run_sync(sender.send_nowait, f'{{"event":"progress","done":{done},"total":{total}}}\n')

    async def work() -> None:
        with sender:
            try:
                answer = await queue.work(
                    _classify,
                    answering,
                    decoded,
                    advance,
                    is_study=not isinstance(decoded.scan, Slice),
                    is_begun=True,
                )
                line = f'{{"event":"result",{answer.model_dump_json()[1:]}\n'
            except ClientDisconnect:
                return
            except Exception as error:  # noqa: BLE001  (the status has gone out: whatever it is becomes the last line)
                line = _describe_failure(answering.metrics, error, request_id)
            if not left.is_set():
                sender.send_nowait(line)

    # A task of its own and no group: a generator that is left behind could not leave the group's scope in order.
    working = asyncio.create_task(work())
    try:
        with receiver:
            async for line in receiver:
                yield line
        await working
    finally:
        left.set()


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


def _classify(answering: Answering, decoded: Decoded, advance: Advance) -> PredictionAnswer:
    started = perf_counter()
    result = classify_study(answering.classifier, decoded.scan, advance, explain=answering.with_heatmap)
    explained = perf_counter()
    drawn = explain_study(answering.classifier, result) if answering.with_heatmap else []
    explanation = Explanation.of_study(name_explained(result.prediction), drawn) if drawn else None
    explain_ms = (perf_counter() - explained) * 1000
    source = InputDescription.from_domain(result, decoded.sha256, with_picture=answering.with_picture)
    steps = [one.classification for one in result.slices]
    timing = Timing(
        decode=round(decoded.decode_ms, 3),
        preprocess=round(sum(step.preprocess_ms for step in steps), 3),
        inference=round(sum(step.inference_ms for step in steps), 3),
        explain=round(explain_ms, 3),
        total=round(decoded.decode_ms + (perf_counter() - started) * 1000, 3),
    )
    of_slice = isinstance(decoded.scan, Slice)
    if isinstance(decoded.scan, Slice):
        answering.offer(decoded.scan, result.prediction)
    record_prediction(answering.metrics, answering.classifier, result, timing, of_slice=of_slice)
    listed = [] if of_slice else _list_slices(result, every=answering.every_slice)
    return PredictionAnswer.from_domain(str(uuid4()), source, result, listed, answering.classifier, timing, explanation)


def _list_slices(result: StudyClassification, *, every: bool) -> Sequence[StudySlice]:
    """All in the order of the stack, or those that show most tumour."""
    if every:
        return result.slices
    return rank_slices(result.slices)[:_SUMMARY_SLICES]


def _identify(files: Sequence[SourceFile]) -> str:
    """The hash of one file; of several, the hash of their hashes, whatever order they came in."""
    hashes = sorted(hashlib.sha256(file.data).hexdigest() for file in files)
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
