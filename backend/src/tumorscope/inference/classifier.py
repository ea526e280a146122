"""The façade of inference: a Slice in, a Prediction out."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import AnswerNotFinite, GoldenMismatch
from tumorscope.domain.prediction import Prediction, decide
from tumorscope.domain.scan import Slice
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.engines.engine import Engine
from tumorscope.model.bundle import Bundle
from tumorscope.model.golden import read_golden
from tumorscope.preprocessing.pipeline import to_model_input
from tumorscope.preprocessing.spatial import Geometry


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model ready to answer: its bundle and the engine that runs it."""

    bundle: Bundle
    engine: Engine


@dataclass(frozen=True, slots=True)
class Classification:
    """A prediction, what of the slice it was made from, and the milliseconds of its steps.

    Parameters
    ----------
    prediction : Prediction
        With calibrated probabilities, in the order of the manifest's classes.
    geometry : Geometry
        Where on the slice the network looked.
    window : (float, float), optional
        Intensities of the slice that became black and white; None of a slice of several sequences.
    preprocess_ms, inference_ms : float
        The slice's own, and its share of its batch.
    """

    prediction: Prediction
    geometry: Geometry
    window: tuple[float, float] | None
    preprocess_ms: float
    inference_ms: float


def classify(classifier: Classifier, scan: Slice) -> Classification:
    """Classify one slice; see `classify_batch`."""
    return classify_batch(classifier, [scan])[0]


def classify_batch(classifier: Classifier, scans: Sequence[Slice]) -> list[Classification]:
    """Classify slices together.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    scans : sequence of Slice
        Decoded, as their source stores them; at least one.

    Returns
    -------
    list of Classification
        In the slices' order.

    Raises
    ------
    MissingModality
        The model reads several sequences, and a slice lacks one.
    InvalidRequest
        The model reads one sequence, and a slice has several.
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    manifest = classifier.bundle.manifest
    started = perf_counter()
    inputs = [to_model_input(scan, manifest.preprocessing_parameters) for scan in scans]
    batch = np.stack([prepared.pixels for prepared in inputs])
    prepared_at = perf_counter()
    logits = classifier.engine.run(batch)
    if not np.isfinite(logits).all():
        raise AnswerNotFinite("the network's answer is no number")
    rows = calibrate(logits, manifest.temperature)
    answered_at = perf_counter()
    preprocess_ms = (prepared_at - started) * 1000 / len(scans)
    inference_ms = (answered_at - prepared_at) * 1000 / len(scans)
    return [
        Classification(
            decide(name_classes(classifier, row), manifest.tumor_threshold),
            prepared.geometry,
            prepared.window,
            preprocess_ms,
            inference_ms,
        )
        for prepared, row in zip(inputs, rows, strict=True)
    ]


def name_classes(classifier: Classifier, row: NDArray[np.float64]) -> dict[str, float]:
    """Probabilities, shape (classes,), by the manifest's names."""
    return {name: float(value) for name, value in zip(classifier.bundle.manifest.class_names, row, strict=True)}


def check_golden_answers(classifier: Classifier) -> None:
    """Classify the bundle's golden pictures, from their bytes on.

    Parameters
    ----------
    classifier : Classifier
        Loaded, not yet trusted.

    Raises
    ------
    BundleInvalid
        A golden file cannot be decoded.
    GoldenMismatch
        A probability is no number, or further from its golden answer than the manifest's tolerance.
    """
    manifest = classifier.bundle.manifest
    for golden in manifest.golden:
        scan = read_golden(golden.file, classifier.bundle.golden_files[golden.file])
        try:
            probabilities = classify(classifier, scan).prediction.probabilities
        except AnswerNotFinite as error:
            raise GoldenMismatch(f"the answer to {golden.file} is no number") from error
        furthest = max(abs(probabilities[name] - expected) for name, expected in golden.probabilities.items())
        if furthest > manifest.golden_tolerance:
            raise GoldenMismatch(f"the answer to {golden.file} is {furthest:.3f} off its golden answer")
