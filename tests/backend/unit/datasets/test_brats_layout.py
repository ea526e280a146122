"""Cases are found by their BraTS file names in folders of all years."""

from pathlib import Path

import pytest

from tests.brats_trees import MODALITIES, write_case, write_grades
from tumorscope.datasets.brats_layout import find_cases
from tumorscope.domain.errors import DatasetError

_SINCE_2023 = ("t2f", "t1n", "t1c", "t2w")


def _touch(folder: Path, name: str, endings: tuple[str, ...] = (*MODALITIES, "seg"), *, joint: str = "_") -> None:
    """Finding does not read."""
    (folder / name).mkdir(parents=True)
    for ending in endings:
        (folder / name / f"{name}{joint}{ending}.nii.gz").touch()


@pytest.mark.parametrize(
    ("name", "source", "patient"),
    [
        ("Brats17_TCIA_221_1", "brats2017", "Brats17_TCIA_221"),
        ("Brats18_2013_10_1", "brats2018", "Brats18_2013_10"),
        ("BraTS19_CBICA_AAB_1", "brats2019", "BraTS19_CBICA_AAB"),
        ("BraTS20_Training_001", "brats2020", "BraTS20_Training_001"),
        ("BraTS2021_00000", "brats2021", "BraTS2021_00000"),
        ("BraTS-GLI-00001-000", "brats-gli", "BraTS-GLI-00001"),
        ("mine", "brats", "mine"),
    ],
)
def test_names_of_all_years_are_understood(tmp_path: Path, name: str, source: str, patient: str) -> None:
    _touch(tmp_path, name)
    (case,) = find_cases(tmp_path)
    assert (case.name, case.source, case.patient_id) == (name, source, patient)
    assert tuple(case.modalities) == MODALITIES
    assert case.segmentation == tmp_path / name / f"{name}_seg.nii.gz"


def test_names_since_2023_have_letters_for_the_weighting_and_hyphens(tmp_path: Path) -> None:
    name = "BraTS-GLI-00001-000"
    _touch(tmp_path, name, (*_SINCE_2023, "seg"), joint="-")
    (case,) = find_cases(tmp_path)
    found = {modality: path.name for modality, path in case.modalities.items()}
    endings = dict(zip(("flair", "t1", "t1ce", "t2"), _SINCE_2023, strict=True))
    assert found == {modality: f"{name}-{ending}.nii.gz" for modality, ending in endings.items()}


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_volumes_are_compressed_or_not(tmp_path: Path, suffix: str) -> None:
    write_case(tmp_path, "BraTS20_Training_001", suffix=suffix)
    (case,) = find_cases(tmp_path)
    assert all(path.name.endswith(f"{modality}{suffix}") for modality, path in case.modalities.items())


def test_misnamed_segmentation_of_case_355_is_its_own(tmp_path: Path) -> None:
    _touch(tmp_path, "BraTS20_Training_355", MODALITIES)
    misnamed = tmp_path / "BraTS20_Training_355" / "W39_1998.09.19_Segm.nii"
    misnamed.touch()
    (case,) = find_cases(tmp_path)
    assert (case.name, case.segmentation) == ("BraTS20_Training_355", misnamed)


def test_segmentation_of_the_right_name_comes_before_the_misnamed(tmp_path: Path) -> None:
    _touch(tmp_path, "BraTS20_Training_355")
    (tmp_path / "BraTS20_Training_355" / "W39_1998.09.19_Segm.nii").touch()
    (case,) = find_cases(tmp_path)
    assert case.segmentation is not None
    assert case.segmentation.name == "BraTS20_Training_355_seg.nii.gz"


def test_grades_come_from_the_table(tmp_path: Path) -> None:
    for number in ("001", "270", "300"):
        _touch(tmp_path, f"BraTS20_Training_{number}")
    write_grades(tmp_path, {"BraTS20_Training_001": "HGG", "BraTS20_Training_270": "LGG"})
    assert [case.grade for case in find_cases(tmp_path)] == ["hgg", "lgg", None]
    assert all(case.expects_grade for case in find_cases(tmp_path))


def test_grades_come_from_the_folders_of_2018_and_2019(tmp_path: Path) -> None:
    _touch(tmp_path / "HGG", "Brats18_CBICA_AAB_1")
    _touch(tmp_path / "LGG", "Brats18_TCIA09_141_1")
    assert {case.name: case.grade for case in find_cases(tmp_path)} == {
        "Brats18_CBICA_AAB_1": "hgg",
        "Brats18_TCIA09_141_1": "lgg",
    }
    assert [case.grade for case in find_cases(tmp_path / "LGG")] == ["lgg"]


def test_folder_above_says_nothing_of_the_grade(tmp_path: Path) -> None:
    _touch(tmp_path / "hgg" / "data", "BraTS2021_00000")
    (case,) = find_cases(tmp_path / "hgg" / "data")
    assert (case.grade, case.expects_grade) == (None, False)


def test_cases_for_validation_and_test_are_not_labelled(tmp_path: Path) -> None:
    _touch(tmp_path, "BraTS20_Validation_001", MODALITIES)
    _touch(tmp_path, "BraTS20_Training_001", MODALITIES)
    write_grades(tmp_path, {"BraTS20_Training_001": "HGG"})
    labelled = {case.name: (case.is_labelled, case.expects_grade) for case in find_cases(tmp_path)}
    assert labelled == {"BraTS20_Training_001": (True, True), "BraTS20_Validation_001": (False, False)}


def test_same_case_twice_is_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        _touch(tmp_path / folder, "BraTS20_Training_001")
    with pytest.raises(DatasetError, match=r"BraTS20_Training_001 exists twice: in .*a.* and in .*b"):
        find_cases(tmp_path)


def test_folder_without_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "brain.nii.gz").touch()
    with pytest.raises(DatasetError, match=r"\*_flair\.nii\.gz"):
        find_cases(tmp_path)
