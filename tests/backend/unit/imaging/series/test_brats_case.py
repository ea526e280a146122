"""Volumes are one examination by the names of BraTS and BIDS; others are called what they are."""

import numpy as np
import pytest

from tests.factories import make_nifti_bytes
from tumorscope.domain.errors import NotAnAnatomicalImage, NotOneExamination, UnknownSeries
from tumorscope.domain.scan import Examination, Volume
from tumorscope.imaging.series.brats_case import decode_case, name_content
from tumorscope.imaging.source import FROM_DISK, SeriesWish, SourceFile

_SCAN = make_nifti_bytes(np.random.default_rng(0).integers(0, 900, (9, 8, 7)).astype(np.int16))
_COARSE = make_nifti_bytes(np.random.default_rng(1).integers(0, 900, (5, 5, 5)).astype(np.int16))
_MASK = make_nifti_bytes((np.indices((9, 8, 7))[0] // 5).astype(np.uint8))


def _decode(**files: bytes) -> tuple[Examination | Volume, dict[str, object]]:
    scan = decode_case([SourceFile(f"{name}.nii", data) for name, data in files.items()], FROM_DISK)
    return scan, {warning.code: dict(warning.params) for warning in scan.warnings}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("BraTS20_Training_001_t1ce.nii.gz", ("BraTS20_Training_001", "t1ce")),
        ("BraTS-GLI-00001-000-t1c.nii", ("BraTS-GLI-00001-000", "t1ce")),
        ("BraTS-GLI-00001-000-t1n.nii.gz", ("BraTS-GLI-00001-000", "t1")),
        ("BraTS-GLI-00001-000-t2f.nii.gz", ("BraTS-GLI-00001-000", "flair")),
        ("BraTS-GLI-00001-000-t2w.nii.gz", ("BraTS-GLI-00001-000", "t2")),
        ("sub-01_ses-2_T1w.nii.gz", ("sub-01_ses-2", "t1")),
        ("sub-01_ses-2_ce-gadolinium_T1w.nii.gz", ("sub-01_ses-2", "t1ce")),
        ("sub-01_ses-2_FLAIR.nii.gz", ("sub-01_ses-2", "flair")),
        ("sub-01_T2w.nii", ("sub-01", "t2")),
        ("sub-01_PDw.nii", ("sub-01", "pd")),
        ("sub-01_task-rest_bold.nii", None),
        ("scan.nii", None),
        ("sub-01_T1w.json", None),
    ],
)
def test_name_states_case_and_sequence(name: str, content: tuple[str, str] | None) -> None:
    assert name_content(name) == content


def test_volumes_of_a_case_are_its_sequences() -> None:
    scan, warnings = _decode(**{"a-t1c": _SCAN, "a-t2f": _SCAN, "a-seg": _MASK})
    assert isinstance(scan, Examination)
    assert set(scan.sequences) == {"t1ce", "flair"}
    assert set(warnings) == {"segmentation_left_out"}


def test_sequence_that_is_asked_for_comes_first_among_the_series() -> None:
    files = [SourceFile(f"a-{name}.nii", _SCAN) for name in ("t1n", "t1c", "t2f")]
    scan = decode_case(files, FROM_DISK)
    assert [(one.uid, one.description, one.why_not) for one in scan.series] == [
        ("t1ce", "a-t1c.nii", None),
        ("t1", "a-t1n.nii", "sequence"),
        ("flair", "a-t2f.nii", "sequence"),
    ]
    scan = decode_case(files, FROM_DISK, SeriesWish("flair"))
    assert [(one.uid, one.why_not) for one in scan.series] == [
        ("flair", None),
        ("t1ce", "not_requested"),
        ("t1", "not_requested"),
    ]
    first = scan.series[0]
    assert (first.sequence, first.plane, first.slice_count) == ("flair", "axial", 7)
    with pytest.raises(UnknownSeries):
        decode_case(files, FROM_DISK, SeriesWish("t2"))


def test_sequence_that_is_asked_for_is_read_where_those_of_a_subject_lie_apart() -> None:
    files = [SourceFile("sub-01_T1w.nii", _SCAN), SourceFile("sub-01_T2w.nii", _COARSE)]
    scan = decode_case(files, FROM_DISK, SeriesWish("t2"))
    assert isinstance(scan, Examination)
    assert list(scan.sequences) == ["t2"]
    assert [one.uid for one in scan.series] == ["t2", "t1"]


def test_one_of_the_sequences_of_a_bids_subject_is_read_where_they_lie_apart() -> None:
    names = {"sub-01_T2w": _COARSE, "sub-01_ce-gd_T1w": _SCAN, "sub-01_T1w": _COARSE, "sub-01_dwi": _COARSE}
    scan, warnings = _decode(**names)
    assert isinstance(scan, Examination)
    assert set(scan.sequences) == {"t1ce"}
    assert warnings == {
        "other_files_left_out": {"count": 1, "kinds": "functional"},
        "sequence_chosen": {"sequence": "t1ce"},
    }


def test_volume_of_any_name_is_read_beside_its_masks() -> None:
    scan, warnings = _decode(scan=_SCAN, lesion=_MASK, brain=_MASK)
    assert isinstance(scan, Volume)
    assert scan.voxels.shape == (9, 8, 7)
    assert warnings == {"other_files_left_out": {"count": 2, "kinds": "mask"}}


@pytest.mark.parametrize(
    "names",
    [
        ["a_t1", "b_t2"],
        ["a_t1", "a-t1n"],
        ["scan", "other"],
        ["a_t1", "other"],
        ["sub-01_run-1_T1w", "sub-01_run-2_T1w"],
    ],
)
def test_volumes_that_are_no_examination_are_called_so(names: list[str]) -> None:
    with pytest.raises(NotOneExamination):
        _decode(**dict.fromkeys(names, _SCAN))


def test_volumes_of_a_case_that_lie_apart_are_refused() -> None:
    with pytest.raises(NotOneExamination):
        _decode(a_t1=_SCAN, a_t2=_COARSE)


def test_masks_alone_are_no_scan() -> None:
    with pytest.raises(NotAnAnatomicalImage):
        _decode(a_seg=_MASK, brain=_MASK)
