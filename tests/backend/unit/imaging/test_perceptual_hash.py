"""A hash of few bits survives what leaves a picture recognisable."""

import numpy as np

from tests.factories import make_slice
from tumorscope.imaging.perceptual_hash import HASH_BITS, hash_gradients


def _draw(seed: int) -> np.ndarray:
    return make_slice(seed, size=128).pixels.astype(np.float32) / 255


def test_noise_changes_few_bits() -> None:
    grey = _draw(1)
    noisy = grey + np.random.default_rng(0).normal(0, 0.03, grey.shape).astype(np.float32)
    assert (hash_gradients(grey) != hash_gradients(noisy)).sum() < HASH_BITS / 16


def test_mirrored_gradient_has_every_bit_of_its_rows_the_other_way() -> None:
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    half = HASH_BITS // 2
    assert hash_gradients(ramp)[:half].all()
    assert not hash_gradients(ramp[:, ::-1])[:half].any()


def test_hash_has_the_stated_length() -> None:
    assert hash_gradients(_draw(1)).shape == (HASH_BITS,)
