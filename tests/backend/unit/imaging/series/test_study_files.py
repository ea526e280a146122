"""Which files of folders and DICOMDIRs are one study."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.fileset import FileSet
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, generate_uid

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file
from tumorscope.imaging.series.study_files import count_files, find_places, find_studies, list_folder

_PIXELS = np.arange(64, dtype=np.uint16).reshape(8, 8)


def _find(*paths: Path, done: tuple[Path, ...] = ()) -> tuple[list[list[Path]], list[Path]]:
    passed_over: list[Path] = []
    return list(find_studies(paths, lambda file: file in done, passed_over.append)), passed_over


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _write_instance(path: Path, series: str, syntax: str = ExplicitVRLittleEndian, **said: Any) -> Path:
    return _write(
        path, make_dicom_bytes(_PIXELS, syntax, SeriesInstanceUID=series, SOPInstanceUID=generate_uid(), **said)
    )


def _write_disc(files: FileSet, folder: Path) -> None:
    files.write(folder)
    # It would warn that it cleans up by itself, at a time of its own.
    files._stage["t"].cleanup()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_dicom_files_of_one_folder_are_parted_by_their_series(tmp_path: Path, syntax: str) -> None:
    names = {name: "1.2." + name[0] for name in ("1a", "2a", "1b", "2b")}
    for name, series in names.items():
        _write_instance(tmp_path / "x" / name, series, syntax)
    _write_instance(tmp_path / "y" / "1c", "1.2.1", syntax)
    studies, _ = _find(tmp_path)
    assert studies == [
        [tmp_path / "x" / "1a", tmp_path / "x" / "1b"],
        [tmp_path / "x" / "2a", tmp_path / "x" / "2b"],
        [tmp_path / "y" / "1c"],
    ]


def test_slices_with_a_series_each_are_one_study_by_their_series_number(tmp_path: Path) -> None:
    for slice_number in range(3):
        _write_instance(tmp_path / f"a{slice_number}", f"1.2.{slice_number}", SeriesNumber=4)
    _write_instance(tmp_path / "b", "1.2.7", SeriesNumber=5)
    _write_instance(tmp_path / "c", "1.2.8")
    studies, _ = _find(tmp_path)
    assert [[file.name for file in study] for study in studies] == [["a0", "a1", "a2"], ["b"], ["c"]]


def test_volumes_of_one_case_are_one_study_and_others_their_own(tmp_path: Path) -> None:
    volume = make_nifti_bytes(np.ones((3, 3, 3), np.uint8))
    for name in ("BraTS20_001_flair.nii", "BraTS20_001_t1.nii", "BraTS20_002_t1.nii", "other.nii"):
        _write(tmp_path / name, volume)
    studies, _ = _find(tmp_path)
    assert [[file.name for file in study] for study in studies] == [
        ["BraTS20_001_flair.nii", "BraTS20_001_t1.nii"],
        ["BraTS20_002_t1.nii"],
        ["other.nii"],
    ]


def test_other_files_in_a_folder_are_passed_over_and_a_file_named_itself_is_not(tmp_path: Path) -> None:
    notes = _write(tmp_path / "notes.txt", b"call the ward")
    hidden = _write(tmp_path / ".hidden" / "a.png", make_phantom_file())
    picture = _write(tmp_path / "a.png", make_phantom_file())
    assert _find(tmp_path) == ([[picture]], [notes])
    assert _find(notes) == ([[notes]], [])
    assert _find(hidden) == ([[hidden]], [])
    assert count_files([tmp_path]) == 2


def test_file_that_is_done_is_not_opened(tmp_path: Path) -> None:
    # Opening a folder would fail, and make a study of it.
    done = tmp_path / "done.png"
    done.mkdir()
    _write(tmp_path / "left.png", make_phantom_file())
    files = [done, tmp_path / "left.png"]
    assert list(find_studies([tmp_path / "left.png"], lambda _: True, files.remove)) == []
    assert files == [done]


def test_dicomdir_is_read_series_by_series_wherever_its_files_lie(tmp_path: Path) -> None:
    files = FileSet()
    for series in ("1.2.1", "1.2.2"):
        for number in range(2):
            said = {"PatientID": "p", "PatientName": "p", "StudyDate": "20200101", "StudyTime": "0101", "StudyID": "1"}
            instance = _write_instance(
                tmp_path / "in", series, SeriesNumber=int(series[-1]), InstanceNumber=number, **said
            )
            files.add(pydicom.dcmread(instance))
    _write_disc(files, tmp_path / "disk")
    studies, _ = _find(tmp_path / "disk" / "DICOMDIR")
    assert [len(study) for study in studies] == [2, 2]
    assert all(file.is_file() for study in studies for file in study)
    uids = [{pydicom.dcmread(file).SeriesInstanceUID for file in study} for study in studies]
    assert uids == [{"1.2.1"}, {"1.2.2"}]
    # In its folder the files themselves are read; the DICOMDIR beside them adds nothing.
    in_folder, passed_over = _find(tmp_path / "disk")
    assert sorted(map(len, in_folder)) == [2, 2]
    assert passed_over == [tmp_path / "disk" / "DICOMDIR"]


def _write_small_disc(folder: Path, names: list[str] | None = None) -> Path:
    """A disc of one instance, and its DICOMDIR, perhaps with another name for it."""
    said: dict[str, Any] = {"PatientID": "p", "StudyDate": "20200101", "StudyTime": "0101", "SeriesNumber": 1}
    files = FileSet()
    files.add(pydicom.dcmread(_write_instance(folder / "in", "1.2.1", StudyID="1", InstanceNumber=1, **said)))
    _write_disc(files, folder / "disk")
    path = folder / "disk" / "DICOMDIR"
    if names is not None:
        directory = pydicom.dcmread(path)
        for record in directory.DirectoryRecordSequence:
            if "ReferencedFileID" in record:
                record.ReferencedFileID = names
        directory.save_as(path)
    return path


def test_dicomdir_that_names_files_elsewhere_is_a_study_that_cannot_be_read(tmp_path: Path) -> None:
    _write_instance(tmp_path / "secret.dcm", "1.2.1")
    directory = _write_small_disc(tmp_path, ["..", "secret.dcm"])
    assert _find(directory) == ([[directory]], [])


def test_dicomdir_keeps_its_spelling_of_a_file_that_is_missing(tmp_path: Path) -> None:
    directory = _write_small_disc(tmp_path, ["IMAGES", "IM0001"])
    missing = directory.parent / "IMAGES" / "IM0001"
    assert _find(directory) == ([[missing]], [])
    lower = directory.parent / "images" / "im0001"
    lower.parent.mkdir()
    lower.write_bytes((tmp_path / "in").read_bytes())
    assert _find(directory) == ([[lower]], [])


def test_damaged_dicomdir_is_a_study_that_cannot_be_read(tmp_path: Path) -> None:
    directory = _write_small_disc(tmp_path)
    content = directory.read_bytes()
    # The record sequence with a value representation that is none.
    directory.write_bytes(content.replace(b"\x04\x00\x20\x12SQ", b"\x04\x00\x20\x12S\0"))
    assert _find(directory) == ([[directory]], [])


def test_folder_is_listed_again_as_it_was_found(tmp_path: Path) -> None:
    _write(tmp_path / "line\nbreak.png", b"")
    _write(tmp_path / "series" / "1.dcm", b"")
    for name, target in (("self", "self"), ("parent", ".."), ("nothing", "gone")):
        (tmp_path / name).symlink_to(target)
    places = list(find_places([tmp_path]))
    assert {file.name for file in places[0].files} == {"line\nbreak.png", "self", "nothing"}
    for place in places:
        if place.folder is not None:
            assert list_folder(place.folder) == place.files
    assert list_folder(tmp_path / "gone") == [tmp_path / "gone"]


def test_path_that_is_longer_than_the_system_takes_is_a_study_that_cannot_be_read(tmp_path: Path) -> None:
    found = _write(tmp_path / "slice.png", make_phantom_file(size=64))
    named = tmp_path / ("x" * 300) / "slice.png"
    # Deeper than a path may be long, made step by step.
    step = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("x" * 200, dir_fd=step)
        step, above = os.open("x" * 200, os.O_RDONLY, dir_fd=step), step
        os.close(above)
    os.close(step)
    studies, _ = _find(tmp_path, named)
    assert count_files([tmp_path, named]) == 3
    assert studies[0] == [found]
    assert studies[2] == [named]
    assert len(str(studies[1][0])) > 4000
