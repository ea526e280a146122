"""Tumour probabilities of slices and their positions in, regions of evidence in millimetres out.

A tumour has a length, and is seen from every side; a false alarm seldom is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import Plane, Volume
from tumorscope.imaging.slices import STACK_AXIS
from tumorscope.inference.heatmap import choose_explained_class, find_evidence
from tumorscope.inference.study import PlaneSlices, SlicePrediction, tumor_share
from tumorscope.model.bundle import Bundle

# A tumour that brings a patient to a scanner is longer; a false alarm mostly shorter.
_TUMOR_MM = 10.0
# The evidence is no further from 0 than the log-odds of this probability.
_LOWEST = 1e-4
# Hysteresis (Canny 1986): evidence starts a stretch from here on.
_START = 0.5
EXTENDS_FROM = 0.3
"""And a stretch goes on through slices with at least this tumour probability."""
# So much without evidence does not end a stretch.
_GAP_MM = 4.0
# About a cell of the network's last feature map, which is all that a centre within a slice is known to.
_TOLERANCE_MM = 15.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive slices of one plane with evidence of a tumour.

    Parameters
    ----------
    first, last, peak : int
        Rows of the evidence that it was found in: its ends, and its highest.
    start_mm, stop_mm : float
        Along the slice axis, half a slice beyond its ends.
    """

    first: int
    last: int
    peak: int
    start_mm: float
    stop_mm: float


@dataclass(frozen=True, slots=True)
class PlaneEvidence:
    """What the slices of one plane show.

    Parameters
    ----------
    plane : {'sagittal', 'coronal', 'axial'}
        Of the slices.
    positions_mm : ndarray, shape (n,), float64
        Along the slice axis, ascending.
    shares : ndarray, shape (n,), float64
        Tumour probability, in 0..1; not a number where a slice was not judged.
    centres_mm : mapping of int to ndarray, shape (3,), float64
        Where a slice shows the evidence, by row, along the right, anterior and superior axis of the voxels; of the
        peaks at least, for planes to be compared.
    """

    plane: Plane
    positions_mm: NDArray[np.float64]
    shares: NDArray[np.float64]
    centres_mm: dict[int, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of the acquired plane, and what other planes say of its place.

    Parameters
    ----------
    stretch : Stretch
        Of the acquired plane.
    planes : tuple of Plane
        The acquired plane, then those that show evidence in the same place.
    peak_share : float
        Highest tumour probability of its slices.
    centre_mm : ndarray, shape (3,), float64, optional
        Along the right, anterior and superior axis of the voxels; None where it is not known.
    """

    stretch: Stretch
    planes: tuple[Plane, ...]
    peak_share: float
    centre_mm: NDArray[np.float64] | None

    @property
    def extent_mm(self) -> float:
        """Its length along the slice axis."""
        return self.stretch.stop_mm - self.stretch.start_mm


def gather_evidence(
    bundle: Bundle, volume: Volume, read: PlaneSlices, slices: Sequence[SlicePrediction]
) -> PlaneEvidence:
    """Put what the slices of a plane show on the axes of the volume; peaks with an activation have a centre."""
    positions = read.spacing_mm * np.array([one.index for one in slices], np.float64)
    shares = np.array([measure_share(one) for one in slices])
    centres = {}
    for row in (stretch.peak for stretch in find_stretches(positions, shares)):
        activation = slices[row].activation
        if activation is not None:
            label = bundle.manifest.class_names.index(choose_explained_class(slices[row].prediction))
            evidence = find_evidence(bundle.weights, activation, label)
            if evidence.max() > 0:
                centres[row] = _place(volume, read.plane, slices[row], _find_centre(evidence))
    return PlaneEvidence(read.plane, positions, shares, centres)


def measure_evidence(
    positions_mm: NDArray[np.float64], log_odds: NDArray[np.float64], stretch: Stretch | None = None
) -> float:
    """The highest mean tumour probability over 10 mm of consecutive slices.

    Parameters
    ----------
    positions_mm : ndarray, shape (n,), float64
        Of one plane's slices along the slice axis, ascending.
    log_odds : ndarray, shape (n,), float64
        As of `SlicePrediction`; not a number where a slice is out of scope.
    stretch : Stretch, optional
        Of these slices; the 10 mm reach into it. None: anywhere.

    Returns
    -------
    float
        As log-odds. At least one slice counts, however thick; one that is out of scope shows nothing.
    """
    step = float(np.median(np.diff(positions_mm))) if len(positions_mm) > 1 else _TUMOR_MM
    window = min(max(int(_TUMOR_MM / step + 1e-6), 1), len(log_odds))
    shares = np.where(np.isnan(log_odds), 0.0, 1 / (1 + np.exp(-log_odds)))
    if stretch is not None:
        shares = shares[max(stretch.first - window + 1, 0) : stretch.last + window]
    highest = np.convolve(shares, np.full(window, 1 / window), "valid").max()
    kept = min(max(float(highest), _LOWEST), 1 - _LOWEST)
    return float(np.log(kept / (1 - kept)))


def measure_share(one: SlicePrediction) -> float:
    """The slice's tumour probability; not a number where it is out of scope."""
    refused = one.prediction.decision is Decision.OUT_OF_SCOPE
    return float("nan") if refused else tumor_share(one.prediction)


def find_stretches(positions_mm: NDArray[np.float64], shares: NDArray[np.float64]) -> list[Stretch]:
    """Find where along one plane's slices there is evidence of a tumour, in their order.

    Each stretch reaches 0.5 somewhere, and 0.3 in all its slices but for gaps of 4 mm.
    """
    rows = np.flatnonzero(shares >= EXTENDS_FROM)
    if not rows.size:
        return []
    step = float(np.median(np.diff(positions_mm))) if len(positions_mm) > 1 else 1.0
    ends = np.flatnonzero(np.diff(positions_mm[rows]) > step + _GAP_MM) + 1
    return [
        Stretch(
            int(part[0]),
            int(part[-1]),
            int(part[shares[part].argmax()]),
            float(positions_mm[part[0]]) - step / 2,
            float(positions_mm[part[-1]]) + step / 2,
        )
        for part in np.split(rows, ends)
        if shares[part].max() >= _START
    ]


def find_regions(acquired: PlaneEvidence, others: Sequence[PlaneEvidence]) -> list[Region]:
    """Find the regions that show evidence of a tumour, and the planes that agree on them.

    The most evidence first: length times mean times the number of planes.
    """
    found = []
    for stretch in find_stretches(acquired.positions_mm, acquired.shares):
        agreeing = [
            other.plane
            for other in others
            if any(
                _agree(acquired, stretch, other, candidate)
                for candidate in find_stretches(other.positions_mm, other.shares)
            )
        ]
        peak_share = float(acquired.shares[stretch.peak])
        centre = acquired.centres_mm.get(stretch.peak)
        region = Region(stretch, (acquired.plane, *agreeing), peak_share, centre)
        mean = float(np.nanmean(acquired.shares[stretch.first : stretch.last + 1]))
        found.append((region.extent_mm * mean * len(region.planes), region))
    return [region for _, region in sorted(found, key=lambda one: one[0], reverse=True)]


def _agree(one: PlaneEvidence, stretch: Stretch, other: PlaneEvidence, candidate: Stretch) -> bool:
    """Whether each stretch's centre lies within the other."""
    centre, others_centre = one.centres_mm.get(stretch.peak), other.centres_mm.get(candidate.peak)
    if centre is None or others_centre is None:
        return False
    return _holds(candidate, centre[STACK_AXIS[other.plane]]) and _holds(stretch, others_centre[STACK_AXIS[one.plane]])


def _holds(stretch: Stretch, position_mm: float) -> bool:
    return bool(stretch.start_mm - _TOLERANCE_MM <= position_mm <= stretch.stop_mm + _TOLERANCE_MM)


def _find_centre(evidence: NDArray[np.float32]) -> tuple[float, float]:
    """Row and column, in 0..1 of the model's square, of the middle of what is at least half the highest evidence."""
    weight = np.where(evidence >= evidence.max() / 2, evidence, 0)
    centres = (np.arange(len(evidence)) + 0.5) / len(evidence)
    return float(weight.sum(axis=1) @ centres / weight.sum()), float(weight.sum(axis=0) @ centres / weight.sum())


def _place(volume: Volume, plane: Plane, one: SlicePrediction, point: tuple[float, float]) -> NDArray[np.float64]:
    """A point of the model's square along the volume's axes, in millimetres; the inverse of `slice_volume`."""
    axis, geometry = STACK_AXIS[plane], one.geometry
    row, column = geometry.to_source(point[0] * geometry.size, point[1] * geometry.size)
    across, up = (other for other in range(3) if other != axis)
    voxel = np.empty(3)
    voxel[axis] = one.index
    voxel[across] = (1 - column / geometry.source_width) * volume.voxels.shape[across] - 0.5
    voxel[up] = (1 - row / geometry.source_height) * volume.voxels.shape[up] - 0.5
    placed: NDArray[np.float64] = voxel * volume.spacing_mm
    return placed
