"""The series that is asked for is chosen, else one that is anatomical, covers the head and has a preferred sequence."""

from copy import deepcopy

import numpy as np
import pytest
from pydicom.dataset import FileDataset

from tests.factories import make_dicom_bytes
from tumorscope.domain.errors import UnknownSeries
from tumorscope.imaging.formats.dicom_dataset import read_dataset
from tumorscope.imaging.series.choice import choose_series
from tumorscope.imaging.source import ANY_SERIES, SeriesWish


def _series(
    uid: str, slices: int, name: str, *, step: float = 5, repeats: int = 1, **said: object
) -> list[FileDataset]:
    one = make_dicom_bytes(
        np.ones((4, 4), np.uint16),
        SeriesInstanceUID=uid,
        SeriesDescription=name,
        **{"ImagePositionPatient": [0, 0, 0], **said},  # type: ignore[arg-type]
    )
    first = read_dataset(one, 2**20)
    images = [deepcopy(first) for _ in range(slices * repeats)]
    if "ImagePositionPatient" not in said:
        for place, image in enumerate(images):
            image.ImagePositionPatient = [0, 0, step * (place // repeats)]
    return images


_T2 = _series("1", 30, "T2 TSE")
_T1 = _series("2", 28, "T1 MPRAGE")
_T1CE = _series("3", 24, "T1 MPRAGE +C")
_PITUITARY = _series("4", 12, "T1 sella +C", step=3)
_LOCALIZER = _series("5", 40, "T1 localizer")
_MAP = _series("6", 40, "ep2d", ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])
_DTI = _series("7", 40, "ep2d_diff", repeats=3)
_TOF = _series("8", 90, "3D TOF", step=1)
_FINE_T1 = _series("9", 56, "T1 SPGR", step=2.5)
_DYNAMIC_T1 = _series("10", 20, "T1 dynamic", step=7, repeats=5)
_COMPONENTS = [
    *_series("13", 22, "T1 VIBE"),
    *(image for part in "PRI" for image in _series("13", 22, "T1 VIBE", ImageType=["ORIGINAL", "PRIMARY", part])),
]
_NOWHERE = _series("11", 20, "T1 +C", ImagePositionPatient=None)


@pytest.mark.parametrize(
    ("better", "worse", "why_not"),
    [
        (_T1CE, _T1, "sequence"),
        (_T1, _T2, "sequence"),
        (_T2, _LOCALIZER, "localizer"),
        (_T2, _MAP, "diffusion"),
        (_T2, _DTI, "diffusion"),
        (_T2, _TOF, "angiography"),
        (_T2, _PITUITARY, "covers_less"),
        (_FINE_T1, _T1, "fewer_slices"),
        (_T1, _DYNAMIC_T1, "fewer_slices"),
        (_T1, _NOWHERE, "covers_less"),
        (_COMPONENTS, _T2, "sequence"),
    ],
)
def test_better_series_is_chosen(better: list[FileDataset], worse: list[FileDataset], why_not: str) -> None:
    chosen, (first, second), (warning,) = choose_series([*worse, *better], ANY_SERIES)
    assert chosen == better
    assert (first.uid, first.why_not) == (better[0].SeriesInstanceUID, None)
    assert (second.uid, second.why_not) == (worse[0].SeriesInstanceUID, why_not)
    assert (warning.code, warning.params) == ("series_chosen", {"series": 2, "files": len(better)})


def test_order_of_the_sequences_is_the_models() -> None:
    _, (first, *_), _ = choose_series([*_T1CE, *_T2], SeriesWish(preferred=("t2", "t1ce")))
    assert (first.sequence, first.plane, first.slice_count, first.description) == ("t2", "axial", 30, "T2 TSE")


def test_series_that_is_asked_for_is_chosen() -> None:
    chosen, series, _ = choose_series([*_T1CE, *_LOCALIZER, *_T2], SeriesWish("5"))
    assert chosen == _LOCALIZER
    assert [(one.uid, one.why_not) for one in series] == [("5", None), ("3", "not_requested"), ("1", "not_requested")]
    with pytest.raises(UnknownSeries):
        choose_series(_T1CE, SeriesWish("12"))


def test_order_of_the_files_does_not_matter() -> None:
    every = [*_T2, *_T1, *_T1CE, *_PITUITARY, *_LOCALIZER, *_MAP, *_DTI, *_TOF]
    expected = choose_series(every, ANY_SERIES)[1]
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(len(every))
        assert choose_series([every[index] for index in order], ANY_SERIES)[1] == expected


def test_only_series_is_chosen_without_a_warning() -> None:
    chosen, (series,), warnings = choose_series(_T2, ANY_SERIES)
    assert (chosen, series.why_not, warnings) == (_T2, None, ())


@pytest.mark.parametrize(
    ("series", "kinds"),
    [
        (_T2, []),
        (_COMPONENTS, []),
        (_DTI, ["diffusion"]),
        (_series("12", 3, "T2*_FLASH"), ["susceptibility"]),
        (_TOF, ["angiography"]),
    ],
)
def test_series_that_is_no_anatomical_one_is_warned_of(series: list[FileDataset], kinds: list[str]) -> None:
    _, _, warnings = choose_series(series, ANY_SERIES)
    assert [warning.params["kind"] for warning in warnings if warning.code == "kind_hardly_seen"] == kinds


@pytest.mark.parametrize(("series", "code"), [(_MAP, "derived_map"), (_LOCALIZER, "localizer")])
def test_computed_images_and_localizers_are_warned_of_as_such(series: list[FileDataset], code: str) -> None:
    assert [warning.code for warning in choose_series(series, ANY_SERIES)[2]] == [code]
