"""The body of an inference request in, the body of its answer out, computed through the work queue."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope import NOTICE
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.api.open_inference.content_coding import decode_body
from tumorscope.api.open_inference.model_tensors import compute_outputs, describe_model
from tumorscope.api.open_inference.schemas import AnswerParameters, InferenceAnswer, InferenceRequest
from tumorscope.api.open_inference.tensors import (
    EncodedAnswer,
    choose_outputs,
    encode_answer,
    limit_body,
    parse_request,
)
from tumorscope.inference.classifier import Classifier


@dataclass(frozen=True, slots=True)
class EncodedRequest:
    """A request body, and what its headers say about it."""

    content: bytes
    content_encoding: str
    json_length: str | None


_Parsed = tuple[InferenceRequest, list[str], NDArray[np.float32]]
"""The request, the names of its outputs, and its pixels."""


async def run_inference(
    queue: WorkQueue,
    classifier: Classifier,
    metrics: Metrics,
    body: EncodedRequest,
    is_gone: Callable[[], Awaitable[bool]],
) -> EncodedAnswer:
    """Parse the pixels, run the network, and encode the requested outputs.

    Parameters
    ----------
    queue : WorkQueue
        One slice is queued with the pictures, several with the studies.
    classifier : Classifier
        The served model.
    metrics : Metrics
        Times the network.
    body : EncodedRequest
        As it was sent.
    is_gone : callable
        Whether the client has disconnected.

    Raises
    ------
    InputError
        The body violates the protocol, or cannot be decompressed.
    AnswerNotFinite
        The network gave infinity or not a number.
    Overloaded
        Too many requests are waiting.
    ClientDisconnect
        The client has disconnected.
    """
    result = await queue.work(_answer_slice, classifier, metrics, body, is_gone=is_gone)
    if isinstance(result, EncodedAnswer):
        return result
    return await queue.work(_answer, classifier, metrics, *result, is_study=True, is_gone=is_gone)


def _answer_slice(classifier: Classifier, metrics: Metrics, body: EncodedRequest) -> EncodedAnswer | _Parsed:
    """Answer a request of one slice; of several slices, return the parsed request, which is queued with the studies."""
    size = classifier.bundle.manifest.input.size
    content = decode_body(body.content, body.content_encoding, limit_body(size))
    request, pixels = parse_request(content, body.json_length, size)
    # Before the network runs: an unknown output is refused at once.
    names = choose_outputs(request, [output.name for output in describe_model(classifier).outputs])
    return (request, names, pixels) if len(pixels) > 1 else _answer(classifier, metrics, request, names, pixels)


def _answer(
    classifier: Classifier,
    metrics: Metrics,
    request: InferenceRequest,
    names: list[str],
    pixels: NDArray[np.float32],
) -> EncodedAnswer:
    with metrics.stage_seconds.labels("inference", "prepared").time():
        tensors = compute_outputs(classifier, pixels)
    metrics.batch_slices.observe(len(pixels))
    manifest = classifier.bundle.manifest
    head = InferenceAnswer(
        model_name=manifest.name,
        model_version=manifest.version,
        parameters=AnswerParameters(notice=NOTICE),
        outputs=[],
    )
    return encode_answer(request, head, {name: tensors[name] for name in names})
