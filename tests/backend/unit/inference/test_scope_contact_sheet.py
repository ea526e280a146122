"""A grid of heads is told from one head."""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.scope import is_contact_sheet


def _draw_sheet(rows: int, columns: int, *, filled: int | None = None, line_px: int = 0) -> NDArray[np.uint8]:
    cells = [draw_phantom(seed, lesion=bool(seed % 2), size=96) for seed in range(1, rows * columns + 1)]
    for cell in cells[rows * columns if filled is None else filled :]:
        cell[...] = 0
    for cell in cells:
        cell[:line_px] = cell[:, :line_px] = 255
    return np.block([cells[row * columns : (row + 1) * columns] for row in range(rows)])


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 2), (3, 4), (5, 6)])
@pytest.mark.parametrize("line_px", [0, 3])
def test_grid_of_heads_is_a_contact_sheet(rows: int, columns: int, line_px: int) -> None:
    assert is_contact_sheet(_draw_sheet(rows, columns, line_px=line_px))


def test_last_row_may_be_unfinished() -> None:
    assert is_contact_sheet(_draw_sheet(4, 4, filled=13))


@pytest.mark.parametrize("pad", [0, 40, 200])
def test_one_head_is_none_however_wide_its_border(pad: int) -> None:
    for seed in range(4):
        assert not is_contact_sheet(np.pad(draw_phantom(seed, lesion=True, size=256), pad))


def test_one_head_in_the_corner_of_a_grid_is_none() -> None:
    assert not is_contact_sheet(_draw_sheet(3, 3, filled=1))


def test_no_real_picture_of_one_slice_is_a_contact_sheet() -> None:
    data = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[5] / "shared" / "data"))
    pictures = sorted((data / "slices").glob("*/*"))
    if not pictures:
        pytest.skip("the real pictures are absent: set TUMORSCOPE_DATA")
    # Every eighth, for time.
    assert [path.name for path in pictures[::8] if is_contact_sheet(np.asarray(Image.open(path).convert("L")))] == []
