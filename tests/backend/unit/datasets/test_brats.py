"""Prepared slices are labelled by what their segmentation shows, or by their case's grade."""

from collections import Counter
from pathlib import Path

import pytest

from tests.brats_trees import TUMOR_SLICES, write_case, write_grades
from tumorscope.datasets.brats import read_prepared, task_of
from tumorscope.datasets.brats_cache import CacheSettings, claim_cache
from tumorscope.datasets.brats_layout import find_cases
from tumorscope.datasets.brats_prepare import prepare_cases
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import Example, PreparedReference, RelativeBox, read_example
from tumorscope.domain.errors import DatasetError

_CHANNELS = ("flair", "t1ce", "t2")


def _prepare(tree: Path, cache: Path) -> Path:
    claim_cache(cache, CacheSettings(channels=_CHANNELS))
    prepare_cases(find_cases(tree), _CHANNELS, cache, 1, lambda: None)
    return cache


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One case of each grade."""
    folder = tmp_path_factory.mktemp("brats")
    for name in ("BraTS20_Training_001", "BraTS20_Training_270"):
        write_case(folder / "tree", name)
    write_grades(folder / "tree", {"BraTS20_Training_001": "HGG", "BraTS20_Training_270": "LGG"})
    return _prepare(folder / "tree", folder / "cache")


def _index(example: Example) -> int:
    assert isinstance(example.image, PreparedReference)
    return example.image.index


def test_slices_show_tumour_from_so_many_voxels_on(cache: Path) -> None:
    examples = [example for example in read_prepared(cache) if example.patient_id == "BraTS20_Training_001"]
    labels = {_index(example): example.label for example in examples}
    # The ball of brain reaches from 2 to 21; the two slices beside the tumour have 9 voxels of it.
    expected = {index: "tumor" if index in TUMOR_SLICES else "no_tumor" for index in range(2, 22)}
    assert labels == {index: label for index, label in expected.items() if index not in (7, 14)}


def test_grade_is_the_cases(cache: Path) -> None:
    examples = read_prepared(cache, "grade")
    assert Counter((example.label, example.patient_id) for example in examples) == {
        ("hgg", "BraTS20_Training_001"): 6,
        ("lgg", "BraTS20_Training_270"): 6,
    }


def test_neighbours_can_be_left_out(cache: Path) -> None:
    assert {_index(example) % 3 for example in read_prepared(cache, every=3)} == {0}


def test_example_states_its_source_and_tumour_box(cache: Path) -> None:
    example = next(example for example in read_prepared(cache) if example.label == "tumor")
    assert (example.source, example.plane, example.sequence) == ("brats2020", "axial", "flair+t1ce+t2")
    # Stored voxels 6 to 13 along both axes, of 24, stored as hung.
    assert example.box == RelativeBox(10 / 24, 10 / 24, 8 / 24, 8 / 24)
    assert all(other.box is None for other in read_prepared(cache) if other.label == "no_tumor")


def test_tumour_lies_in_its_box(cache: Path) -> None:
    example = next(example for example in read_prepared(cache) if example.label == "tumor")
    pixels = read_example(example).pixels
    assert pixels[6:14, 6:14].mean() > 1
    assert pixels[6:14, 14:20].mean() < 0


def test_missing_grade_is_an_error(tmp_path: Path) -> None:
    write_case(tmp_path / "tree", "BraTS2021_00000")
    cache = _prepare(tmp_path / "tree", tmp_path / "cache")
    assert read_prepared(cache)
    with pytest.raises(DatasetError, match=r"BraTS2021_00000: no grade; name_mapping\.csv"):
        read_prepared(cache, "grade")


def test_empty_cache_is_refused(tmp_path: Path) -> None:
    claim_cache(tmp_path / "cache", CacheSettings(channels=_CHANNELS))
    with pytest.raises(DatasetError, match="no prepared case"):
        read_prepared(tmp_path / "cache")


def test_classes_tell_the_task() -> None:
    assert task_of(("lgg", "hgg")) == "grade"
    assert task_of(("no_tumor", "tumor")) == "presence"


def test_cache_is_recognised_and_labelled_for_the_model(cache: Path) -> None:
    assert {example.label for example in discover_examples(cache)} == {"no_tumor", "tumor"}
    assert {example.label for example in discover_examples(cache, ("hgg", "lgg"))} == {"hgg", "lgg"}
