"""Copies of an image are found, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from tests.brats_trees import draw_modality, write_volume
from tests.factories import make_slice
from tests.planting import COPIES
from tumorscope.datasets.example import Example, ImageFileReference, VolumeReference
from tumorscope.datasets.fingerprints import Fingerprint, take_fingerprints
from tumorscope.datasets.near_duplicates import NearDuplicates, find_near_duplicates
from tumorscope.imaging.formats.raster import encode_png


def _take_fingerprints(folder: Path, files: dict[str, bytes]) -> list[Fingerprint]:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    examples = [Example(ImageFileReference(folder / name), "glioma", name, "s") for name in files]
    return take_fingerprints(examples, lambda: None)


def _names(pairs: list[NearDuplicates]) -> list[tuple[str, str]]:
    return [(pair.first.patient_id, pair.second.patient_id) for pair in pairs]


def _draw(seed: int) -> np.ndarray:
    return make_slice(seed).pixels


@pytest.mark.parametrize("copy", COPIES)
def test_copy_is_found_among_others(tmp_path: Path, copy: str) -> None:
    files = {f"{seed}.png": encode_png(_draw(seed)) for seed in range(1, 7)}
    fingerprints = _take_fingerprints(tmp_path, {**files, "copy": COPIES[copy](_draw(3))})
    (pair,) = find_near_duplicates(fingerprints)
    assert _names([pair]) == [("3.png", "copy")]
    assert pair.is_exact == (copy == "copied")


@pytest.mark.parametrize(
    ("copy", "orientation"), [("copied", 0), ("mirrored", 4), ("rotated-90", 1), ("rotated-180", 2), ("upside-down", 6)]
)
def test_pair_says_how_its_second_was_oriented(tmp_path: Path, copy: str, orientation: int) -> None:
    fingerprints = _take_fingerprints(tmp_path, {"a.png": encode_png(_draw(1)), "copy": COPIES[copy](_draw(1))})
    (pair,) = find_near_duplicates(fingerprints)
    assert pair.orientation == orientation


def test_pairs_on_one_side_are_left_out_when_a_split_is_given(tmp_path: Path) -> None:
    one, other = encode_png(_draw(1)), encode_png(_draw(2))
    copy = COPIES["mirrored"](_draw(2))
    fingerprints = _take_fingerprints(tmp_path, {"a.png": one, "b.png": one, "c.png": other, "d.png": copy})
    assert _names(find_near_duplicates(fingerprints, 3)) == [("c.png", "d.png")]
    assert _names(find_near_duplicates(fingerprints)) == [("a.png", "b.png"), ("c.png", "d.png")]


def test_progress_adds_up_to_the_whole(tmp_path: Path) -> None:
    fingerprints = _take_fingerprints(tmp_path, {"a.png": encode_png(_draw(1)), "b.png": COPIES["cropped"](_draw(1))})
    shares: list[float] = []
    find_near_duplicates(fingerprints, advance=shares.append)
    assert sum(shares) == pytest.approx(1)


def test_slices_of_volumes_are_near_duplicates_only_where_their_pixels_are_the_same(tmp_path: Path) -> None:
    write_volume(tmp_path / "a.nii.gz", draw_modality(1))
    write_volume(tmp_path / "b.nii.gz", draw_modality(1))
    examples = [
        Example(VolumeReference(tmp_path / name, "axial", index), "no_tumor", name, "s")
        for name in ("a.nii.gz", "b.nii.gz")
        for index in (10, 11)
    ]
    pairs = find_near_duplicates(take_fingerprints(examples, lambda: None))
    assert [(pair.first, pair.second, pair.is_exact) for pair in pairs] == [
        (examples[0], examples[2], True),
        (examples[1], examples[3], True),
    ]


def test_nothing_has_no_near_duplicates() -> None:
    assert find_near_duplicates([]) == []


def test_blank_images_are_near_duplicates_of_the_same_size_only(tmp_path: Path) -> None:
    blank = [encode_png(np.zeros((size, size), np.uint8)) for size in (64, 64, 80)]
    fingerprints = _take_fingerprints(tmp_path, {f"{number}.png": content for number, content in enumerate(blank)})
    assert _names(find_near_duplicates(fingerprints)) == [("0.png", "1.png")]
