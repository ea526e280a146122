"""The files of a study in, its prediction out: the one way that HTTP, command line and evaluation take.

decode -> slices -> model input -> engine -> calibrate -> decide -> explain
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil
from time import perf_counter
from typing import Literal, get_args

import numpy as np

from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, Prediction, decide, refuse
from tumorscope.domain.reasons import KIND_CANNOT_EXCLUDE, Reason
from tumorscope.domain.scan import DicomOrigin, Examination, Plane, Scan, ScanWarning, SequenceName, Series, Slice
from tumorscope.imaging.decode import Upload
from tumorscope.inference.classifier import (
    Classifier,
    name_classes,
    name_sequence,
    pool_study,
    run_network,
    tumor_log_odds,
    weigh,
)
from tumorscope.inference.findings import (
    EXTENDS_FROM,
    Region,
    Stretch,
    find_regions,
    find_stretches,
    gather_evidence,
    measure_evidence,
    measure_share,
)
from tumorscope.inference.heatmap import Explanation, explain_slices
from tumorscope.inference.scope import check_distance, check_slice, has_mr_limit
from tumorscope.inference.study import (
    PlaneSlices,
    SlicePrediction,
    StudySlices,
    choose_slices_to_read,
    find_quality_warnings,
    prefer_sequences,
    rank_slices,
)
from tumorscope.preprocessing.pipeline import ModelInput, to_model_input

Step = Literal["decode", "preprocess", "inference", "explain"]
Explain = Literal["none", "heatmap", "kinds"]

_BATCH = 16
# So many slices of a volume without a finding are explained, and at most so many of the first finding.
_EXPLAINED, _EXPLAINED_OF_FINDING = 3, 24
# What the model was not trained on: the file states it, and a tumour cannot be ruled out.
_UNLIKE_TRAINING = {"derived_map", "kind_hardly_seen", "localizer"}


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
class Finding:
    """A region of a volume that its answer rests on.

    Parameters
    ----------
    slices : (int, int)
        The first and the last, on the axis of the acquired plane.
    planes : tuple of Plane
        The acquired one, then those that show it in the same place.
    extent_mm : float
        Along the slice axis of the acquired plane.
    centre_mm : (float, float, float), optional
        In the scanner's frame (RAS+); None where the file or the evidence does not say.
    label : str
        The most probable kind of tumour in its slices.
    probability : float
        In 0..1, that it is a tumour; without a model of studies, that of its highest slice.
    peak : int
        The slice with its highest tumour probability.
    """

    slices: tuple[int, int]
    planes: tuple[Plane, ...]
    extent_mm: float
    centre_mm: tuple[float, float, float] | None
    label: str
    probability: float
    peak: int


@dataclass(frozen=True, slots=True)
class StudyPrediction:
    """The answer to a study.

    Parameters
    ----------
    prediction : Prediction
        Of the study; of a single slice, the slice's.
    slices : tuple of SlicePrediction
        Of the slices of the acquired plane that were read, in the order of the stack.
    evidence : float, optional
        Of a volume, from `findings.measure_evidence`; None of one that is not read axially, or not in scope.
    findings : tuple of Finding
        Of a volume: the most evidence first.
    shown : SlicePrediction
        Of the slice with the highest tumour probability in the first finding; without findings, of all.
    shown_scan : Slice
        Its pixels, as they were given to preprocessing.
    slice_count : int
        Of the stack, with the slices that were not read.
    is_volume : bool
        Whether the study was a stack of slices, and not a single one.
    sequence : SequenceName, optional
        As the file states it, else of a volume as its slices show it; None where neither tells.
    warnings : tuple of ScanWarning
        Of decoding, of what was chosen from the study, and of the quality of the slice that is shown.
    series : tuple of Series
        All of the upload, the one that was read first; empty of other formats than DICOM.
    explanation : Explanation, optional
        None where it was not asked for, and where the study is out of scope.
    origin : DicomOrigin, optional
        As of `Slice.origin`; its images are those of the stack's slices.
    """

    prediction: Prediction
    slices: tuple[SlicePrediction, ...]
    evidence: float | None
    findings: tuple[Finding, ...]
    shown: SlicePrediction
    shown_scan: Slice
    slice_count: int
    is_volume: bool
    sequence: SequenceName | None
    warnings: tuple[ScanWarning, ...]
    series: tuple[Series, ...]
    explanation: Explanation | None
    origin: DicomOrigin | None


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
    explain: Explain = "none",
) -> StudyPrediction:
    """Decode the files of a study within the caller's limits, and predict from it; `observe` is told of each step.

    To explain by "heatmap" draws heat maps of the slices with the highest tumour probabilities, by "kinds" one of each
    kind of tumour on them.

    Raises
    ------
    InputError
        The files cannot be read, or the model cannot read what they hold.
    AnswerNotFinite
        The engine gave infinity or not a number.
    """
    started = perf_counter()
    scan = decode(prefer_sequences(upload, classifier.bundle.manifest.trust))
    observe(StepDone("decode", perf_counter() - started, 1))
    return predict_scan(classifier, scan, observe, explain=explain)


def predict_scan(
    classifier: Classifier, scan: Scan, observe: Observe = ignore, *, explain: Explain = "none"
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
    trust = classifier.bundle.manifest.trust
    by_region = trust is not None and trust.study is not None
    stack = choose_slices_to_read(classifier.preprocessing.channels, scan, in_three_planes=by_region)
    done, total = 0, sum(len(plane.indices) for plane in stack.planes)
    observe(Progress(0, total))
    read: list[list[SlicePrediction]] = []
    for plane in stack.planes:
        if read and plane.plane != "axial" and not _shows_stretch(stack.planes[0], read[0]):
            # It has nothing to confirm.
            read.append([])
            done += len(plane.indices)
            observe(Progress(done, total))
            continue
        slices: list[SlicePrediction] = []
        for prepared, seconds in _prepare_batches(classifier, plane):
            observe(StepDone("preprocess", seconds, len(prepared)))
            keep = explain != "none" or stack.volume is not None
            slices += _predict_batch(classifier, prepared, observe, with_activation=keep)
            slices = _drop_activations(slices, plane.spacing_mm, explained=explain != "none")
            done += len(prepared)
            observe(Progress(done, total))
        read.append(slices)
    slices = read[0]
    regions = _find_regions(classifier, stack, read)
    first = regions[0] if regions else None
    sequence = _find_sequence(stack, slices)
    prediction, evidence = slices[0].prediction, None
    if stack.volume is not None:
        evidence = _find_evidence(stack, read)
        prediction = pool_study(classifier, slices, first, evidence, sequence)
    if prediction.decision is Decision.NO_TUMOR and any(one.code in _UNLIKE_TRAINING for one in stack.warnings):
        prediction = replace(prediction, decision=Decision.UNCERTAIN, reasons=(KIND_CANNOT_EXCLUDE,))
    ranked = _rank_by_finding(slices, first)
    shown = ranked[0]
    shown_scan = stack.planes[0].cut(shown.index)
    started = perf_counter()
    explained = _choose_explained(slices, first, ranked)
    peaks = [slices[region.stretch.peak] for region in regions]
    explanation = None
    if explain != "none":
        every_kind = explain == "kinds"
        explanation = explain_slices(classifier.bundle, prediction, explained, peaks, shown_scan, every_kind=every_kind)
    observe(StepDone("explain", perf_counter() - started, len(explanation.drawn) if explanation else 0))
    return StudyPrediction(
        prediction,
        tuple(slices),
        evidence,
        tuple(
            _describe_finding(classifier, stack, slices, region, sequence, by_model=evidence is not None)
            for region in regions
        ),
        shown,
        shown_scan,
        stack.slice_count,
        stack.volume is not None,
        sequence,
        (*stack.warnings, *_judge_quality(classifier, shown, shown_scan)),
        scan.series if classifier.preprocessing.channels is None else (),
        explanation,
        None if isinstance(scan, Examination) else scan.origin,
    )


def _find_sequence(stack: StudySlices, slices: Sequence[SlicePrediction]) -> SequenceName | None:
    """As the file states it, else as the slices of a volume that are in scope show it."""
    if stack.volume is None:
        return stack.planes[0].cut(slices[0].index).sequence
    if stack.volume.sequence is not None:
        return stack.volume.sequence
    return name_sequence(
        [
            one.sequence_shares
            for one in slices
            if one.sequence_shares is not None and one.prediction.decision is not Decision.OUT_OF_SCOPE
        ]
    )


def _shows_stretch(plane: PlaneSlices, slices: Sequence[SlicePrediction]) -> bool:
    positions = plane.spacing_mm * np.array([one.index for one in slices], np.float64)
    return bool(find_stretches(positions, np.array([measure_share(one) for one in slices])))


def _find_evidence(stack: StudySlices, read: Sequence[Sequence[SlicePrediction]]) -> float | None:
    """Of the axial slices, for a model of studies is fitted on those; None of a study without, or out of scope."""
    for plane, slices in zip(stack.planes, read, strict=True):
        if plane.plane == "axial" and not all(np.isnan(one.log_odds) for one in slices):
            return _measure_evidence(slices, plane.spacing_mm)
    return None


def _measure_evidence(slices: Sequence[SlicePrediction], spacing_mm: float, stretch: Stretch | None = None) -> float:
    positions = spacing_mm * np.array([one.index for one in slices], np.float64)
    return measure_evidence(positions, np.array([one.log_odds for one in slices]), stretch)


def _rank_by_finding(slices: Sequence[SlicePrediction], first: Region | None) -> list[SlicePrediction]:
    """The slices of the first finding before all others."""
    if first is None:
        return rank_slices(slices)
    start, stop = first.stretch.first, first.stretch.last + 1
    return [*rank_slices(slices[start:stop]), *rank_slices([*slices[:start], *slices[stop:]])]


def _find_regions(
    classifier: Classifier, stack: StudySlices, read: Sequence[Sequence[SlicePrediction]]
) -> list[Region]:
    """Regions of a volume, by a model that tells tumour from none; else nothing."""
    bundle, volume = classifier.bundle, stack.volume
    if volume is None or NO_TUMOR not in bundle.manifest.class_names:
        return []
    pairs = zip(stack.planes, read, strict=True)
    acquired, *others = [gather_evidence(bundle, volume, plane, slices) for plane, slices in pairs]
    return find_regions(acquired, others)


def _describe_finding(
    classifier: Classifier,
    stack: StudySlices,
    slices: Sequence[SlicePrediction],
    region: Region,
    sequence: SequenceName | None,
    *,
    by_model: bool,
) -> Finding:
    """Of a region; with its probability by the model of studies, or else its highest slice's."""
    volume, trust, stretch = stack.volume, classifier.bundle.manifest.trust, region.stretch
    assert volume is not None  # noqa: S101  (only volumes have regions)
    inside = [one for one in slices[stretch.first : stretch.last + 1] if not np.isnan(measure_share(one))]
    kinds = [name for name in classifier.bundle.manifest.class_names if name != NO_TUMOR]
    probability = region.peak_share
    if by_model and trust is not None and trust.study is not None:
        evidence = _measure_evidence(slices, stack.planes[0].spacing_mm, stretch)
        probability = weigh(trust.study, evidence, sequence)
    centre = None
    if region.centre_mm is not None and volume.affine is not None:
        right, anterior, superior = volume.affine[:3] @ [*region.centre_mm / volume.spacing_mm, 1]
        centre = (float(right), float(anterior), float(superior))
    return Finding(
        (slices[stretch.first].index, slices[stretch.last].index),
        region.planes,
        region.extent_mm,
        centre,
        max(kinds, key=lambda name: sum(one.prediction.probabilities[name] for one in inside)),
        probability,
        slices[stretch.peak].index,
    )


def _prepare_batches(classifier: Classifier, stack: PlaneSlices) -> Iterator[tuple[list[_PreparedSlice], float]]:
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
    classifier: Classifier, slices: Sequence[_PreparedSlice], observe: Observe, *, with_activation: bool
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
                float("nan") if reasons else tumor_log_odds(classifier, answer.logits[row]),
                distance,
                None if answer.sequences is None else answer.sequences[row],
                # A copy, for a view would hold those of the whole batch.
                answer.activation[row].copy() if with_activation else None,
            )
        )
    return predictions


def _drop_activations(slices: list[SlicePrediction], spacing_mm: float, *, explained: bool) -> list[SlicePrediction]:
    """The same without the activations of slices that are neither explained nor say where a region is."""
    shares = np.array([measure_share(one) for one in slices])
    positions = spacing_mm * np.array([one.index for one in slices], np.float64)
    kept = {slices[stretch.peak].index for stretch in find_stretches(positions, shares)}
    if explained:
        kept |= {one.index for one in rank_slices(slices)[:_EXPLAINED]}
        kept |= {one.index for one, share in zip(slices, shares, strict=True) if share >= EXTENDS_FROM}
    return [one if one.index in kept else replace(one, activation=None) for one in slices]


def _choose_explained(
    slices: Sequence[SlicePrediction], first: Region | None, ranked: Sequence[SlicePrediction]
) -> list[SlicePrediction]:
    """The slice that is shown and others evenly over the first finding; without one, those that rank highest."""
    if first is None:
        return [one for one in ranked if one.activation is not None][:_EXPLAINED]
    inside = slices[first.stretch.first : first.stretch.last + 1]
    step = ceil(len(inside) / _EXPLAINED_OF_FINDING)
    shown = [one.index for one in inside].index(ranked[0].index)
    return rank_slices(inside[shown % step :: step])


def _judge_quality(classifier: Classifier, shown: SlicePrediction, scan: Slice) -> tuple[ScanWarning, ...]:
    """Warnings of the slice that is shown."""
    return find_quality_warnings(scan, shown.geometry, classifier.bundle.manifest.trust)
