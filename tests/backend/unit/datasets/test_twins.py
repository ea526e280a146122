"""Copies of a picture are found, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from tests.brats_trees import draw_modality, write_volume
from tests.factories import make_slice
from tests.planting import COPIES
from tumorscope.datasets.example import Example, ImageFileReference, VolumeReference
from tumorscope.datasets.fingerprints import Fingerprint, take_fingerprints
from tumorscope.datasets.twins import find_twins
from tumorscope.imaging.formats.raster import encode_png


def _print_files(folder: Path, files: dict[str, bytes]) -> list[Fingerprint]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    examples = [Example(ImageFileReference(folder / name), "glioma", name, "s") for name in files]
    return take_fingerprints(examples, lambda: None)


def _draw(seed: int) -> np.ndarray:
    return make_slice(seed).pixels


@pytest.mark.parametrize("copy", COPIES)
def test_copy_is_found_among_others(tmp_path: Path, copy: str) -> None:
    files = {f"{seed}.png": encode_png(_draw(seed)) for seed in range(1, 7)}
    prints = _print_files(tmp_path, {**files, "copy": COPIES[copy](_draw(3))})
    (pair,) = find_twins(prints)
    assert (pair.first, pair.second) == (2, 6)
    assert pair.is_exact == (copy == "copied")


@pytest.mark.parametrize(
    ("copy", "orientation"), [("copied", 0), ("mirrored", 4), ("turned-90", 1), ("turned-180", 2), ("upside-down", 6)]
)
def test_pair_says_how_its_second_was_turned(tmp_path: Path, copy: str, orientation: int) -> None:
    prints = _print_files(tmp_path, {"a.png": encode_png(_draw(1)), "copy": COPIES[copy](_draw(1))})
    (pair,) = find_twins(prints)
    assert pair.orientation == orientation


def test_pairs_on_one_side_are_not_looked_for_when_sides_are_given(tmp_path: Path) -> None:
    one, other = encode_png(_draw(1)), encode_png(_draw(2))
    prints = _print_files(tmp_path, {"a.png": one, "b.png": one, "c.png": other, "d.png": COPIES["mirrored"](_draw(2))})
    pairs = find_twins(prints, [False, False, False, True])
    assert [(pair.first, pair.second) for pair in pairs] == [(2, 3)]
    assert [(pair.first, pair.second) for pair in find_twins(prints)] == [(0, 1), (2, 3)]


def test_progress_adds_up_to_the_whole(tmp_path: Path) -> None:
    prints = _print_files(tmp_path, {"a.png": encode_png(_draw(1)), "b.png": COPIES["cropped"](_draw(1))})
    shares: list[float] = []
    find_twins(prints, advance=shares.append)
    assert sum(shares) == pytest.approx(1)


def test_slices_of_volumes_are_twins_only_where_their_pixels_are_the_same(tmp_path: Path) -> None:
    write_volume(tmp_path / "a.nii.gz", draw_modality(1))
    write_volume(tmp_path / "b.nii.gz", draw_modality(1))
    examples = [
        Example(VolumeReference(tmp_path / name, "axial", index), "no_tumor", name, "s")
        for name in ("a.nii.gz", "b.nii.gz")
        for index in (10, 11)
    ]
    pairs = find_twins(take_fingerprints(examples, lambda: None))
    assert [(pair.first, pair.second, pair.is_exact) for pair in pairs] == [(0, 2, True), (1, 3, True)]


def test_nothing_has_no_twins() -> None:
    assert find_twins([]) == []


def test_blank_pictures_are_twins_of_the_same_size_only(tmp_path: Path) -> None:
    blank = [encode_png(np.zeros((size, size), np.uint8)) for size in (64, 64, 80)]
    prints = _print_files(tmp_path, {f"{number}.png": content for number, content in enumerate(blank)})
    assert [(pair.first, pair.second) for pair in find_twins(prints)] == [(0, 1)]
