"""The brain alone determines scale and crop of a skull-stripped head."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.errors import InvalidRequest, MissingModality
from tumorscope.domain.scan import Slice, Volume
from tumorscope.preprocessing.brain import ZSCORE_LIMIT, find_brain, normalise_brain, scale_scores
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.preprocessing.spatial import Box

_CHANNELS = ("flair", "t1ce", "t2")
_PARAMETERS = PreprocessingParameters(size=64, intensity="brain_zscore", channels=_CHANNELS)


def _volume(voxels: NDArray[np.float32]) -> Volume:
    return Volume(voxels.astype(np.float32), (1.0, 1.0, 1.0))


def _ball(gain: float = 1, offset: float = 0, seed: int = 0) -> NDArray[np.float32]:
    grid = np.indices((20, 20, 20)) - 9.5
    brain = np.linalg.norm(grid, axis=0) < 8
    texture = 500 + 50 * np.random.default_rng(seed).standard_normal((20, 20, 20))
    return np.where(brain, gain * texture + offset, 0).astype(np.float32)


def _slice(top: int = 40, left: int = 60, height: int = 100, width: int = 80) -> Slice:
    """Brain in a rectangle, each channel at a level of its own."""
    pixels = np.full((200, 240, 3), -ZSCORE_LIMIT, np.float32)
    pixels[top : top + height, left : left + width] = (-1.0, 0.0, 2.0)
    return Slice(pixels, "nifti", channels=_CHANNELS)


def test_brain_has_mean_0_and_deviation_1() -> None:
    voxels = _ball()
    scores = normalise_brain(_volume(voxels)).voxels
    inside = scores[voxels != 0]
    assert (inside.mean(), inside.std()) == (pytest.approx(0, abs=1e-4), pytest.approx(1, abs=1e-3))
    assert (scores[voxels == 0] == -5).all()


def test_scanners_units_make_no_difference() -> None:
    plain = normalise_brain(_volume(_ball())).voxels
    other = normalise_brain(_volume(_ball(gain=0.01, offset=30))).voxels
    np.testing.assert_allclose(plain, other, atol=1e-2)


def test_outliers_are_clipped() -> None:
    voxels = _ball()
    voxels[10, 10, 10], voxels[10, 10, 11] = 1e6, -1e6
    scores = normalise_brain(_volume(voxels)).voxels
    assert (scores.min(), scores.max()) == (-5, 5)


@pytest.mark.parametrize("level", [0, 7])
def test_volume_without_contrast_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="no contrast"):
        normalise_brain(_volume(np.full((4, 4, 4), level)))


def test_brain_is_what_any_channel_shows() -> None:
    pixels = _slice().pixels.copy()
    pixels[30, 100, 1] = 0
    assert find_brain(pixels, margin=0) == Box(30, 60, 110, 80)


def test_margin_ends_at_the_border() -> None:
    assert find_brain(_slice().pixels, margin=0.1) == Box(30, 50, 120, 100)
    assert find_brain(_slice().pixels, margin=5) == Box(0, 0, 200, 240)


@pytest.mark.parametrize("size", [0, 20], ids=["nothing", "speck"])
def test_last_speck_of_brain_is_not_enlarged(size: int) -> None:
    assert find_brain(_slice(height=size, width=size).pixels, margin=0) == Box(0, 0, 200, 240)


def test_scores_become_0_to_1_with_air_at_0() -> None:
    scaled = scale_scores(np.array([-5, 0, 2.5, 5], np.float32))
    np.testing.assert_allclose(scaled, [0, 0.5, 0.75, 1])


def test_channels_go_into_the_model_each_at_its_level() -> None:
    prepared = to_model_input(_slice(), _PARAMETERS)
    assert prepared.pixels.shape == (64, 64, 3)
    assert prepared.pixels.dtype == np.float32
    np.testing.assert_allclose(prepared.pixels[32, 32], (0.4, 0.5, 0.7), atol=1e-3)
    # The rectangle is higher than wide: air at its sides.
    assert not prepared.pixels[:, 0].any()
    assert prepared.geometry.crop == Box(38, 58, 104, 84)


def test_channels_are_identified_by_name_not_by_position() -> None:
    scan = _slice()
    turned = Slice(scan.pixels[:, :, ::-1], "nifti", channels=_CHANNELS[::-1])
    np.testing.assert_array_equal(to_model_input(turned, _PARAMETERS).pixels, to_model_input(scan, _PARAMETERS).pixels)


def test_grey_slice_is_not_enough_for_a_model_of_several_sequences() -> None:
    with pytest.raises(MissingModality, match="flair, t1ce, t2") as raised:
        to_model_input(Slice(np.ones((50, 50), np.uint8), "png"), _PARAMETERS)
    assert raised.value.code == "missing_modality"


def test_missing_sequence_is_named() -> None:
    with pytest.raises(MissingModality, match="missing: t2"):
        to_model_input(Slice(_slice().pixels, "nifti", channels=("flair", "t1ce", "t1")), _PARAMETERS)


def test_several_sequences_are_too_many_for_a_model_of_grey_slices() -> None:
    with pytest.raises(InvalidRequest, match=r"one sequence.*flair, t1ce, t2"):
        to_model_input(_slice(), PreprocessingParameters())


@pytest.mark.parametrize(
    ("intensity", "channels"),
    [("brain_zscore", None), ("percentiles", _CHANNELS), ("brain_zscore", ("flair", "flair", "t1"))],
)
def test_parameters_fit_each_other(intensity: str, channels: tuple[str, ...] | None) -> None:
    with pytest.raises(ValueError, match="channels"):
        PreprocessingParameters(intensity=intensity, channels=channels)  # type: ignore[arg-type]
