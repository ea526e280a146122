"""A stripped head lacks its rim; a tumour stays where its box says, or the head is not stripped."""

import numpy as np

from tests.backend.unit.training.networks import head
from tumorscope.datasets.skull_stripping import fill_ellipse, strip_skull


def test_stripped_head_lacks_its_rim_and_fills_the_square() -> None:
    whole = head()
    result = strip_skull(whole, None, np.random.default_rng(0))
    assert result is not None
    stripped, box = result
    assert box is None
    rows = np.flatnonzero(stripped.max(axis=1) > 0.05)
    columns = np.flatnonzero(stripped.max(axis=0) > 0.05)
    assert max(np.ptp(rows), np.ptp(columns)) > 0.85 * 128
    # The phantom's skull is the brightest ring; without it the outermost tissue is no brighter than the inside.
    assert (stripped.min(), stripped.max()) >= (0, 0)
    assert (stripped > 0.05).mean() < 1


def test_tumour_of_a_stripped_head_is_where_its_box_says() -> None:
    sick = head()
    sick[50:62, 44:56] = 1.0
    result = strip_skull(sick, (56.0, 50.0, 6.0, 6.0), np.random.default_rng(0))
    assert result is not None
    stripped, box = result
    assert box is not None
    assert stripped[fill_ellipse(128, box)].mean() > 0.9


def test_tumour_at_the_rim_is_not_stripped_away() -> None:
    sick = head()
    columns = np.flatnonzero(sick[64] > 0.1)
    box = (64.0, float(columns[0] + 4), 4.0, 4.0)
    assert strip_skull(sick, box, np.random.default_rng(0)) is None
