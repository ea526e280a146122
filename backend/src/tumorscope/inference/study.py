"""A decoded study in, the slices of it that are read out; and the study's prediction from theirs."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain import reasons
from tumorscope.domain.errors import CorruptFile, MissingModality
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.prediction import Decision, Prediction, decide, refuse
from tumorscope.domain.scan import Examination, Scan, ScanWarning, SequenceName, Slice, Volume
from tumorscope.imaging.slices import STACK_AXIS, choose_slices, slice_volume, stack_slice
from tumorscope.inference.classifier import Classifier, name_classes
from tumorscope.model.manifest import Manifest
from tumorscope.preprocessing.background import darken_background
from tumorscope.preprocessing.brain import normalise_brain
from tumorscope.preprocessing.spatial import Geometry

# A study is refused when more than this share of its slices is.
_MAX_REFUSED = 0.5

# Of several sequences, the one that a model of single slices has seen most tumours in.
_PREFERRED: tuple[SequenceName, ...] = ("t1ce", "t1", "flair", "t2")


@dataclass(frozen=True, slots=True)
class StudySlices:
    """The slices of a study that are read.

    Parameters
    ----------
    cut : callable
        Gives the slice at an index, with all its channels.
    indices : tuple of int
        Of the slices that are read, in the order of the stack; at least one.
    slice_count : int
        Of the stack.
    is_volume : bool
        False of a single slice.
    warnings : tuple of ScanWarning
        Of decoding, and of what was chosen from the study.
    """

    cut: Callable[[int], Slice]
    indices: tuple[int, ...]
    slice_count: int
    is_volume: bool
    warnings: tuple[ScanWarning, ...]


@dataclass(frozen=True, slots=True)
class SlicePrediction:
    """The answer to one slice of a study.

    Parameters
    ----------
    index : int
        Position in the stack.
    prediction : Prediction
        With calibrated probabilities, in the order of the manifest's classes; ``out_of_scope`` where the scope gate
        refuses the slice.
    geometry : Geometry
        Where on the slice the network looked.
    window : (float, float), optional
        Intensities of the slice that became black and white; None of a slice of several sequences.
    scope_distance : float, optional
        From `scope.measure_distance`; None of a model without a scope gate.
    activation : ndarray, shape (cells, cells, channels), float32, optional
        Of the last convolution; None where no heat map will be drawn.
    """

    index: int
    prediction: Prediction
    geometry: Geometry
    window: tuple[float, float] | None
    scope_distance: float | None
    activation: NDArray[np.float32] | None


def choose_slices_to_read(manifest: Manifest, scan: Scan) -> StudySlices:
    """Choose what of a study the model reads.

    Parameters
    ----------
    manifest : Manifest
        Of the served model.
    scan : Slice, Volume or Examination
        Decoded.

    Raises
    ------
    MissingModality
        The model reads several sequences, and the study lacks one.
    CorruptFile
        A sequence has no contrast.
    """
    if isinstance(scan, Slice):
        return StudySlices(lambda _index: scan, (0,), 1, is_volume=False, warnings=scan.warnings)
    channels = manifest.preprocessing_parameters.channels
    volumes, outline, warnings = _choose_volumes(channels, scan)
    plane, indices = outline.plane, tuple(choose_slices(outline))

    def cut(index: int) -> Slice:
        cuts = [slice_volume(volume, plane, index) for volume in volumes]
        if channels is None:
            return cuts[0]
        pixels = np.stack([cut.pixels for cut in cuts], axis=2, dtype=np.float32)
        return replace(cuts[0], pixels=pixels, channels=channels)

    return StudySlices(cut, indices, outline.voxels.shape[STACK_AXIS[plane]], is_volume=True, warnings=warnings)


def choose_volume(manifest: Manifest, scan: Scan) -> Volume:
    """The volume that slices are cut from, as they are cut.

    Parameters
    ----------
    manifest : Manifest
        Of the served model, which says what of a study is read.
    scan : Slice, Volume or Examination
        Decoded.

    Returns
    -------
    Volume
        Of several sequences the one that is shown; of a slice, that slice alone.

    Raises
    ------
    MissingModality, CorruptFile
        As of `choose_slices_to_read`.
    """
    if isinstance(scan, Slice):
        return stack_slice(scan)
    return _choose_volumes(manifest.preprocessing_parameters.channels, scan)[0][0]


def rank_slices(slices: Sequence[SlicePrediction]) -> list[SlicePrediction]:
    """The highest tumour probability first; slices that are out of scope last."""

    def rank(one: SlicePrediction) -> tuple[bool, float]:
        return one.prediction.decision is not Decision.OUT_OF_SCOPE, tumor_share(one.prediction)

    return sorted(slices, key=rank, reverse=True)


def tumor_share(prediction: Prediction) -> float:
    """What slices are ranked by: the tumour probability, or without the class ``no_tumor`` the highest one."""
    if prediction.tumor_probability is not None:
        return prediction.tumor_probability
    return max(prediction.probabilities.values())


def pool_study(classifier: Classifier, slices: Sequence[SlicePrediction]) -> Prediction:
    """The prediction of a volume from those of its slices that are in scope.

    Parameters
    ----------
    classifier : Classifier
        That answered.
    slices : sequence of SlicePrediction
        At least one.

    Returns
    -------
    Prediction
        Of `pool_slices`; out of scope where most of the slices are.
    """
    every = [one.prediction for one in slices]
    refused = [prediction for prediction in every if prediction.decision is Decision.OUT_OF_SCOPE]
    if len(refused) > _MAX_REFUSED * len(every):
        ((commonest, _),) = Counter(reason for one in refused for reason in one.reasons).most_common(1)
        most = replace(reasons.MOST_SLICES_REFUSED, params={"refused": len(refused), "read": len(every)})
        return refuse(_pool_predictions(classifier, every), most, commonest)
    return _pool_predictions(classifier, [one for one in every if one.decision is not Decision.OUT_OF_SCOPE])


def pool_slices(probabilities: NDArray[np.float64], no_tumor: int, reach: float) -> NDArray[np.float64]:
    """What a share of the slices reaches.

    A hundred slices are a hundred chances for a false alarm, so that a study's highest slice says little. A tumour has
    a length: a share of the slices shows it. The study is called as likely a tumour as that share of its slices
    reaches, and of the kinds that those slices show.

    Parameters
    ----------
    probabilities : ndarray, shape (slices, classes), float64, 0..1
        Each row summing to 1.
    no_tumor : int
        The class that is none.
    reach : float
        Share of the slices that must reach the study's tumour probability, from 0 (the highest slice) to 1 (the
        lowest).

    Returns
    -------
    ndarray, shape (classes,), float64, 0..1
        Summing to 1. Its tumour probability is the quantile 1 - `reach` of the slices'; the kinds share it as they do
        on average in the slices that reach it.
    """
    shares = 1 - probabilities[:, no_tumor]
    reached = float(np.quantile(shares, 1 - reach))
    reaching = shares >= reached
    mean_share = float(shares[reaching].mean())
    pooled: NDArray[np.float64] = probabilities[reaching].mean(axis=0) * (reached / mean_share if mean_share else 0.0)
    pooled[no_tumor] = 1 - reached
    return pooled


def _choose_volumes(
    channels: tuple[str, ...] | None, scan: Volume | Examination
) -> tuple[tuple[Volume, ...], Volume, tuple[ScanWarning, ...]]:
    """The volumes that are read, by channel; the one that shows where the head is; and what to say of the choice."""
    if channels is None:
        volume, warnings = (scan, scan.warnings) if isinstance(scan, Volume) else _choose_sequence(scan)
        volume = darken_background(volume)
        return (volume,), volume, warnings
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
    every = [*scan.warnings, *(warning for volume in given.values() for warning in volume.warnings)]
    return volumes, given[channels[0]], tuple(dict.fromkeys(every))


def _choose_sequence(scan: Examination) -> tuple[Volume, tuple[ScanWarning, ...]]:
    name = next(name for name in (*_PREFERRED, *scan.sequences) if name in scan.sequences)
    volume = replace(scan.sequences[name], sequence=next((known for known in _PREFERRED if known == name), None))
    warnings = (*scan.warnings, *volume.warnings)
    if len(scan.sequences) == 1:
        return volume, warnings
    message = f"The model reads one sequence; of those sent, {name} was read."
    chosen = ScanWarning("sequence_chosen", message, {"sequence": name})
    return volume, (*warnings, chosen)


def _pool_predictions(classifier: Classifier, predictions: Sequence[Prediction]) -> Prediction:
    manifest = classifier.bundle.manifest
    rows = np.array([[prediction.probabilities[name] for name in manifest.class_names] for prediction in predictions])
    if NO_TUMOR not in manifest.class_names:
        # Every slice is taken to show the tumour: none says more than another.
        return decide(name_classes(classifier, rows.mean(axis=0)), classifier.rule)
    pooled = pool_slices(rows, manifest.class_names.index(NO_TUMOR), manifest.pooling.reach)
    return decide(name_classes(classifier, pooled), classifier.rule)
