"""A served model in, its tensors described; the body of an inference request in, the body of its answer out."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tumorscope import NOTICE
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.api.open_inference.schemas import AnswerParameters, InferenceAnswer, InferenceRequest
from tumorscope.api.open_inference.tensors import (
    DATATYPE,
    INPUT_NAME,
    MAX_SLICES,
    EncodedAnswer,
    choose_outputs,
    decode_body,
    encode_answer,
    limit_body,
    parse_request,
)
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.inference.classifier import Classifier, run_network

_PLATFORM = "tumorscope_bundle"

_PIXELS = (
    "Slices after the model's preprocessing: the head, cropped, padded to a square, resampled, and scaled between two"
    " percentiles of its intensities. Send a picture from a scanner to POST /predict."
)
_LOGITS = "Logits of the network, in the order of the labels."
_PROBABILITIES = (
    "Calibrated probabilities of the labels; a row sums to 1. Meaningless if the slice is not of a brain MRI."
)
_TUMOR_PROBABILITY = "1 - P(no_tumor)."
_SCOPE_DISTANCE = (
    "Out-of-distribution score of the slice. Above picture_limit (mr_limit if it is known to come from an MR scanner)"
    " POST /predict answers out_of_scope without probabilities. It also examines the source picture, which these pixels"
    " no longer show."
)


class TensorMetadata(BaseModel):
    """An input or output tensor; -1 stands for the number of slices."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, Any] = Field(description="What it means.")


class ModelMetadata(BaseModel):
    """The served model in the terms of the Open Inference Protocol."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, Any]


def describe_model(classifier: Classifier) -> ModelMetadata:
    """Describe the model and its tensors."""
    manifest = classifier.bundle.manifest
    size = manifest.input.size
    meaning = {
        "description": _PIXELS,
        "minimum": 0.0,
        "maximum": 1.0,
        "max_slices": MAX_SLICES,
        "channel_names": manifest.input.channel_names,
        "preprocessing": manifest.preprocessing.model_dump(mode="json"),
    }
    return ModelMetadata(
        name=manifest.name,
        versions=[manifest.version],
        platform=_PLATFORM,
        inputs=[TensorMetadata(name=INPUT_NAME, datatype=DATATYPE, shape=[-1, size, size, 3], parameters=meaning)],
        outputs=_describe_outputs(classifier),
        parameters={
            "sha256": classifier.bundle.sha256,
            "engine": classifier.engine.name,
            "device": classifier.engine.device,
            "notice": NOTICE,
        },
    )


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
    client: Hashable = None,
) -> EncodedAnswer:
    """Parse the pixels, run the network, and encode the requested outputs.

    One slice is queued with the pictures, several with the studies.

    Raises
    ------
    InputError
        The body violates the protocol, or cannot be decompressed.
    AnswerNotFinite
        The network gave infinity or not a number.
    Overloaded
        Too many requests are waiting.
    """
    result = await queue.work(_answer_slice, classifier, metrics, body, client=client)
    if isinstance(result, EncodedAnswer):
        return result
    return await queue.work(_answer, classifier, metrics, *result, is_study=True, client=client)


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
        tensors = _compute_outputs(classifier, pixels)
    metrics.batch_slices.observe(len(pixels))
    manifest = classifier.bundle.manifest
    head = InferenceAnswer(
        model_name=manifest.name,
        model_version=manifest.version,
        parameters=AnswerParameters(notice=NOTICE),
        outputs=[],
    )
    return encode_answer(request, head, {name: tensors[name] for name in names})


def _compute_outputs(classifier: Classifier, pixels: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
    """The tensors that `describe_model` names, of all slices, in scope or not."""
    answer = run_network(classifier, pixels)
    class_names = classifier.bundle.manifest.class_names
    tensors: dict[str, NDArray[np.floating]] = {"logits": answer.logits, "probabilities": answer.probabilities}
    if NO_TUMOR in class_names:
        tensors["tumor_probability"] = 1 - answer.probabilities[:, class_names.index(NO_TUMOR)]
    if answer.distances is not None:
        tensors["scope_distance"] = answer.distances
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def _describe_outputs(classifier: Classifier) -> list[TensorMetadata]:
    manifest = classifier.bundle.manifest
    labels = manifest.class_names

    def describe(name: str, shape: list[int], **meaning: object) -> TensorMetadata:
        return TensorMetadata(name=name, datatype=DATATYPE, shape=shape, parameters=meaning)

    outputs = [
        describe("logits", [-1, len(labels)], description=_LOGITS, labels=labels),
        describe("probabilities", [-1, len(labels)], description=_PROBABILITIES, labels=labels),
    ]
    if NO_TUMOR in labels:
        outputs.append(describe("tumor_probability", [-1], description=_TUMOR_PROBABILITY))
    if classifier.bundle.scope is not None and manifest.trust is not None:
        limits = manifest.trust.scope.model_dump(mode="json")
        outputs.append(describe("scope_distance", [-1], description=_SCOPE_DISTANCE, **limits))
    return outputs
