"""A seed gives one phantom, which differs with and without lesion only at the lesion."""

import numpy as np

from tumorscope.imaging.phantom import draw_phantom


def test_seed_determines_the_image() -> None:
    np.testing.assert_array_equal(draw_phantom(1, lesion=True, size=96), draw_phantom(1, lesion=True, size=96))
    assert not np.array_equal(draw_phantom(1, lesion=True, size=96), draw_phantom(2, lesion=True, size=96))


def test_lesion_changes_one_place_of_the_same_head() -> None:
    plain, sick = (draw_phantom(1, lesion, 128).astype(int) for lesion in (False, True))
    changed = np.abs(sick - plain) > 40
    assert 0.005 < changed.mean() < 0.1
    columns = np.flatnonzero(changed.any(axis=0))
    assert columns.max() < 64 or columns.min() >= 64


def test_air_is_dark_and_the_head_is_not() -> None:
    picture = draw_phantom(1, lesion=False, size=128)
    assert picture.shape == (128, 128)
    assert picture.dtype == np.uint8
    assert picture[:4].max() < 30
    assert picture[50:70, 40:90].mean() > 60
