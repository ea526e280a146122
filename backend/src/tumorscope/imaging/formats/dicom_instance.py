"""A DICOM data set in, its relevant attributes out; other modalities than MR are refused here."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tumorscope import MANUFACTURER
from tumorscope.domain.errors import NotABrain, NotAnMrImage
from tumorscope.domain.scan import ScanWarning
from tumorscope.imaging.formats.dicom_dataset import read_value
from tumorscope.imaging.formats.dicom_pixels import count_frames, find_functional_groups
from tumorscope.imaging.scan_warnings import DERIVED_MAP, LOCALIZER, NOT_ORIGINAL, OTHER_BODY_PART

_MR = "MR"
# The modality of screen captures and scanned paper.
_OTHER = "OT"
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_PARAMETRIC_MAP = "1.2.840.10008.5.1.4.1.1.30"
_MR_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.4",  # MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.1",  # Enhanced MR Image Storage
    "1.2.840.10008.5.1.4.1.1.4.3",  # Enhanced MR Color Image Storage
    "1.2.840.10008.5.1.4.1.1.4.4",  # Legacy Converted Enhanced MR Image Storage
)
_MODALITIES = {
    "CT": "CT",
    "US": "ultrasound",
    "CR": "an X-ray",
    "DX": "an X-ray",
    "SEG": "a segmentation",
    "SR": "a report",
    "PT": "PET",
    "NM": "nuclear medicine",
    "XA": "an X-ray angiography",
    "MG": "a mammography",
    "PR": "a presentation state",
    "KO": "a selection of key images",
    "RTSTRUCT": "contours for radiotherapy",
    "RTDOSE": "a dose of radiotherapy",
}
_HEADS = ("HEAD", "BRAIN", "SKULL", "NEURO", "CRANI", "PITUITARY", "SELLA", "HYPOPHYSIS", "ORBIT", "IAC", "FACE")
# Whole words of the body part, and of the protocol's name, which holds the second group in other meanings.
_OTHER_PARTS = (
    "ABDOMEN|ANKLE|BREAST|CARDIAC|CERVICAL|CHEST|CSPINE|ELBOW|HIP|KIDNEY|KNEE|LIVER|LSPINE|LUMBAR|MRCP|NECK|PANCREAS|"
    "PELVIS|PROSTATE|SHOULDER|SPINE|THORAX|TSPINE|UTERUS|WRIST|HWS|BWS|LWS|KNIE|SCHULTER"
)
_IN_PROTOCOL = re.compile(rf"(?<![A-Z])({_OTHER_PARTS})(?![A-Z])")
_IN_BODY_PART = re.compile(rf"(?<![A-Z])({_OTHER_PARTS}|ARM|EXTREMITY|FOOT|HAND|HEART|LEG|WHOLEBODY)(?![A-Z])")
# The cosine of 30 degrees: rows and columns nearer to each other state no plane.
_NEARLY_ONE_WAY = 0.866
_HUMANS = ("HUMAN", "HOMO", "SAPIENS")
_MAPS = {"ADC", "FA", "TRACEW", "TENSOR", "PERFUSION", "CBF", "CBV", "MTT", "TTP", "FMRI", "T1 MAP", "T2 MAP", "MIP"}
_MAPS |= {"MAXIMUM INTENSITY PROJECTION", "PROJECTION IMAGE", "PHASE MAP", "T2_STAR MAP", "FIELD_MAP"}
_NO_MAGNITUDE = {"P", "R", "I", "PHASE", "REAL", "IMAGINARY", "PHASE MAP", "FIELD_MAP", "B0 MAP", "SUB"}
_NO_MAGNITUDE |= {"SUBTRACTION", "VELOCITY MAP"}
_LOCALIZERS = ("localizer", "localiser", "locator", "scout", "survey", "3-plane", "3 plane", "aahead")


@dataclass(frozen=True, slots=True)
class Place:
    """A frame's first pixel centre (mm) and its directions of rising row and column numbers, in LPS+."""

    position: NDArray[np.float64] | None
    down: NDArray[np.float64]
    right: NDArray[np.float64]

    @property
    def normal(self) -> NDArray[np.float64]:
        """Of the slice, of length 1."""
        (a, b, c), (d, e, f) = self.right.tolist(), self.down.tolist()
        # `np.cross` takes ten times as long, and a file asks several times.
        crossed = np.array([b * f - c * e, c * d - a * f, a * e - b * d])
        normal: NDArray[np.float64] = crossed / np.linalg.norm(crossed)
        return normal


def check_modality(dataset: Dataset) -> tuple[ScanWarning, ...]:
    """Refuse a file that is not an MR image and cannot be a capture of one; give doubts about it.

    Raises
    ------
    NotAnMrImage
        The file states another modality, or is a parametric map or a result of ours.
    NotABrain
        It states another part of the body, and nowhere the head; or an animal, or an object for quality control.
    """
    modality, sop_class = _text(dataset, "Modality").upper(), _text(dataset, "SOPClassUID")
    if modality not in ("", _MR, _OTHER):
        stated = _MODALITIES.get(modality, "another modality")
        raise NotAnMrImage(f"The DICOM file states {stated}. Send a brain MRI.")
    if sop_class == _PARAMETRIC_MAP:
        raise NotAnMrImage("The DICOM file holds a parametric map. Send the MR images that it was computed from.")
    if _text(dataset, "Manufacturer") == MANUFACTURER:
        raise NotAnMrImage("The DICOM file is a result of Tumorscope. Send the MR images that it was made from.")
    species = _text(dataset, "PatientSpeciesDescription").upper()
    if species and not any(human in species for human in _HUMANS):
        raise NotABrain("The DICOM file states an animal. Send a brain MRI of a person.")
    if _text(dataset, "QualityControlSubject") == "YES":
        raise NotABrain("The DICOM file states a phantom for quality control. Send a brain MRI of a person.")
    notes = []
    if sop_class == _SECONDARY_CAPTURE or (modality != _MR and sop_class not in _MR_CLASSES):
        notes.append(NOT_ORIGINAL)
    if _states_other_part(dataset):
        notes.append(OTHER_BODY_PART)
    if is_localizer(dataset):
        notes.append(LOCALIZER)
    elif is_derived_map(dataset) or is_no_magnitude(dataset):
        notes.append(DERIVED_MAP)
    return tuple(notes)


def _states_other_part(dataset: Dataset) -> bool:
    """Whether the body part that the file states may be another one than the head; raises where it surely is."""
    keywords = ("BodyPartExamined", "ProtocolName", "SeriesDescription")
    body_part, protocol, description = (_text(dataset, keyword).upper() for keyword in keywords)
    named = {*_IN_BODY_PART.findall(body_part), *_IN_PROTOCOL.findall(protocol)}
    if named and not any(head in f"{body_part} {protocol} {description}" for head in _HEADS):
        stated = ", ".join(sorted(named)).lower()
        raise NotABrain(f"The DICOM file states another part of the body than the head: {stated}. Send a brain MRI.")
    return bool(body_part) and not any(head in body_part for head in _HEADS)


def is_localizer(dataset: Dataset) -> bool:
    """Whether the file states a localizer."""
    description = _text(dataset, "SeriesDescription").lower()
    return "LOCALIZER" in find_image_type(dataset) or any(word in description for word in _LOCALIZERS)


def is_derived_map(dataset: Dataset) -> bool:
    """Whether the file states values computed from the signal."""
    return bool(_MAPS & set(find_image_type(dataset)))


def is_no_magnitude(dataset: Dataset) -> bool:
    """Whether the file states another part of the signal than its magnitude, or a difference of images."""
    return bool(_NO_MAGNITUDE & set(find_image_type(dataset)))


def find_place(dataset: Dataset, frame: int) -> Place | None:
    """A frame's place in the patient (PS3.3, C.7.6.2); None where the file does not state it."""
    groups = find_functional_groups(dataset, frame)
    orientation = read_numbers(_find(groups, "PlaneOrientationSequence", "ImageOrientationPatient", dataset), 6)
    if orientation is None:
        return None
    right, down = orientation[:3], orientation[3:]
    lengths = np.linalg.norm(right), np.linalg.norm(down)
    if min(lengths) < 1e-6:
        return None
    right, down = right / lengths[0], down / lengths[1]
    if abs(float(right @ down)) > _NEARLY_ONE_WAY:
        return None
    position = read_numbers(_find(groups, "PlanePositionSequence", "ImagePositionPatient", dataset), 3)
    return Place(position, down, right)


def find_spacing(dataset: Dataset, frame: int) -> tuple[float, float] | None:
    """Millimetres between rows and between columns; None where the file does not state them."""
    groups = find_functional_groups(dataset, frame)
    stated = [_find(groups, "PixelMeasuresSequence", "PixelSpacing", dataset)]
    # In scanned films and captures; of an image that states both, Pixel Spacing is calibrated (PS3.3, 10.7.1.3).
    stated += [read_value(dataset, keyword) for keyword in ("ImagerPixelSpacing", "NominalScannedPixelSpacing")]
    for value in stated:
        spacing = read_numbers(value, 2)
        if spacing is not None and spacing.min() >= 0.01 and spacing.max() <= 100:
            return float(spacing[0]), float(spacing[1])
    return None


def find_thickness(dataset: Dataset) -> float | None:
    """Millimetres between slices; None where the file does not state them."""
    groups = find_functional_groups(dataset, 0)
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        stated = read_numbers(_find(groups, "PixelMeasuresSequence", keyword, dataset), 1)
        if stated is not None and 0.01 <= abs(stated[0]) <= 100:
            return float(abs(stated[0]))
    return None


def find_modality(dataset: Dataset) -> str | None:
    """As the file states it."""
    return _text(dataset, "Modality").upper() or (_MR if _text(dataset, "SOPClassUID") in _MR_CLASSES else None)


def is_multi_frame_mr(dataset: Dataset) -> bool:
    """Whether the file holds several frames, each with its own functional group."""
    return count_frames(dataset) > 1 and bool(read_value(dataset, "PerFrameFunctionalGroupsSequence"))


def find_image_type(dataset: Dataset) -> list[str]:
    """The values of Image Type, in capitals."""
    value = read_value(dataset, "ImageType") or ()
    return [value.upper()] if isinstance(value, str) else [str(part).upper() for part in value]


def find_number(groups: list[Dataset], sequence: str, keyword: str, dataset: Dataset) -> float | None:
    """A finite number of the frame's functional groups, else of the file; of several the first."""
    value = _find(groups, sequence, keyword, dataset)
    if value is None:
        return None
    try:
        number = float(np.atleast_1d(np.array(value, np.float64))[0])
    except (TypeError, ValueError, IndexError):
        return None
    return number if np.isfinite(number) else None


def _find(groups: list[Dataset], sequence: str, keyword: str, dataset: Dataset) -> object:
    """A value of the frame's functional groups, else of the file itself."""
    for group in groups:
        for item in group.get(sequence) or ():
            if keyword in item:
                return item.get(keyword)
    return read_value(dataset, keyword)


def read_numbers(value: object, count: int) -> NDArray[np.float64] | None:
    """As many finite numbers as expected; None otherwise."""
    if value is None:
        return None
    try:
        numbers = np.atleast_1d(np.array(value, np.float64))
    except (TypeError, ValueError):
        return None
    return numbers if numbers.shape == (count,) and np.isfinite(numbers).all() else None


def _text(dataset: Dataset, keyword: str) -> str:
    return str(read_value(dataset, keyword) or "").strip()
