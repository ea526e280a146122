"""The series that the model knows best is chosen."""

import numpy as np
import pytest
from pydicom.dataset import FileDataset

from tests.factories import make_dicom_bytes
from tumorscope.imaging.formats.dicom_dataset import read_dataset
from tumorscope.imaging.series.choice import choose_series


def _series(uid: str, slices: int, **attributes: object) -> list[FileDataset]:
    pixels = np.ones((4, 4), np.uint16)
    data = make_dicom_bytes(pixels, SeriesInstanceUID=uid, **attributes)  # type: ignore[arg-type]
    return [read_dataset(data, 2**20)] * slices


_T2 = _series("1", 9, SeriesDescription="T2 TSE")
_T1 = _series("2", 5, SeriesDescription="T1 MPRAGE")
_T1CE = _series("3", 3, SeriesDescription="T1 MPRAGE +C")
_LOCALIZER = _series("4", 20, SeriesDescription="T1 localizer")
_SHORT_T1 = _series("6", 4, SeriesDescription="T1")
_MAP = _series("5", 20, SeriesDescription="ep2d", ImageType=["DERIVED", "PRIMARY", "DIFFUSION", "ADC"])


@pytest.mark.parametrize(
    ("better", "worse"), [(_T1CE, _T1), (_T1, _T2), (_T2, _LOCALIZER), (_T2, _MAP), (_T1, _SHORT_T1)]
)
def test_better_series_is_chosen(better: list[FileDataset], worse: list[FileDataset]) -> None:
    chosen, (warning,) = choose_series([*worse, *better])
    assert chosen == better
    assert (warning.code, warning.params) == ("series_chosen", {"series": 2, "files": len(better)})


def test_only_series_is_chosen_without_a_warning() -> None:
    assert choose_series(_LOCALIZER) == (_LOCALIZER, ())
