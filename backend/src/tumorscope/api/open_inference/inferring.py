"""The body of an inference request in, the body of its answer out, in the turn that the queue gives it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope import NOTICE
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.api.open_inference.content_coding import decode_body
from tumorscope.api.open_inference.inference_schemas import AnswerParameters, InferenceAnswer, InferenceRequest
from tumorscope.api.open_inference.model_tensors import compute_outputs, describe_model
from tumorscope.api.open_inference.tensors import (
    EncodedAnswer,
    choose_outputs,
    encode_answer,
    limit_body,
    parse_request,
)
from tumorscope.inference.classifier import Classifier


@dataclass(frozen=True, slots=True)
class SentBody:
    """A body as it came in, and what its headers say of it."""

    content: bytes
    content_encoding: str
    json_length: str | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked for: the request, the outputs that it wants, and its pixels."""

    request: InferenceRequest
    names: list[str]
    pixels: NDArray[np.float32]


async def answer_body(
    queue: WorkQueue,
    classifier: Classifier,
    metrics: Metrics,
    body: SentBody,
    is_gone: Callable[[], Awaitable[bool]],
) -> EncodedAnswer:
    """Read the pixels, run the network on them, and write what was asked for.

    Parameters
    ----------
    queue : WorkQueue
        Where the work waits: one slice among the pictures, several among the studies.
    classifier : Classifier
        The served model.
    metrics : Metrics
        Times the network.
    body : SentBody
        What was sent.
    is_gone : callable
        Says whether the client went away.

    Raises
    ------
    InputError
        The body does not follow the protocol, or cannot be unpacked.
    AnswerNotFinite
        The network's answer is no number.
    Overloaded
        Too many others wait.
    ClientDisconnect
        Nobody waits for the answer any more.
    """
    found = await queue.work(_answer_slice, classifier, metrics, body, is_gone=is_gone)
    if isinstance(found, EncodedAnswer):
        return found
    return await queue.work(_answer, classifier, metrics, found, is_study=True, is_gone=is_gone)


def _answer_slice(classifier: Classifier, metrics: Metrics, body: SentBody) -> EncodedAnswer | _Asked:
    """The answer in one go; of several slices, what is asked, for they wait their turn among the studies."""
    size = classifier.bundle.manifest.input.size
    content = decode_body(body.content, body.content_encoding, limit_body(size))
    request, pixels = parse_request(content, body.json_length, size)
    # Before the network runs: a wish that cannot be met is not worth its time.
    names = choose_outputs(request, [output.name for output in describe_model(classifier).outputs])
    asked = _Asked(request, names, pixels)
    return asked if len(pixels) > 1 else _answer(classifier, metrics, asked)


def _answer(classifier: Classifier, metrics: Metrics, asked: _Asked) -> EncodedAnswer:
    with metrics.stage_seconds.labels("inference", "prepared").time():
        tensors = compute_outputs(classifier, asked.pixels)
    manifest = classifier.bundle.manifest
    head = InferenceAnswer(
        model_name=manifest.name,
        model_version=manifest.version,
        parameters=AnswerParameters(notice=NOTICE),
        outputs=[],
    )
    return encode_answer(asked.request, head, {name: tensors[name] for name in asked.names})
