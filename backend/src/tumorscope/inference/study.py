"""A decoded study in, the slices of it that are read out; their ranking, and warnings about the one that is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import CorruptFile, MissingModality
from tumorscope.domain.prediction import Decision, Prediction
from tumorscope.domain.scan import SEQUENCE_NAMES, Examination, Plane, Scan, ScanWarning, Slice, Volume
from tumorscope.imaging.decode import Upload
from tumorscope.imaging.scan_warnings import warn_sequence_chosen
from tumorscope.imaging.slices import PLANES, STACK_AXIS, choose_slices, slice_volume, stack_slice
from tumorscope.imaging.source import PREFERRED
from tumorscope.model.manifest import TrustManifest
from tumorscope.preprocessing.brain import normalise_brain
from tumorscope.preprocessing.intensity import darken_background
from tumorscope.preprocessing.spatial import Geometry

# The coarsest volume whose other planes show what the acquired one does. Public heads are often resampled to 2 mm.
_FINE_MM = 2.01
# Of another plane, slices about this far apart are read, and at most this share of the acquired plane's number.
_ACROSS_MM, _ACROSS_SHARE = 3.0, 0.45
# Of a volume acquired in another plane, axial slices about this far apart: several to a tumour's length.
_AXIAL_MM = 2.01

# With a larger share of the head's pixels at the highest value, brighter intensities were clipped. Preprocessing itself
# clips half a percent; images of the public collections reach 4 %.
_MAX_CLIPPED = 0.05

_OBLIQUE = ScanWarning(
    "plane_hardly_seen", "The slice is oblique; the model was trained on axial, coronal and sagittal slices."
)


@dataclass(frozen=True, slots=True)
class PlaneSlices:
    """The slices of one plane that are read.

    Parameters
    ----------
    plane : {'sagittal', 'coronal', 'axial'}
        In which they are cut.
    spacing_mm : float
        Between neighbours of the stack, read or not.
    indices : tuple of int
        Of the slices that are read, in the order of the stack; at least one.
    cut : callable
        Gives the slice at an index, with all its channels.
    """

    plane: Plane
    spacing_mm: float
    indices: tuple[int, ...]
    cut: Callable[[int], Slice]


@dataclass(frozen=True, slots=True)
class StudySlices:
    """The slices of a study that are read.

    Parameters
    ----------
    planes : tuple of PlaneSlices
        The acquired plane first.
    slice_count : int
        Of the acquired plane's stack.
    volume : Volume, optional
        That shows where the head is; None of a single slice.
    warnings : tuple of ScanWarning
        Of decoding, and of what was chosen from the study.
    """

    planes: tuple[PlaneSlices, ...]
    slice_count: int
    volume: Volume | None
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
    log_odds : float
        Of a tumour, by the network alone: before calibration. Not a number without the class ``no_tumor``, and where
        the slice is out of scope.
    scope_distance : float, optional
        From `scope.measure_distance`; None of a model without a scope gate.
    sequence_shares : ndarray, shape (sequences,), optional
        From `classifier.recognise_sequences`.
    activation : ndarray, shape (cells, cells, channels), float32, optional
        Of the last convolution; None where no heat map will be drawn.
    """

    index: int
    prediction: Prediction
    geometry: Geometry
    window: tuple[float, float] | None
    log_odds: float
    scope_distance: float | None
    sequence_shares: NDArray[np.float64] | None
    activation: NDArray[np.float32] | None


def choose_slices_to_read(
    channels: tuple[str, ...] | None, scan: Scan, *, in_three_planes: bool = False
) -> StudySlices:
    """Choose what of a study the model reads: several sequences by channel, or single slices.

    In three planes, those across the acquired one are read too, sparsely, where voxels are at most 2 mm long.

    Raises
    ------
    MissingModality
        The model reads several sequences, and the study lacks one.
    CorruptFile
        A sequence has no contrast.
    """
    if isinstance(scan, Slice):
        return StudySlices((PlaneSlices("axial", 1.0, (0,), lambda _index: scan),), 1, None, scan.warnings)
    volumes, outline, warnings = _choose_volumes(channels, scan)

    def cut(plane: Plane, index: int) -> Slice:
        cuts = [slice_volume(volume, plane, index) for volume in volumes]
        if channels is None:
            return cuts[0]
        pixels = np.stack([cut.pixels for cut in cuts], axis=2, dtype=np.float32)
        return replace(cuts[0], pixels=pixels, channels=channels)

    chosen = choose_slices(outline, outline.plane)
    planes = [outline.plane]
    if in_three_planes and outline.plane in PLANES and max(outline.spacing_mm) <= _FINE_MM:
        planes += [plane for plane in PLANES if plane != outline.plane]
    read = []
    for plane in planes:
        spacing = outline.spacing_mm[STACK_AXIS[plane]]
        indices = chosen
        if plane != outline.plane:
            indices = choose_slices(outline, plane)
            indices = indices[:: _find_step(plane, spacing, len(indices), len(chosen))]
        read.append(PlaneSlices(plane, spacing, tuple(indices), partial(cut, plane)))
    return StudySlices(tuple(read), outline.voxels.shape[STACK_AXIS[outline.plane]], outline, warnings)


def _find_step(plane: Plane, spacing_mm: float, found: int, acquired: int) -> int:
    """Every how many slices one of another plane is read: axial ones densely, for they decide; else sparsely."""
    if plane == "axial":
        return max(int(_AXIAL_MM / spacing_mm), 1)
    return max(ceil(_ACROSS_MM / spacing_mm), ceil(found / (_ACROSS_SHARE * acquired)))


def prefer_sequences(upload: Upload, trust: TrustManifest | None) -> Upload:
    """The same upload, of whose series one in a sequence that the model learned tumours in is preferred."""
    learned = trust.tumor_sequences if trust is not None and trust.tumor_sequences else ()
    return replace(upload, wish=replace(upload.wish, preferred=tuple(dict.fromkeys((*learned, *PREFERRED)))))


def choose_volume(channels: tuple[str, ...] | None, scan: Scan) -> Volume:
    """The volume that slices are cut from: of several sequences the one that is shown; of a slice, that slice alone.

    Raises
    ------
    MissingModality, CorruptFile
        As of `choose_slices_to_read`.
    """
    if isinstance(scan, Slice):
        return stack_slice(scan)
    return _choose_volumes(channels, scan)[0][0]


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


def find_quality_warnings(scan: Slice, geometry: Geometry, trust: TrustManifest | None) -> tuple[ScanWarning, ...]:
    """Warn about what makes an answer less reliable than its probability says.

    Motion artefacts are not checked: they show in the background around the head, which most image files and many
    scanners have set to zero.
    """
    warnings = []
    if geometry.square_side < geometry.size:
        head_px, model_px = geometry.square_side, geometry.size
        message = f"The head is {head_px} pixels wide, the model's input {model_px}: small tumours cannot be seen."
        params = {"head_px": head_px, "model_px": model_px}
        warnings.append(ScanWarning("low_resolution", message, params))
    crop = geometry.crop
    head = scan.pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    clipped = float(np.count_nonzero(head == head.max()) / head.size)
    if scan.channels is None and clipped > _MAX_CLIPPED:
        message = f"{clipped:.0%} of the head's pixels have the highest value: detail is lost."
        warnings.append(ScanWarning("clipped_intensities", message, {"share": round(clipped, 4)}))
    trained = None if trust is None else trust.tumor_sequences
    if trained and scan.sequence is not None and scan.sequence not in trained:
        names = " and ".join(SEQUENCE_NAMES[name] for name in trained)
        message = (
            f"The file states {SEQUENCE_NAMES[scan.sequence]}; the model learned tumours almost only from {names}."
        )
        warnings.append(
            ScanWarning("sequence_hardly_seen", message, {"sequence": scan.sequence, "trained": ",".join(trained)})
        )
    if scan.plane == "oblique":
        warnings.append(_OBLIQUE)
    return tuple(warnings)


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
            f"The model reads {', '.join(channels)} of one examination together; missing: {', '.join(missing)}. "
            "Send all of them."
        )
    try:
        volumes = tuple(normalise_brain(given[name]) for name in channels)
    except ValueError as error:
        raise CorruptFile(
            "A volume of the examination has no contrast: its voxels are nearly equal. Export it again."
        ) from error
    every = [*scan.warnings, *(warning for volume in given.values() for warning in volume.warnings)]
    return volumes, given[channels[0]], tuple(dict.fromkeys(every))


def _choose_sequence(scan: Examination) -> tuple[Volume, tuple[ScanWarning, ...]]:
    asked = [one.uid for one in scan.series if one.why_not is None]
    name = next(name for name in (*asked, *PREFERRED, *scan.sequences) if name in scan.sequences)
    volume = replace(scan.sequences[name], sequence=next((known for known in PREFERRED if known == name), None))
    warnings = (*scan.warnings, *volume.warnings)
    if len(scan.sequences) == 1:
        return volume, warnings
    return volume, (*warnings, warn_sequence_chosen(name))
