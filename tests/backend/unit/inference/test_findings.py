"""Evidence of a tumour becomes a region with a length and a place, which other planes confirm or not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.scan import Plane
from tumorscope.inference.findings import PlaneEvidence, find_regions, find_stretches

_HEAD = 60


def _shares(*stretches: tuple[int, int, float], count: int = _HEAD) -> NDArray[np.float64]:
    """Quiet slices, but for those from a first to a last one."""
    shares = np.full(count, 0.1)
    for first, last, share in stretches:
        shares[first : last + 1] = share
    return shares


def _positions(count: int = _HEAD, spacing: float = 2.0) -> NDArray[np.float64]:
    return spacing * np.arange(count, dtype=np.float64)


def _evidence(plane: Plane, shares: NDArray[np.float64], *centre: float, spacing: float = 2.0) -> PlaneEvidence:
    positions = _positions(len(shares), spacing)
    centres = {one.peak: np.array(centre) for one in find_stretches(positions, shares)} if centre else {}
    return PlaneEvidence(plane, positions, shares, centres)


def _ends(shares: NDArray[np.float64], spacing: float = 2.0) -> list[tuple[int, int]]:
    return [(one.first, one.last) for one in find_stretches(_positions(len(shares), spacing), shares)]


def test_stretch_reaches_from_its_peak_down_to_lesser_evidence() -> None:
    shares = _shares((20, 30, 0.35), (24, 26, 0.8))
    (stretch,) = find_stretches(_positions(), shares)
    assert (stretch.first, stretch.last) == (20, 30)
    assert 24 <= stretch.peak <= 26
    # Eleven slices of 2 mm.
    assert (stretch.start_mm, stretch.stop_mm) == (39, 61)


def test_lesser_evidence_alone_is_none() -> None:
    assert _ends(_shares((20, 30, 0.45))) == []
    assert _ends(_shares()) == []


def test_length_and_gap_are_millimetres_and_not_slices() -> None:
    shares = _shares((20, 24, 0.8), (27, 30, 0.8))
    assert _ends(shares, spacing=2) == [(20, 30)]
    assert _ends(shares, spacing=5) == [(20, 24), (27, 30)]


def test_slice_that_was_not_judged_is_a_gap_like_any_other() -> None:
    shares = _shares((20, 30, 0.8))
    shares[25] = np.nan
    assert _ends(shares) == [(20, 30)]
    shares[22:28] = np.nan
    assert _ends(shares) == [(20, 21), (28, 30)]


def test_study_of_one_slice_is_a_millimetre_long() -> None:
    (stretch,) = find_stretches(np.array([7.0]), np.array([0.9]))
    assert stretch.stop_mm - stretch.start_mm == 1


def test_planes_that_show_it_in_the_same_place_agree() -> None:
    # A lesion of 20 mm at right 40, anterior 60, superior 50 mm.
    axial = _evidence("axial", _shares((20, 30, 0.8)), 40, 60, 50)
    sagittal = _evidence("sagittal", _shares((15, 25, 0.8)), 40, 60, 50)
    coronal = _evidence("coronal", _shares((25, 35, 0.8)), 40, 60, 50)
    (region,) = find_regions(axial, [sagittal, coronal])
    assert region.planes == ("axial", "sagittal", "coronal")
    assert region.extent_mm == 22
    assert region.peak_share == pytest.approx(0.8)
    assert region.centre_mm is not None
    np.testing.assert_array_equal(region.centre_mm, [40, 60, 50])


@pytest.mark.parametrize(
    "other",
    [
        _evidence("sagittal", _shares()),
        _evidence("sagittal", _shares((50, 55, 0.8)), 105, 60, 50),
        # The right position, but below the axial slices.
        _evidence("sagittal", _shares((15, 25, 0.8)), 40, 60, 5),
        # Nobody knows where within its slices.
        _evidence("sagittal", _shares((15, 25, 0.8))),
    ],
    ids=["quiet", "elsewhere", "below", "unknown"],
)
def test_plane_that_does_not_show_it_there_does_not_agree(other: PlaneEvidence) -> None:
    (region,) = find_regions(_evidence("axial", _shares((20, 30, 0.8)), 40, 60, 50), [other])
    assert region.planes == ("axial",)


def test_agreement_weighs_as_much_as_length() -> None:
    shares = _shares((5, 14, 0.8), (25, 39, 0.8))
    positions = _positions()
    short, long = find_stretches(positions, shares)
    centres = {short.peak: np.array([40.0, 60, 19]), long.peak: np.array([40.0, 60, 64])}
    axial = PlaneEvidence("axial", positions, shares, centres)
    assert [one.extent_mm for one in find_regions(axial, [])] == [30, 20]
    sagittal = _evidence("sagittal", _shares((15, 25, 0.8)), 40, 60, 19)
    assert [one.planes for one in find_regions(axial, [sagittal])] == [("axial", "sagittal"), ("axial",)]
