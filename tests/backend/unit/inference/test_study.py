"""What of a study is read; and its figure, which a share of its slices reaches, not one loud slice."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_slice
from tumorscope.domain.errors import MissingModality
from tumorscope.domain.scan import Examination, Volume
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.study import choose_volume, pool_slices
from tumorscope.model.manifest import InputManifest, PreprocessingManifest

_HEAD = Volume(draw_phantom(1, lesion=False, size=64).astype(np.float32)[None], (1.0, 1.0, 1.0), plane="sagittal")
_SEVERAL = make_manifest().model_copy(
    update={
        "input": InputManifest(size=32, channel_names=["flair", "t1ce", "t1"]),
        "preprocessing": PreprocessingManifest(
            lower_percentile=0.5, upper_percentile=99.5, head_margin=0.02, intensity="brain_zscore"
        ),
    }
)


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
    chosen = choose_volume(make_manifest(), Examination(sequences))
    assert chosen.sequence == "t1ce"
    np.testing.assert_array_equal(chosen.voxels, sequences["t1ce"].voxels)
    # A model of several sequences sees each in scores.
    scores = choose_volume(_SEVERAL, Examination(sequences))
    assert scores.voxels.dtype == np.float32
    assert scores.voxels.min() == -5


def test_slice_is_shown_as_a_volume_of_one() -> None:
    assert choose_volume(make_manifest(), make_slice()).voxels.shape == (256, 256, 1)


def test_volume_of_a_study_that_the_model_cannot_read_is_not_shown() -> None:
    with pytest.raises(MissingModality):
        choose_volume(_SEVERAL, _HEAD)
