"""Cases are prepared once, in parallel; errors name case and file."""

from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from tests.brats_trees import AFFINE, SIDE, draw_modality, draw_segmentation, write_case, write_grades, write_volume
from tumorscope.datasets.brats_cache import CacheSettings, claim_cache, is_prepared, list_cases, read_prepared_slice
from tumorscope.datasets.brats_layout import find_cases
from tumorscope.datasets.brats_prepare import prepare_cases
from tumorscope.domain.errors import DatasetError

_CHANNELS = ("flair", "t1ce", "t2")
_NAME = "BraTS20_Training_001"
_OTHER = "BraTS20_Training_002"


def _prepare(
    tree: Path, cache: Path, channels: tuple[str, ...] = _CHANNELS, *, keep_going: bool = False
) -> list[DatasetError]:
    claim_cache(cache, CacheSettings(channels=channels))
    return prepare_cases(find_cases(tree), channels, cache, 2, lambda: None, keep_going=keep_going)


def test_slices_are_z_scored_within_the_brain_and_hung_as_served(tmp_path: Path) -> None:
    write_case(tmp_path / "tree", _NAME)
    assert _prepare(tmp_path / "tree", tmp_path / "cache") == []
    (array,) = list_cases(tmp_path / "cache")
    slices = [read_prepared_slice(array, index).pixels for index in range(2, 22)]
    assert {scan.dtype.name for scan in slices} == {"float32"}
    pixels = np.stack(slices).astype(np.float64)
    assert pixels.shape == (20, SIDE, SIDE, 3)
    for channel, seed in enumerate((0, 2, 3)):
        stored = draw_modality(seed)
        # Stored from the left and from the front, as a reader hangs a slice: rows to the back, the left on the right.
        voxels = stored[:, :, 2:22].transpose(2, 1, 0)
        inside = stored[stored > 0]
        expected = np.where(voxels > 0, np.clip((voxels - inside.mean()) / inside.std(), -5, 5), -5)
        np.testing.assert_allclose(pixels[..., channel], expected, atol=0.02)


@pytest.mark.parametrize("channels", [("flair", "t1ce", "t2"), ("t1", "t2", "flair")])
def test_channels_are_chosen_and_the_others_not_needed(tmp_path: Path, channels: tuple[str, ...]) -> None:
    write_case(tmp_path / "tree", _NAME, channels)
    _prepare(tmp_path / "tree", tmp_path / "cache", channels)
    (array,) = list_cases(tmp_path / "cache")
    assert read_prepared_slice(array, 10).channels == channels


def _remove_modality(case: Path) -> None:
    (case / f"{_NAME}_t1ce.nii.gz").unlink()


def _remove_segmentation(case: Path) -> None:
    (case / f"{_NAME}_seg.nii.gz").unlink()


def _truncate(case: Path) -> None:
    file = case / f"{_NAME}_t2.nii.gz"
    file.write_bytes(file.read_bytes()[:500])


def _change_shape(case: Path) -> None:
    write_volume(case / f"{_NAME}_t2.nii.gz", draw_modality(3)[:, :, :-1])


def _change_affine(case: Path) -> None:
    moved = AFFINE.copy()
    moved[2, 3] = 2.5
    write_volume(case / f"{_NAME}_flair.nii.gz", draw_modality(0), moved)


def _empty_segmentation(case: Path) -> None:
    write_volume(case / f"{_NAME}_seg.nii.gz", np.zeros((SIDE,) * 3, np.float32))


def _store_a_modality_as_segmentation(case: Path) -> None:
    write_volume(case / f"{_NAME}_seg.nii.gz", draw_modality(0))


def _empty_modality(case: Path) -> None:
    write_volume(case / f"{_NAME}_flair.nii.gz", np.zeros((SIDE,) * 3, np.float32))


def _leave_out_of_the_table(case: Path) -> None:
    write_grades(case.parent, {_OTHER: "HGG"})


_FAULTS: dict[Callable[[Path], None], str] = {
    _remove_modality: f"{_NAME}: t1ce is missing in .*{_NAME}",
    _remove_segmentation: f"{_NAME}: the segmentation is missing in .*{_NAME}",
    _truncate: f"{_NAME}: .*{_NAME}_t2.nii.gz cannot be read",
    _change_shape: f"{_NAME}: .*{_NAME}_t2.nii.gz has 24x24x23 voxels, and {_NAME}_seg.nii.gz 24x24x24",
    _change_affine: f"{_NAME}: the affine of .*{_NAME}_flair.nii.gz lies 2.5 mm off that of {_NAME}_seg.nii.gz",
    _empty_segmentation: f"{_NAME}: .*{_NAME}_seg.nii.gz is an empty segmentation",
    _store_a_modality_as_segmentation: f"{_NAME}: .*{_NAME}_seg.nii.gz holds other values",
    _empty_modality: f"{_NAME}: .*{_NAME}_flair.nii.gz is an empty volume",
    _leave_out_of_the_table: f"{_NAME}: no grade; .*{_NAME}",
}


@pytest.mark.parametrize("spoil", _FAULTS, ids=lambda spoil: spoil.__name__.strip("_"))
def test_what_is_wrong_is_named_with_case_and_file(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    case = write_case(tmp_path / "tree", _NAME)
    spoil(case)
    write_case(tmp_path / "tree", _OTHER)
    with pytest.raises(DatasetError, match=_FAULTS[spoil]):
        _prepare(tmp_path / "tree", tmp_path / "cache")


def test_all_that_is_wrong_is_listed_and_the_rest_prepared(tmp_path: Path) -> None:
    for number in range(4):
        write_case(tmp_path / "tree", f"BraTS20_Training_00{number}")
    for number in (3, 1):
        (tmp_path / "tree" / f"BraTS20_Training_00{number}" / f"BraTS20_Training_00{number}_flair.nii.gz").unlink()
    problems = _prepare(tmp_path / "tree", tmp_path / "cache", keep_going=True)
    assert [str(problem).split(":")[0] for problem in problems] == ["BraTS20_Training_001", "BraTS20_Training_003"]
    assert [array.stem for array in list_cases(tmp_path / "cache")] == ["BraTS20_Training_000", "BraTS20_Training_002"]


def test_interruption_leaves_whole_cases_only(tmp_path: Path) -> None:
    for number in range(6):
        write_case(tmp_path / "tree", f"BraTS20_Training_00{number}")
    done: list[None] = []

    def interrupt() -> None:
        done.append(None)
        if len(done) == 2:
            raise KeyboardInterrupt

    cases = find_cases(tmp_path / "tree")
    claim_cache(tmp_path / "cache", CacheSettings(channels=_CHANNELS))
    with pytest.raises(KeyboardInterrupt):
        prepare_cases(cases, _CHANNELS, tmp_path / "cache", 1, interrupt)
    prepared = [case for case in cases if is_prepared(tmp_path / "cache", case.name)]
    assert 2 <= len(prepared) < 6
    for array in list_cases(tmp_path / "cache"):
        assert read_prepared_slice(array, 10).pixels.max() > 0


def test_spacing_that_is_not_the_same_in_plane_becomes_square_pixels(tmp_path: Path) -> None:
    affine = AFFINE.copy()
    affine[0, 0] = -2
    case = tmp_path / "tree" / _NAME
    for seed, name in enumerate(_CHANNELS):
        write_volume(case / f"{_NAME}_{name}.nii", draw_modality(seed), affine)
    nibabel.save(nibabel.Nifti1Image(draw_segmentation().astype(np.uint8), affine), case / f"{_NAME}_seg.nii")
    _prepare(tmp_path / "tree", tmp_path / "cache")
    (array,) = list_cases(tmp_path / "cache")
    scan = read_prepared_slice(array, 10)
    assert (scan.height, scan.width, scan.spacing_mm) == (SIDE, 2 * SIDE, (1, 1))
