"""A served model and preprocessed pixels in, the tensors of the Open Inference Protocol out, described and computed."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tumorscope import NOTICE
from tumorscope.api.open_inference.tensors import DATATYPE, INPUT_NAME, MAX_SLICES
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.inference.classifier import Classifier, run_network
from tumorscope.model.manifest import Manifest

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
    return ModelMetadata(
        name=manifest.name,
        versions=[manifest.version],
        platform=_PLATFORM,
        inputs=[_describe_input(manifest)],
        outputs=_describe_outputs(classifier),
        parameters={
            "sha256": classifier.bundle.sha256,
            "engine": classifier.engine.name,
            "device": classifier.engine.device,
            "notice": NOTICE,
        },
    )


def compute_outputs(classifier: Classifier, pixels: NDArray[np.float32]) -> Mapping[str, NDArray[np.float32]]:
    """Compute the tensors that `describe_model` names.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        At least one slice.

    Returns
    -------
    mapping of str to ndarray, shape (n, classes) or (n,), float32
        Of all slices, in scope or not.

    Raises
    ------
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    answer = run_network(classifier, pixels)
    class_names = classifier.bundle.manifest.class_names
    tensors: dict[str, NDArray[np.floating]] = {"logits": answer.logits, "probabilities": answer.probabilities}
    if NO_TUMOR in class_names:
        tensors["tumor_probability"] = 1 - answer.probabilities[:, class_names.index(NO_TUMOR)]
    if answer.distances is not None:
        tensors["scope_distance"] = answer.distances
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def _describe_input(manifest: Manifest) -> TensorMetadata:
    size = manifest.input.size
    meaning = {
        "description": _PIXELS,
        "minimum": 0.0,
        "maximum": 1.0,
        "max_slices": MAX_SLICES,
        "channel_names": manifest.input.channel_names,
        "preprocessing": manifest.preprocessing.model_dump(mode="json"),
    }
    return TensorMetadata(name=INPUT_NAME, datatype=DATATYPE, shape=[-1, size, size, 3], parameters=meaning)


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
