"""A cache has one setting, and its damage is reported."""

from pathlib import Path

import numpy as np
import pytest

from tests.brats_trees import write_case
from tumorscope.datasets.brats_cache import (
    SETTINGS_FILE,
    CacheSettings,
    claim_cache,
    is_prepared,
    list_cases,
    read_case,
    read_prepared_slice,
    read_settings,
)
from tumorscope.datasets.brats_layout import find_cases
from tumorscope.datasets.brats_prepare import prepare_case
from tumorscope.domain.errors import DatasetError

_CHANNELS = ("flair", "t1ce", "t2")


@pytest.fixture
def array(tmp_path: Path) -> Path:
    """Of the one case of a cache."""
    write_case(tmp_path / "tree", "BraTS20_Training_001")
    claim_cache(tmp_path / "cache", CacheSettings(channels=_CHANNELS))
    prepare_case(find_cases(tmp_path / "tree")[0], _CHANNELS, tmp_path / "cache")
    (prepared,) = list_cases(tmp_path / "cache")
    return prepared


def test_cache_is_taken_up_again_with_the_same_settings(tmp_path: Path) -> None:
    settings = CacheSettings(channels=_CHANNELS)
    claim_cache(tmp_path / "cache", settings)
    claim_cache(tmp_path / "cache", settings)
    assert read_settings(tmp_path / "cache") == settings


@pytest.mark.parametrize(
    "settings", [CacheSettings(channels=("flair", "t1", "t2")), CacheSettings(channels=_CHANNELS, zscore_limit=4)]
)
def test_cache_of_other_settings_is_refused(tmp_path: Path, settings: CacheSettings) -> None:
    claim_cache(tmp_path / "cache", CacheSettings(channels=_CHANNELS))
    with pytest.raises(DatasetError, match=r"flair, t1ce, t2.* up to 5; .*--output"):
        claim_cache(tmp_path / "cache", settings)


def test_folder_of_something_else_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(DatasetError, match="other files"):
        claim_cache(tmp_path, CacheSettings(channels=_CHANNELS))


def test_folder_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="tumorscope prepare"):
        read_settings(tmp_path)
    (tmp_path / SETTINGS_FILE).write_text("{")
    with pytest.raises(DatasetError, match="tumorscope prepare"):
        read_settings(tmp_path)


def test_case_without_its_record_is_not_prepared(tmp_path: Path, array: Path) -> None:
    assert is_prepared(tmp_path / "cache", "BraTS20_Training_001")
    array.with_suffix(".json").unlink()
    assert not is_prepared(tmp_path / "cache", "BraTS20_Training_001")
    assert list_cases(tmp_path / "cache") == []


def test_stored_part_is_cut_to_the_brain_and_read_whole(array: Path) -> None:
    stored = np.load(array)
    scan = read_prepared_slice(array, 12)
    assert stored.dtype == np.float16
    assert stored.shape == (20, 20, 20, 3)
    assert scan.pixels.shape == (24, 24, 3)
    assert (scan.pixels[:2] == -5).all()


def test_damage_is_reported(array: Path) -> None:
    array.write_bytes(array.read_bytes()[:200])
    with pytest.raises(DatasetError, match=r"BraTS20_Training_001\.npy cannot be read"):
        read_prepared_slice(array, 12)
    np.save(array, np.zeros((3, 4, 4, 3), np.float16))
    with pytest.raises(DatasetError, match="does not fit its record"):
        read_prepared_slice(array, 12)
    read_case.cache_clear()
    array.with_suffix(".json").write_text("{}")
    with pytest.raises(DatasetError, match=r"BraTS20_Training_001\.json is not a prepared case's record"):
        read_case(array)
