"""A varied slice is still a slice, the seed decides how it varies, and what is marked in it moves with it."""

import numpy as np
import pytest

from tests.backend.unit.training.networks import head
from tumorscope.training.augmentation import (
    CONTRAST,
    NOISE,
    ROTATE_SCALE_SHIFT,
    SCANNER,
    STANDARD,
    WINDOW,
    Augmentation,
    Prepared,
    augment,
)

_EACH = pytest.mark.parametrize("augmentation", [*STANDARD, *SCANNER], ids=lambda step: step.name)
_NOTHING_MARKED = np.zeros((64, 64), np.float32)


def _prepared(channels: int = 1, size: int = 64) -> Prepared:
    return np.stack([head(seed, size) for seed in range(1, channels + 1)], axis=2)


@_EACH
@pytest.mark.parametrize("channels", [1, 3])
def test_type_shape_and_range_stay(augmentation: Augmentation, channels: int) -> None:
    for seed in range(20):
        varied = augmentation.apply(_prepared(channels), np.random.default_rng(seed))
        assert varied.shape == (64, 64, channels)
        assert varied.dtype == np.float32
        assert varied.min() >= 0
        assert varied.max() <= 1


@_EACH
def test_seed_decides_and_the_picture_is_left_alone(augmentation: Augmentation) -> None:
    picture = _prepared()
    runs = [augmentation.apply(picture, np.random.default_rng(seed)) for seed in (1, 1, *range(2, 12))]
    np.testing.assert_array_equal(runs[0], runs[1])
    # A flip has two outcomes, not twelve.
    assert any(not np.array_equal(runs[0], other) for other in runs[2:])
    np.testing.assert_array_equal(picture, _prepared())


@_EACH
def test_constant_pictures_stay_finite(augmentation: Augmentation) -> None:
    for value in (0.0, 1.0):
        flat = np.full((64, 64, 1), value, np.float32)
        for seed in range(5):
            assert np.isfinite(augmentation.apply(flat, np.random.default_rng(seed))).all()


def test_augmentation_of_probability_0_never_happens_and_of_1_always() -> None:
    never = Augmentation("never", lambda picture, _rng: picture * 0, 0.0)
    always = Augmentation("always", lambda picture, _rng: np.divide(picture, 2, dtype=np.float32), 1.0)
    varied, _ = augment(_prepared(), _NOTHING_MARKED, (never, always), np.random.default_rng(0))
    np.testing.assert_allclose(varied, _prepared() / 2)


def test_marks_move_with_the_head() -> None:
    marked = np.zeros((64, 64), np.float32)
    marked[20:28, 14:22] = 1
    bright = np.zeros((64, 64, 1), np.float32)
    bright[:, :, 0] = marked
    for seed in range(20):
        varied, moved = augment(bright, marked, STANDARD, np.random.default_rng(seed))
        np.testing.assert_allclose(varied[:, :, 0], moved, atol=1e-6)


def test_marks_keep_their_values_when_intensities_change() -> None:
    marked = np.zeros((64, 64), np.float32)
    marked[20:28, 14:22] = 1
    for seed in range(10):
        _, kept = augment(_prepared(), marked, SCANNER, np.random.default_rng(seed))
        np.testing.assert_array_equal(kept, marked)


def test_head_stays_in_the_picture() -> None:
    for seed in range(40):
        moved, _ = augment(_prepared(), _NOTHING_MARKED, (ROTATE_SCALE_SHIFT,), np.random.default_rng(seed))
        rows, columns = np.indices((64, 64))
        centre = [float((axis * moved[:, :, 0]).sum() / moved.sum()) for axis in (rows, columns)]
        assert np.abs(np.array(centre) - 31.5).max() < 64 * 0.12
        assert 0.6 < moved.sum() / head(1, 64).sum() < 1.6


def test_left_and_right_are_exchanged_half_of_the_time() -> None:
    marked = np.zeros((64, 64), np.float32)
    marked[24:40, 8:16] = 1
    moved = [augment(_prepared(), marked, STANDARD, np.random.default_rng(seed))[1] for seed in range(200)]
    share = np.mean([marks[:, 32:].sum() > marks[:, :32].sum() for marks in moved])
    assert 0.35 < share < 0.65


def test_scanner_keeps_brighter_tissue_brighter() -> None:
    ramp = np.linspace(0.1, 0.9, 64, dtype=np.float32)[None, :, None].repeat(64, axis=0)
    for seed in range(40):
        varied, _ = augment(ramp, _NOTHING_MARKED, (CONTRAST, WINDOW), np.random.default_rng(seed))
        assert varied[:, 48:].mean() > varied[:, 24:40].mean() > varied[:, :16].mean()


def test_noise_is_that_of_a_magnitude() -> None:
    dark = np.zeros((64, 64, 1), np.float32)
    noisy = NOISE.apply(dark, np.random.default_rng(0))
    # Rayleigh's in the air: its mean is 1.91 standard deviations, never negative before any clipping.
    assert noisy.mean() / noisy.std() == pytest.approx(1.91, abs=0.1)
