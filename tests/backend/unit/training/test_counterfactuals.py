"""A tumour goes and the rest of the head stays; a lesion comes and the rest of the head stays."""

import numpy as np
import pytest

from tests.backend.unit.training.networks import head
from tumorscope.datasets.example import RelativeBox
from tumorscope.datasets.skull_stripping import fill_ellipse
from tumorscope.domain.scan import Slice
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.training.counterfactuals import box_in_model, insert_lesion, remove_lesion

_BOX = (56.0, 44.0, 6.0, 6.0)


@pytest.mark.parametrize("column", [44, 84], ids=["left", "right"])
def test_removed_tumour_is_replaced_by_the_other_side(column: int) -> None:
    healthy = head()
    sick = healthy.copy()
    sick[50:62, column - 6 : column + 6] = 1.0
    healed = remove_lesion(sick, (56, column, 6, 6))
    assert healed is not None
    assert healed.dtype == np.float32
    place = np.s_[50:62, column - 6 : column + 6]
    assert np.abs(sick[place] - healthy[place]).mean() > 0.4
    assert np.abs(healed[place] - healthy[place]).mean() < 0.1


def test_what_is_far_from_the_tumour_is_not_touched() -> None:
    sick = head()
    sick[50:62, 38:50] = 1.0
    healed = remove_lesion(sick, _BOX)
    assert healed is not None
    rows, columns = np.indices(sick.shape)
    far = np.hypot(rows + 0.5 - 56, columns + 0.5 - 44) > 1.25 * 1.1 * 6
    np.testing.assert_array_equal(healed[far], sick[far])
    assert not np.array_equal(healed, sick)


@pytest.mark.parametrize("column", [60, 64, 69])
def test_tumour_on_the_midline_has_no_other_side(column: int) -> None:
    assert remove_lesion(head(), (64, column, 10, 10)) is None


def test_head_seen_from_the_side_has_no_other_side() -> None:
    profile = head()
    profile[:, 72:] *= 0.05
    profile[60:, 100:] = 0.9
    assert remove_lesion(profile, (40, 30, 6, 6)) is None


def test_empty_picture_has_no_other_side() -> None:
    assert remove_lesion(np.zeros((64, 64), np.float32), (20, 20, 5, 5)) is None


@pytest.mark.parametrize("keep_contrast", [False, True])
def test_blend_changes_the_head_only_near_its_place(keep_contrast: bool) -> None:
    donor, healthy = head(2), head(3)
    donor[40:56, 40:56] = 1.0
    for seed in range(20):
        blend = insert_lesion(healthy, donor, (48, 48, 8, 8), np.random.default_rng(seed), keep_contrast)
        assert blend is not None
        blended, box = blend
        assert blended.dtype == np.float32
        assert blended.min() >= 0
        assert blended.max() <= 1
        changed = blended != healthy
        assert changed.any()
        # Half axes of 8, at most 1.2 times enlarged, 1.25 times over, with a soft rim of a tenth.
        for axis in (0, 1):
            assert np.ptp(np.flatnonzero(changed.any(axis=1 - axis))) <= 2 * 8 * 1.2 * 1.25 * 1.1
        assert healthy[changed].mean() > 0.1
        assert np.argwhere(changed).mean(axis=0) == pytest.approx(box[:2], abs=3)
        assert 0.6 * 8 <= box[2] == box[3] <= 1.2 * 8


def test_blended_lesion_stands_out_and_blended_tissue_does_not() -> None:
    donor, healthy = head(2), head(3)
    donor[40:56, 40:56] = 1.0
    steps = {}
    for keep_contrast in (False, True):
        pairs = [
            insert_lesion(
                healthy,
                head(2) if keep_contrast else donor,
                (48, 48, 8, 8),
                np.random.default_rng(seed),
                keep_contrast,
            )
            for seed in range(30)
        ]
        steps[keep_contrast] = np.mean([np.abs(pair[0] - healthy).max() for pair in pairs if pair is not None])
    assert steps[False] > 0.15
    assert steps[True] < steps[False]


def test_seed_decides_the_blend() -> None:
    first, again, other = (
        insert_lesion(head(3), head(2), (48, 48, 8, 8), np.random.default_rng(seed), keep_contrast=False)
        for seed in (1, 1, 2)
    )
    assert first is not None
    assert again is not None
    assert other is not None
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1] != other[1]


def test_there_is_no_place_for_a_lesion_in_air() -> None:
    air = np.zeros((64, 64), np.float32)
    assert insert_lesion(air, head(1, 64), (30, 30, 5, 5), np.random.default_rng(0), keep_contrast=False) is None


def test_box_of_the_source_is_found_in_the_model() -> None:
    pixels = np.zeros((400, 300), np.uint8)
    pixels[72:328, 22:278] = draw_phantom(1, lesion=False, size=256)
    model_input = to_model_input(Slice(pixels, "png"), PreprocessingParameters())
    box = RelativeBox(x_center=0.5, y_center=0.25, width=0.2, height=0.1)
    row, column, half_height, half_width = box_in_model(box, model_input)
    assert model_input.geometry.to_source(row, column) == pytest.approx((100, 150))
    assert model_input.geometry.to_source(row + half_height, column - half_width) == pytest.approx((120, 120))


def test_box_is_marked_by_its_ellipse() -> None:
    marked = fill_ellipse(64, (32.0, 20.0, 10.0, 5.0))
    assert marked.sum() == pytest.approx(np.pi * 10 * 5, rel=0.05)
    assert (marked[32, 20], marked[32, 26], marked[43, 20]) == (1, 0, 0)
