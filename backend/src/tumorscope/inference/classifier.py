"""The façade of inference: a Slice in, a Prediction out."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

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
    """A prediction, where on the slice it looked, and the milliseconds of its steps."""

    prediction: Prediction
    geometry: Geometry
    preprocess_ms: float
    inference_ms: float


def classify(classifier: Classifier, scan: Slice) -> Classification:
    """Classify one slice.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    scan : Slice
        Decoded, as its source stores it.

    Returns
    -------
    Classification
        With calibrated probabilities, in the order of the manifest's classes.

    Raises
    ------
    MissingModality
        The model reads several sequences, and the slice lacks one.
    InvalidRequest
        The model reads one sequence, and the slice has several.
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    manifest = classifier.bundle.manifest
    started = perf_counter()
    model_input = to_model_input(scan, manifest.preprocessing_parameters)
    prepared = perf_counter()
    logits = classifier.engine.run(model_input.pixels[None])
    if not np.isfinite(logits).all():
        raise AnswerNotFinite("the network's answer is no number")
    row = calibrate(logits, manifest.temperature)[0]
    probabilities = {name: float(value) for name, value in zip(manifest.class_names, row, strict=True)}
    prediction = decide(probabilities, manifest.tumor_threshold)
    answered = perf_counter()
    return Classification(prediction, model_input.geometry, (prepared - started) * 1000, (answered - prepared) * 1000)


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
