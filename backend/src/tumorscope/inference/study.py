"""A Scan of whatever kind in, the study's prediction and its slices' out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from tumorscope.domain import reasons
from tumorscope.domain.errors import CorruptFile, MissingModality
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, Prediction, decide, refuse
from tumorscope.domain.scan import Examination, Scan, ScanWarning, SequenceName, Slice, Volume
from tumorscope.imaging.slices import STACK_AXIS, choose_slices, slice_volume, stack_slice
from tumorscope.inference.classifier import (
    Classification,
    Classifier,
    PreparedSlice,
    classify,
    classify_prepared,
    name_classes,
    prepare_slice,
)
from tumorscope.inference.pooling import pool_slices
from tumorscope.inference.quality import find_quality_warnings
from tumorscope.preprocessing.background import darken_background
from tumorscope.preprocessing.brain import normalise_brain

_BATCH = 16

# A study is refused when more than this share of its slices is.
_MAX_REFUSED = 0.5

# So many slices of a volume are explained.
_EXPLAINED = 3

# Of several sequences, the one that a model of single slices has seen most tumours in.
_PREFERRED: tuple[SequenceName, ...] = ("t1ce", "t1", "flair", "t2")


@dataclass(frozen=True, slots=True)
class StudySlice:
    """One slice of a study that was classified: its position in the stack, and what came of it."""

    index: int
    classification: Classification


@dataclass(frozen=True, slots=True)
class StudyClassification:
    """The answer to a whole study.

    Parameters
    ----------
    prediction : Prediction
        The study's; of a single slice, the slice's.
    slices : tuple of StudySlice
        Those that were classified, in the order of the stack.
    shown : StudySlice
        The one that shows most tumour.
    shown_scan : Slice
        Its pixels, as they were given to preprocessing.
    slice_count : int
        Of the stack, the empty ones too.
    warnings : tuple of ScanWarning
        Of decoding, and of what was chosen of the study.
    """

    prediction: Prediction
    slices: tuple[StudySlice, ...]
    shown: StudySlice
    shown_scan: Slice
    slice_count: int
    warnings: tuple[ScanWarning, ...]


@dataclass(frozen=True, slots=True)
class _Stack:
    """What is sliced: volumes of one place, by channel; without channel names a single one."""

    volumes: tuple[Volume, ...]
    channels: tuple[str, ...] | None
    indices: tuple[int, ...]

    @property
    def first(self) -> Volume:
        return self.volumes[0]

    @property
    def axis(self) -> int:
        return STACK_AXIS[self.first.plane]


def classify_study(
    classifier: Classifier, scan: Scan, advance: Callable[[int, int], None], *, explain: bool = False
) -> StudyClassification:
    """Classify a slice, a volume or an examination of several sequences.

    Parameters
    ----------
    classifier : Classifier
        The served model.
    scan : Scan
        Decoded.
    advance : callable
        Called with the slices done and those to do, before the first and after each batch; what it raises ends the
        work.
    explain : bool
        Whether the slices that show most tumour are to keep their activation.

    Returns
    -------
    StudyClassification
        For a volume, the study's figures are `pooling.pool_slices` of those of its slices that are in scope; it is out
        of scope where most of them are.

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
    if isinstance(scan, Slice):
        advance(0, 1)
        only = StudySlice(0, classify(classifier, scan, keep_activation=explain))
        advance(1, 1)
        warnings = (*scan.warnings, *_judge_quality(classifier, only.classification, scan))
        return StudyClassification(only.classification.prediction, (only,), only, scan, 1, warnings)
    stack, warnings = _choose_stack(classifier, scan)
    slices: list[StudySlice] = []
    advance(0, len(stack.indices))
    for batch in _classify_stack(classifier, stack, explain=explain):
        slices = _forget(slices + batch)
        advance(len(slices), len(stack.indices))
    shown = rank_slices(slices)[0]
    shown_scan = _cut(stack, shown.index)
    return StudyClassification(
        _pool(classifier, slices),
        tuple(slices),
        shown,
        shown_scan,
        stack.first.voxels.shape[stack.axis],
        (*warnings, *_judge_quality(classifier, shown.classification, shown_scan)),
    )


def choose_volume(classifier: Classifier, scan: Scan) -> Volume:
    """The volume that `classify_study` cuts its slices from, as it cuts them.

    Parameters
    ----------
    classifier : Classifier
        The served model, which says what of a study is read.
    scan : Scan
        Decoded.

    Returns
    -------
    Volume
        Of several sequences the one that is shown; of a slice, that slice alone.

    Raises
    ------
    MissingModality, CorruptFile
        As of `classify_study`.
    """
    return stack_slice(scan) if isinstance(scan, Slice) else _choose_stack(classifier, scan)[0].first


def _classify_stack(classifier: Classifier, stack: _Stack, *, explain: bool) -> Iterator[list[StudySlice]]:
    """Batch after batch; while the engine runs one, the next is cut and prepared."""
    batches = [stack.indices[start : start + _BATCH] for start in range(0, len(stack.indices), _BATCH)]

    def prepare(indices: Sequence[int]) -> list[PreparedSlice]:
        return [prepare_slice(classifier, _cut(stack, index)) for index in indices]

    with ThreadPoolExecutor(1, "prepare") as ahead:
        coming = ahead.submit(prepare, batches[0])
        for indices, following in zip_longest(batches, batches[1:]):
            prepared = coming.result()
            if following is not None:
                coming = ahead.submit(prepare, following)
            answers = classify_prepared(classifier, prepared, keep_activation=explain)
            yield [StudySlice(index, answer) for index, answer in zip(indices, answers, strict=True)]


def rank_slices(slices: Sequence[StudySlice]) -> list[StudySlice]:
    """Those that show most tumour first; those that are out of scope last."""

    def rank(one: StudySlice) -> tuple[bool, float]:
        prediction = one.classification.prediction
        return prediction.decision is not Decision.OUT_OF_SCOPE, tumor_share(prediction)

    return sorted(slices, key=rank, reverse=True)


def _judge_quality(classifier: Classifier, answer: Classification, scan: Slice) -> tuple[ScanWarning, ...]:
    """Of what is no brain MRI nothing is said."""
    if answer.prediction.decision is Decision.OUT_OF_SCOPE:
        return ()
    return find_quality_warnings(scan, answer.geometry, classifier.bundle.manifest.trust)


def tumor_share(prediction: Prediction) -> float:
    """What slices are ranked by: the tumour probability, or without the class ``no_tumor`` the highest one."""
    if prediction.tumor_probability is not None:
        return prediction.tumor_probability
    return max(prediction.probabilities.values())


def _choose_stack(classifier: Classifier, scan: Volume | Examination) -> tuple[_Stack, tuple[ScanWarning, ...]]:
    """What of the study the model reads."""
    channels = classifier.bundle.manifest.preprocessing_parameters.channels
    if channels is None:
        volume, warnings = (scan, scan.warnings) if isinstance(scan, Volume) else _choose_sequence(scan)
        volume = darken_background(volume)
        return _Stack((volume,), None, tuple(choose_slices(volume))), warnings
    given = scan.sequences if isinstance(scan, Examination) else {}
    missing = [name for name in channels if name not in given]
    if missing:
        raise MissingModality(
            f"The model reads {', '.join(channels)} of one examination together; missing: {', '.join(missing)}."
        )
    try:
        volumes = tuple(normalise_brain(given[name]) for name in channels)
    except ValueError as error:
        raise CorruptFile("A volume of the examination has no contrast.") from error
    first = given[channels[0]]
    return _Stack(volumes, channels, tuple(choose_slices(first))), _collect_warnings(scan)


def _choose_sequence(scan: Examination) -> tuple[Volume, tuple[ScanWarning, ...]]:
    name = next(name for name in (*_PREFERRED, *scan.sequences) if name in scan.sequences)
    volume = replace(scan.sequences[name], sequence=next((known for known in _PREFERRED if known == name), None))
    warnings = (*scan.warnings, *volume.warnings)
    if len(scan.sequences) == 1:
        return volume, warnings
    message = f"The model reads one sequence; of those sent, {name} was read."
    chosen = ScanWarning("sequence_chosen", message, {"sequence": name})
    return volume, (*warnings, chosen)


def _collect_warnings(scan: Volume | Examination) -> tuple[ScanWarning, ...]:
    if isinstance(scan, Volume):
        return scan.warnings
    every = [*scan.warnings, *(warning for volume in scan.sequences.values() for warning in volume.warnings)]
    return tuple(dict.fromkeys(every))


def _cut(stack: _Stack, index: int) -> Slice:
    """One slice of the stack, with all its channels."""
    cuts = [slice_volume(volume, stack.first.plane, index) for volume in stack.volumes]
    if stack.channels is None:
        return cuts[0]
    pixels = np.stack([cut.pixels for cut in cuts], axis=2, dtype=np.float32)
    return replace(cuts[0], pixels=pixels, channels=stack.channels)


def _forget(slices: list[StudySlice]) -> list[StudySlice]:
    """The same without the activations of slices that will not be explained."""
    explained = {one.index for one in rank_slices(slices)[:_EXPLAINED]}
    return [
        one if one.index in explained else replace(one, classification=replace(one.classification, activation=None))
        for one in slices
    ]


def _pool(classifier: Classifier, slices: list[StudySlice]) -> Prediction:
    every = [one.classification.prediction for one in slices]
    predictions = [prediction for prediction in every if prediction.decision is not Decision.OUT_OF_SCOPE]
    if len(every) - len(predictions) > _MAX_REFUSED * len(every):
        refused = [prediction for prediction in every if prediction.decision is Decision.OUT_OF_SCOPE]
        ((commonest, _),) = Counter(reason for one in refused for reason in one.reasons).most_common(1)
        most = replace(reasons.MOST_SLICES_REFUSED, params={"refused": len(refused), "read": len(every)})
        return refuse(_pool_predictions(classifier, every), most, commonest)
    return _pool_predictions(classifier, predictions)


def _pool_predictions(classifier: Classifier, predictions: Sequence[Prediction]) -> Prediction:
    manifest = classifier.bundle.manifest
    rows = np.array([[prediction.probabilities[name] for name in manifest.class_names] for prediction in predictions])
    if NO_TUMOR not in manifest.class_names:
        # Every slice is taken to show the tumour: none says more than another.
        return decide(name_classes(classifier, rows.mean(axis=0)), classifier.rule)
    pooled = pool_slices(rows, manifest.class_names.index(NO_TUMOR), manifest.pooling.reach)
    return decide(name_classes(classifier, pooled), classifier.rule)
