"""The façade of inference: a Slice in, a Prediction out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import AnswerNotFinite, GoldenMismatch
from tumorscope.domain.prediction import DecisionRule, Prediction, decide, refuse
from tumorscope.domain.reasons import Reason
from tumorscope.domain.scan import Slice
from tumorscope.inference.calibration import calibrate
from tumorscope.inference.engines.engine import Engine
from tumorscope.inference.scope import check_distance, check_slice, describe_slices, measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.model.golden import read_golden
from tumorscope.model.manifest import OperatingPoint
from tumorscope.preprocessing.pipeline import ModelInput, to_model_input
from tumorscope.preprocessing.spatial import Geometry


@dataclass(frozen=True, slots=True)
class Classifier:
    """A model ready to answer: its bundle, the engine that runs it, how errors are weighed, and why this engine."""

    bundle: Bundle
    engine: Engine
    operating_point: OperatingPoint = "balanced"
    explain_engine: Callable[[], str] = str

    @property
    def rule(self) -> DecisionRule:
        """How its probabilities become a decision."""
        manifest = self.bundle.manifest
        if manifest.trust is None:
            return DecisionRule(manifest.tumor_threshold)
        point = manifest.trust.operating_points[self.operating_point]
        return DecisionRule(point.tumor_threshold, point.min_confidence, manifest.trust.kept_from)


@dataclass(frozen=True, slots=True)
class Classification:
    """A prediction, what of the slice it was made from, and the milliseconds of its steps.

    Parameters
    ----------
    prediction : Prediction
        With calibrated probabilities, in the order of the manifest's classes; ``out_of_scope`` where the scope gate
        refuses the slice.
    geometry : Geometry
        Where on the slice the network looked.
    window : (float, float), optional
        Intensities of the slice that became black and white; None of a slice of several sequences.
    preprocess_ms, inference_ms : float
        The slice's own, and its share of its batch.
    activation : ndarray, shape (cells, cells, channels), float32, optional
        Of the last convolution, for `heatmap`; None unless it was asked for.
    scope_distance : float, optional
        From `scope.measure_distance`; None of a model without a scope gate.
    """

    prediction: Prediction
    geometry: Geometry
    window: tuple[float, float] | None
    preprocess_ms: float
    inference_ms: float
    activation: NDArray[np.float32] | None = None
    scope_distance: float | None = None


@dataclass(frozen=True, slots=True)
class PreparedSlice:
    """A slice that waits for the network.

    Parameters
    ----------
    model_input : ModelInput
        What the network sees.
    modality : str, optional
        As its file states it.
    reasons : tuple of Reason
        Why it is not to be answered, as far as its pixels tell.
    preprocess_ms : float
        What this took.
    """

    model_input: ModelInput
    modality: str | None
    reasons: tuple[Reason, ...]
    preprocess_ms: float


@dataclass(frozen=True, slots=True)
class PreparedAnswer:
    """What is known of n prepared slices by their pixels alone: nothing is decided.

    Parameters
    ----------
    logits : ndarray, shape (n, classes), float32
        Of the network.
    probabilities : ndarray, shape (n, classes), float64, 0..1
        Calibrated, in the order of the manifest's classes.
    distances : ndarray, shape (n,), float64, optional
        From `scope.measure_distance`; None of a bundle without a scope gate.
    activation : ndarray, shape (n, cells, cells, channels), float32
        Of the last convolution.
    """

    logits: NDArray[np.float32]
    probabilities: NDArray[np.float64]
    distances: NDArray[np.float64] | None
    activation: NDArray[np.float32]


def classify(classifier: Classifier, scan: Slice, *, keep_activation: bool = False) -> Classification:
    """Classify one slice; see `classify_batch`."""
    return classify_batch(classifier, [scan], keep_activation=keep_activation)[0]


def classify_batch(
    classifier: Classifier, scans: Sequence[Slice], *, keep_activation: bool = False
) -> list[Classification]:
    """Classify slices together: `prepare_slice` of each, then `classify_prepared`."""
    return classify_prepared(
        classifier, [prepare_slice(classifier, scan) for scan in scans], keep_activation=keep_activation
    )


def prepare_slice(classifier: Classifier, scan: Slice) -> PreparedSlice:
    """Do what is to be done before the network runs.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    scan : Slice
        Decoded, as its source stores it.

    Returns
    -------
    PreparedSlice
        For `classify_prepared`.

    Raises
    ------
    MissingModality
        The model reads several sequences, and the slice lacks one.
    InvalidRequest
        The model reads one sequence, and the slice has several.
    """
    started = perf_counter()
    prepared = to_model_input(scan, classifier.bundle.manifest.preprocessing_parameters)
    reasons = check_slice(classifier.bundle, scan, prepared)
    return PreparedSlice(prepared, scan.modality, reasons, (perf_counter() - started) * 1000)


def classify_prepared(
    classifier: Classifier, slices: Sequence[PreparedSlice], *, keep_activation: bool = False
) -> list[Classification]:
    """Run the network on slices together, and decide.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    slices : sequence of PreparedSlice
        At least one.
    keep_activation : bool
        Whether the answers are to be explained.

    Returns
    -------
    list of Classification
        In the slices' order.

    Raises
    ------
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    started = perf_counter()
    answer = answer_prepared(classifier, np.stack([one.model_input.pixels for one in slices]))
    inference_ms = (perf_counter() - started) * 1000 / len(slices)
    answers = []
    for number, one in enumerate(slices):
        prediction = decide(name_classes(classifier, answer.probabilities[number]), classifier.rule)
        distance = None if answer.distances is None else float(answer.distances[number])
        reasons = one.reasons
        if not reasons and distance is not None:
            reasons = check_distance(classifier.bundle, one.modality, distance)
        answers.append(
            Classification(
                refuse(prediction, *reasons) if reasons else prediction,
                one.model_input.geometry,
                one.model_input.window,
                one.preprocess_ms,
                inference_ms,
                # A copy, for a view would hold those of the whole batch.
                answer.activation[number].copy() if keep_activation else None,
                distance,
            )
        )
    return answers


def answer_prepared(classifier: Classifier, pixels: NDArray[np.float32]) -> PreparedAnswer:
    """Run the network on pixels as preprocessing leaves them.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    pixels : ndarray, shape (n, size, size, 3), float32, 0..1
        Of at least one slice.

    Raises
    ------
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    manifest = classifier.bundle.manifest
    outputs = classifier.engine.run(pixels)
    if not np.isfinite(outputs.logits).all():
        raise AnswerNotFinite("the network's answer is no number")
    probabilities = calibrate(outputs.logits, manifest.temperature, manifest.uniform_weight)
    distances = measure_distance(classifier.bundle, describe_slices(outputs.features, pixels))
    return PreparedAnswer(outputs.logits, probabilities, distances, outputs.activation)


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
