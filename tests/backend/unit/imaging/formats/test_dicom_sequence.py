"""The weighting and the kind of a series follow from its name and its attributes."""

from typing import Any

import numpy as np
import pytest

from tests.factories import make_dicom_bytes
from tumorscope.domain.scan import SequenceName
from tumorscope.imaging.formats.dicom_dataset import read_dataset
from tumorscope.imaging.formats.dicom_sequence import ImageKind, find_kind, find_sequence

# By vendor, names as scanners of theirs give them.
_NAMES: dict[str, dict[str, tuple[ImageKind, SequenceName | None]]] = {
    "Siemens": {
        "t1_mprage_sag_p2_iso": ("anatomical", "t1"),
        "t1_MPRAGEcr_noGRAPPA": ("anatomical", "t1"),
        "t1_mpr_sag_p2_iso +KM": ("anatomical", "t1ce"),
        "t1_se_tra_KM": ("anatomical", "t1ce"),
        "t1_fl2d_sag": ("anatomical", "t1"),
        "t1_vibe_fs_tra_post": ("anatomical", "t1ce"),
        "t2_tse_tra_512": ("anatomical", "t2"),
        "t2_tirm_tra_dark-fluid": ("anatomical", "flair"),
        "t2_spc_da-fl_sag_p2_iso": ("anatomical", "flair"),
        "t2_fl2d_tra_hemo": ("susceptibility", None),
        "SWI_Images": ("susceptibility", None),
        "ep2d_diff_3scan_trace_p2_ADC": ("diffusion", None),
        "ep2d_perf_p3": ("perfusion", None),
        "gre_field_mapping": ("field_map", None),
        "AAHead_Scout_MPR_sag": ("localizer", None),
        "pd+t2_tse_tra": ("anatomical", None),
    },
    "GE": {
        "Ax T1 FLAIR": ("anatomical", "t1"),
        "Ax T2 FLAIR": ("anatomical", "flair"),
        "Sag CUBE FLAIR": ("anatomical", "flair"),
        "AX FSPGR 3D +C": ("anatomical", "t1ce"),
        "Ax BRAVO": ("anatomical", "t1"),
        "SAG T1 W/O CONTRAST": ("anatomical", "t1"),
        "AX T1 PRE CONTRAST": ("anatomical", "t1"),
        "AX T1 POST": ("anatomical", "t1ce"),
        "Ax T2 PROPELLER": ("anatomical", "t2"),
        "AX T2* GRE": ("susceptibility", None),
        "3D TOF HOW": ("angiography", None),
        "3-pl T2* FGRE loc": ("localizer", None),
        "AX DWI B1000": ("diffusion", None),
    },
    "Philips": {
        "T1W_SE": ("anatomical", "t1"),
        "sT1W_3D_TFE": ("anatomical", "t1"),
        "sT1W_3D_TFE_GD": ("anatomical", "t1ce"),
        "WIP T2W_TSE": ("anatomical", "t2"),
        "T2_TFE": ("anatomical", None),
        "T2W_FFE": ("anatomical", None),
        "3D Brain VIEW FLAIR SHC": ("anatomical", "flair"),
        "PDW_TSE": ("anatomical", None),
        "sDW_SSh DWI": ("diffusion", None),
        "Survey_SHC": ("localizer", None),
        "B0 NS": ("field_map", None),
    },
    "Canon, Toshiba": {
        "FSE2D T2W AX": ("anatomical", "t2"),
        "SE2D T1W SAG CE": ("anatomical", "t1ce"),
        "Ax T2 FLAIR FatSat": ("anatomical", "flair"),
        "T1 C-": ("anatomical", "t1"),
        "T1 C+": ("anatomical", "t1ce"),
        "3 Axis locator": ("localizer", None),
    },
    "United Imaging": {
        "t1_gre_fsp_3d_sag": ("anatomical", "t1"),
        "t2_fse_tra": ("anatomical", "t2"),
        "t2_flair_tra_fs": ("anatomical", "flair"),
        "dti_tra_dir16_PA_rot_SaveBySlc": ("diffusion", None),
        "swi_tra": ("susceptibility", None),
    },
    "Hitachi, Fujifilm": {
        "T1 SE Ax": ("anatomical", "t1"),
        "T2 FSE Ax": ("anatomical", "t2"),
        "FLAIR Ax": ("anatomical", "flair"),
        "T1 SE Ax Gd": ("anatomical", "t1ce"),
    },
    "by hand": {
        "T2*_FLASH": ("susceptibility", None),
        "t1 posterior fossa": ("anatomical", "t1"),
        "T1 post fossa": ("anatomical", "t1"),
        "T1 post op": ("anatomical", "t1"),
        "t1 pre and post": ("anatomical", None),
        "T1 non-contrast": ("anatomical", "t1"),
        "T1 C SPINE": ("anatomical", "t1"),
        "T1 map": ("derived_map", None),
        "t1c": ("anatomical", "t1ce"),
        "T1 nativ": ("anatomical", "t1"),
        "": ("anatomical", None),
    },
}


def _read(**said: Any) -> tuple[ImageKind, SequenceName | None]:
    dataset = read_dataset(make_dicom_bytes(np.ones((4, 4), np.uint16), **said), 2**20)
    return find_kind(dataset, 0), find_sequence(dataset, 0)


@pytest.mark.parametrize(
    ("name", "expected"), [(name, expected) for names in _NAMES.values() for name, expected in names.items()]
)
def test_name_tells_kind_and_weighting(name: str, expected: tuple[ImageKind, SequenceName | None]) -> None:
    assert _read(SeriesDescription=name) == expected


_SE, _GR = {"ScanningSequence": "SE"}, {"ScanningSequence": "GR"}
_MPRAGE = {"ScanningSequence": ["GR", "IR"], "EchoTime": 4, "RepetitionTime": 2250, "InversionTime": 850}


@pytest.mark.parametrize(
    ("said", "sequence"),
    [
        ({"EchoTime": 100, "RepetitionTime": 4000}, "t2"),
        ({"EchoTime": 100, "RepetitionTime": 4000, **_GR}, None),
        ({"EchoTime": 120, "RepetitionTime": 9000, "InversionTime": 2500}, "flair"),
        ({"EchoTime": 12, "RepetitionTime": 500, **_SE}, "t1"),
        ({"EchoTime": 12, "RepetitionTime": 500, "ContrastBolusAgent": "Gadovist", **_SE}, "t1ce"),
        ({"EchoTime": 12, "RepetitionTime": 500, "ContrastBolusAgent": "NONE", **_SE}, "t1"),
        ({"EchoTime": 12, "RepetitionTime": 3000, **_SE}, None),
        (_MPRAGE, "t1"),
        ({"EchoTime": 10, "RepetitionTime": 500}, None),
        ({"SeriesDescription": "T1", "EchoTime": 100}, None),
        ({"SeriesDescription": "T1", "EchoTime": 12, "RepetitionTime": 3000, **_SE}, None),
        ({"SeriesDescription": "T1 pre", "ContrastBolusAgent": "Gadovist"}, None),
        ({"SeriesDescription": "T1 w/wo", "ContrastBolusAgent": "Gadovist"}, None),
        ({"SeriesDescription": "T2", "EchoTime": 4}, None),
        ({"SeriesDescription": "T2", **_GR}, None),
        ({"SeriesDescription": "T2", "InversionTime": 2500, "EchoTime": 120}, None),
        ({"SeriesDescription": "FLAIR", "InversionTime": 850}, None),
        ({"SeriesDescription": "T1 FLAIR", "EchoTime": 20, "InversionTime": 850}, "t1"),
        ({"SeriesDescription": "Head", "ProtocolName": "T1"}, None),
        ({"ProtocolName": "T1 +C"}, "t1ce"),
        ({}, None),
    ],
)
def test_weighting_that_name_and_attributes_do_not_share_is_unknown(
    said: dict[str, Any], sequence: SequenceName | None
) -> None:
    assert _read(**said)[1] == sequence


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"DiffusionBValue": 1000.0}, "diffusion"),
        ({"DiffusionBValue": 0.0}, "anatomical"),
        ({"AngioFlag": "Y"}, "angiography"),
        ({"AngioFlag": "N"}, "anatomical"),
        ({"ScanningSequence": "EP"}, "functional"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, "derived_map"),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "diffusion"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "T1 MAP"]}, "derived_map"),
    ],
)
def test_attributes_tell_the_kind(said: dict[str, Any], kind: ImageKind) -> None:
    assert _read(**said)[0] == kind
