"""What of a study is read; and its figure, which a share of its slices reaches, not one loud slice."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_slice, make_trust
from tumorscope.domain.errors import MissingModality
from tumorscope.domain.scan import Examination, SequenceName, Series, Slice, Volume
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import pool_slices
from tumorscope.inference.study import choose_volume, find_quality_warnings
from tumorscope.model.manifest import TrustManifest
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_HEAD = Volume(np.pad(draw_phantom(1, lesion=False, size=64).astype(np.float32)[None], 1), (1.0, 1.0, 1.0))


def _pool(tumor: list[float], reach: float) -> NDArray[np.float64]:
    shares = np.array(tumor)
    return pool_slices(np.stack([shares, 1 - shares], axis=1), 1, reach)


def test_one_loud_slice_among_many_is_no_tumour() -> None:
    quiet = [0.1] * 19
    assert _pool([*quiet, 0.99], 0.1)[0] == pytest.approx(0.1)
    assert _pool([*quiet[:16], 0.9, 0.9, 0.9, 0.99], 0.1)[0] == pytest.approx(0.9)


@pytest.mark.parametrize(("reach", "expected"), [(0.0, 0.9), (0.5, 0.5), (1.0, 0.1)])
def test_the_share_goes_from_the_highest_slice_to_the_lowest(reach: float, expected: float) -> None:
    assert _pool([0.1, 0.9, 0.5], reach)[0] == pytest.approx(expected)


def test_kinds_are_those_of_the_slices_that_reach() -> None:
    rows = np.array([[0.6, 0.2, 0.2], [0.1, 0.7, 0.2], [0.3, 0.0, 0.7], [0.0, 0.1, 0.9]])
    pooled = pool_slices(rows, 2, 1 / 3)
    np.testing.assert_allclose(pooled, [0.35, 0.45, 0.2])


def test_classes_sum_to_one_and_stay_in_range() -> None:
    rows = np.random.default_rng(0).dirichlet(np.full(4, 0.3), 50)
    for reach in (0.0, 0.05, 0.1, 0.37, 1.0):
        pooled = pool_slices(rows, 2, reach)
        assert pooled.sum() == pytest.approx(1)
        assert pooled.min() >= 0
        assert 1 - pooled[2] == pytest.approx(np.quantile(1 - rows[:, 2], 1 - reach))


def test_slices_without_any_tumour_give_none() -> None:
    np.testing.assert_allclose(pool_slices(np.array([[0.0, 1.0], [0.0, 1.0]]), 1, 0.1), [0, 1])


def test_volume_that_is_shown_is_the_one_that_slices_are_cut_from() -> None:
    sequences = dict.fromkeys(("flair", "t1", "t1ce"), _HEAD)
    chosen = choose_volume(None, Examination(sequences))
    assert chosen.sequence == "t1ce"
    asked = Series("flair", "", "flair", "axial", 40, None)
    assert choose_volume(None, Examination(sequences, series=(asked,))).sequence == "flair"
    np.testing.assert_array_equal(chosen.voxels, sequences["t1ce"].voxels)
    # A model of several sequences sees each in scores.
    scores = choose_volume(("flair", "t1ce", "t1"), Examination(sequences))
    assert scores.voxels.dtype == np.float32
    assert scores.voxels.min() == -5


def test_slice_is_shown_as_a_volume_of_one() -> None:
    assert choose_volume(None, make_slice()).voxels.shape == (256, 256, 1)


def test_volume_of_a_study_that_the_model_cannot_read_is_not_shown() -> None:
    with pytest.raises(MissingModality):
        choose_volume(("flair", "t1ce", "t1"), _HEAD)


_TRUST = make_trust().model_copy(update={"tumor_sequences": ["t1ce"]})


def _codes(scan: Slice, trust: TrustManifest | None = _TRUST) -> list[str]:
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    return [warning.code for warning in find_quality_warnings(scan, geometry, trust)]


def _params(scan: Slice) -> dict[str, str | int | float]:
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    (warning,) = find_quality_warnings(scan, geometry, _TRUST)
    return dict(warning.params)


def test_good_slice_gives_no_warning() -> None:
    assert _codes(make_slice()) == []
    assert _codes(replace(make_slice(), sequence="t1ce", plane="axial")) == []


def test_head_smaller_than_the_input_is_warned_of_with_both_sizes() -> None:
    scan = make_slice(size=96)
    assert _codes(scan) == ["low_resolution"]
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    assert _params(scan) == {"head_px": geometry.square_side, "model_px": 128}


def test_clipped_intensities_are_warned_of_with_their_share() -> None:
    pixels = draw_phantom(1, lesion=False).astype(np.float32)
    assert _codes(Slice(np.minimum(pixels, np.percentile(pixels, 99)), "png")) == []
    clipped = Slice(np.minimum(pixels, np.percentile(pixels, 85)), "png")
    assert _codes(clipped) == ["clipped_intensities"]
    assert 0.05 < float(_params(clipped)["share"]) < 1


@pytest.mark.parametrize("sequence", ["flair", "t1", "t2"])
def test_sequence_with_few_training_tumours_is_warned_of_by_name(sequence: SequenceName) -> None:
    scan = replace(make_slice(), sequence=sequence)
    assert _codes(scan) == ["sequence_hardly_seen"]
    assert _params(scan) == {"sequence": sequence, "trained": "t1ce"}


@pytest.mark.parametrize("trust", [None, make_trust()], ids=["not calibrated", "sequences not known"])
def test_model_of_unknown_training_sequences_warns_of_none(trust: TrustManifest | None) -> None:
    assert _codes(replace(make_slice(), sequence="flair"), trust) == []


def test_oblique_slice_is_warned_of() -> None:
    assert _codes(replace(make_slice(), plane="oblique")) == ["plane_hardly_seen"]
