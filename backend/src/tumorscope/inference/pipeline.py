"""The files of a study in, its prediction out: the one way that HTTP, command line and evaluation take.

decode -> slices -> model input -> engine -> calibrate -> decide -> explain
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal, get_args

import numpy as np

from tumorscope.domain.prediction import Decision, Prediction, decide, refuse
from tumorscope.domain.reasons import Reason
from tumorscope.domain.scan import Scan, ScanWarning, Slice
from tumorscope.imaging.decode import Upload
from tumorscope.inference.classifier import Classifier, name_classes, pool_study, run_network
from tumorscope.inference.heatmap import Explanation, explain_slices
from tumorscope.inference.scope import check_distance, check_slice, has_mr_limit
from tumorscope.inference.study import (
    SlicePrediction,
    StudySlices,
    choose_slices_to_read,
    find_quality_warnings,
    rank_slices,
)
from tumorscope.preprocessing.pipeline import ModelInput, to_model_input

Step = Literal["decode", "preprocess", "inference", "explain"]

_BATCH = 16
# So many slices of a volume are explained.
_EXPLAINED = 3


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step has ended: how many seconds it took, and for how many slices."""

    step: Step
    seconds: float
    slices: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How many slices are done, of how many; first reported when the study is decoded."""

    done: int
    total: int


Observe = Callable[[StepDone | Progress], None]
"""Told of each step and of progress, from the thread of the caller; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class StudyPrediction:
    """The answer to a study.

    Parameters
    ----------
    prediction : Prediction
        Of the study; of a single slice, the slice's.
    slices : tuple of SlicePrediction
        Of the slices that were read, in the order of the stack.
    shown : SlicePrediction
        Of the slice with the highest tumour probability.
    shown_scan : Slice
        Its pixels, as they were given to preprocessing.
    slice_count : int
        Of the stack, with the slices that were not read.
    is_volume : bool
        Whether the study was a stack of slices, and not a single one.
    warnings : tuple of ScanWarning
        Of decoding, of what was chosen from the study, and of the quality of the slice that is shown.
    explanation : Explanation, optional
        None where it was not asked for, and where the study is out of scope.
    """

    prediction: Prediction
    slices: tuple[SlicePrediction, ...]
    shown: SlicePrediction
    shown_scan: Slice
    slice_count: int
    is_volume: bool
    warnings: tuple[ScanWarning, ...]
    explanation: Explanation | None


@dataclass(frozen=True, slots=True)
class _PreparedSlice:
    """A slice that is ready for the network, and why it is out of scope as far as its pixels tell."""

    index: int
    is_mr: bool
    model_input: ModelInput
    reasons: tuple[Reason, ...]


class StepTimes:
    """Adds up how long the steps of one prediction took; `add` observes it."""

    def __init__(self) -> None:
        self._started = perf_counter()
        self.seconds: dict[Step, float] = dict.fromkeys(get_args(Step), 0.0)

    def add(self, event: StepDone | Progress) -> None:
        """Add a step."""
        if isinstance(event, StepDone):
            self.seconds[event.step] += event.seconds

    @property
    def total_s(self) -> float:
        """Seconds since this was made."""
        return perf_counter() - self._started


def ignore(_event: StepDone | Progress) -> None:
    """Observe nothing."""


def predict_upload(
    classifier: Classifier,
    upload: Upload,
    decode: Callable[[Upload], Scan],
    observe: Observe = ignore,
    *,
    explain: bool = False,
) -> StudyPrediction:
    """Decode the files of a study, and predict from it.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    upload : Upload
        Files of one study.
    decode : callable
        `imaging.decode.decode_upload` within the caller's limits.
    observe : callable
        Told of each step.
    explain : bool
        Whether to draw heat maps of the slices with the highest tumour probabilities.

    Raises
    ------
    InputError
        The files cannot be read, or the model cannot read what they hold.
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    started = perf_counter()
    scan = decode(upload)
    observe(StepDone("decode", perf_counter() - started, 1))
    return predict_scan(classifier, scan, observe, explain=explain)


def predict_scan(
    classifier: Classifier, scan: Scan, observe: Observe = ignore, *, explain: bool = False
) -> StudyPrediction:
    """Predict from a decoded slice, volume or examination of several sequences; see `predict_upload`.

    Raises
    ------
    MissingModality
        The model reads several sequences, and the study lacks one.
    InvalidRequest
        The model reads one sequence, and a slice holds several.
    CorruptFile
        A sequence has no contrast.
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    stack = choose_slices_to_read(classifier.preprocessing.channels, scan)
    observe(Progress(0, len(stack.indices)))
    slices: list[SlicePrediction] = []
    for prepared, seconds in _prepare_batches(classifier, stack):
        observe(StepDone("preprocess", seconds, len(prepared)))
        slices = _drop_activations(slices + _predict_batch(classifier, prepared, observe, explain=explain))
        observe(Progress(len(slices), len(stack.indices)))
    prediction = pool_study(classifier, slices) if stack.is_volume else slices[0].prediction
    shown = rank_slices(slices)[0]
    shown_scan = stack.cut(shown.index)
    started = perf_counter()
    explanation = explain_slices(classifier.bundle, prediction, rank_slices(slices), shown_scan) if explain else None
    observe(StepDone("explain", perf_counter() - started, len(explanation.heatmaps) if explanation else 0))
    return StudyPrediction(
        prediction,
        tuple(slices),
        shown,
        shown_scan,
        stack.slice_count,
        stack.is_volume,
        (*stack.warnings, *_judge_quality(classifier, shown, shown_scan)),
        explanation,
    )


def _prepare_batches(classifier: Classifier, stack: StudySlices) -> Iterator[tuple[list[_PreparedSlice], float]]:
    """Batches of model input with the seconds that each took; the next is prepared while the engine runs one."""
    batches = [stack.indices[start : start + _BATCH] for start in range(0, len(stack.indices), _BATCH)]

    def prepare(indices: Sequence[int]) -> tuple[list[_PreparedSlice], float]:
        started = perf_counter()
        prepared = [_prepare_slice(classifier, index, stack.cut(index)) for index in indices]
        return prepared, perf_counter() - started

    if len(batches) == 1:
        yield prepare(batches[0])
        return
    with ThreadPoolExecutor(1, "prepare") as ahead:
        coming = ahead.submit(prepare, batches[0])
        for following in batches[1:]:
            prepared = coming.result()
            coming = ahead.submit(prepare, following)
            yield prepared
        yield coming.result()


def _prepare_slice(classifier: Classifier, index: int, scan: Slice) -> _PreparedSlice:
    model_input = to_model_input(scan, classifier.preprocessing)
    return _PreparedSlice(index, has_mr_limit(scan), model_input, check_slice(classifier.bundle, scan, model_input))


def _predict_batch(
    classifier: Classifier, slices: Sequence[_PreparedSlice], observe: Observe, *, explain: bool
) -> list[SlicePrediction]:
    started = perf_counter()
    answer = run_network(classifier, np.stack([one.model_input.pixels for one in slices]))
    observe(StepDone("inference", perf_counter() - started, len(slices)))
    predictions = []
    for row, one in enumerate(slices):
        prediction = decide(name_classes(classifier, answer.probabilities[row]), classifier.rule)
        distance = None if answer.distances is None else float(answer.distances[row])
        reasons = one.reasons
        if not reasons and distance is not None:
            reasons = check_distance(classifier.bundle, one.is_mr, distance)
        predictions.append(
            SlicePrediction(
                one.index,
                refuse(prediction, *reasons) if reasons else prediction,
                one.model_input.geometry,
                one.model_input.window,
                distance,
                # A copy, for a view would hold those of the whole batch.
                answer.activation[row].copy() if explain else None,
            )
        )
    return predictions


def _drop_activations(slices: list[SlicePrediction]) -> list[SlicePrediction]:
    """The same without the activations of slices that will not be explained."""
    explained = {one.index for one in rank_slices(slices)[:_EXPLAINED]}
    return [one if one.index in explained else replace(one, activation=None) for one in slices]


def _judge_quality(classifier: Classifier, shown: SlicePrediction, scan: Slice) -> tuple[ScanWarning, ...]:
    """Warnings of the slice that is shown; none of one that is out of scope."""
    if shown.prediction.decision is Decision.OUT_OF_SCOPE:
        return ()
    return find_quality_warnings(scan, shown.geometry, classifier.bundle.manifest.trust)
