"""The DICOM images that were read in, what objects made from them repeat and refer to out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from tumorscope.domain.scan import DicomOrigin, OriginImage
from tumorscope.imaging.formats.dicom_dataset import read_value
from tumorscope.imaging.formats.dicom_instance import Place, find_spacing, find_thickness

STATED_SERIES = "stated_series_uid"
"""The name under which a data set keeps its Series Instance UID when its series is joined with others."""

# Of the modules Patient, Clinical Trial Subject and Study, General Study, Patient Study, General Series, Frame of
# Reference and General Image (PS3.3): what a new object in the same study has to agree on, or must not hide.
_KEYWORDS = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"),
    *("PatientIdentityRemoved", "DeidentificationMethod", "LongitudinalTemporalInformationModified"),
    *("ClinicalTrialSponsorName", "ClinicalTrialProtocolID", "ClinicalTrialProtocolName", "ClinicalTrialSiteID"),
    *("ClinicalTrialSiteName", "ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID", "ClinicalTrialTimePointID"),
    *("StudyInstanceUID", "StudyID", "StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName"),
    *("StudyDescription", "PatientAge", "PatientSize", "PatientWeight"),
    *("SeriesInstanceUID", "FrameOfReferenceUID", "PositionReferenceIndicator"),
    *("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod", "BurnedInAnnotation"),
)
# MR Image and Secondary Capture: a reference to one names no frame, even where a file holds several.
_WITHOUT_FRAMES = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7")
_METHODS = "DeidentificationMethodCodeSequence"
_LONGEST = 1024


def find_origin(images: Sequence[tuple[Dataset, int | None, Place | None]]) -> DicomOrigin | None:
    """Find what objects made from images repeat and refer to.

    Parameters
    ----------
    images : sequence of (Dataset, int or None, Place or None)
        In the order of the slices: the file, the number of its frame from 1, and where it lies. At least one.

    Returns
    -------
    DicomOrigin or None
        None where a UID of study, series, class or instance is not stated.
    """
    first, _, place = images[0]
    references = tuple(
        OriginImage(
            _read(dataset, "SOPClassUID"),
            _read(dataset, "SOPInstanceUID"),
            getattr(dataset, STATED_SERIES, None) or _read(dataset, "SeriesInstanceUID"),
            None if _read(dataset, "SOPClassUID") in _WITHOUT_FRAMES else number,
            None if at is None or at.position is None else _to_triple(at.position),
        )
        for dataset, number, at in images
    )
    is_stated = all(one.sop_class_uid and one.sop_instance_uid and one.series_uid for one in references)
    if not is_stated or not _read(first, "StudyInstanceUID"):
        return None
    attributes = {keyword: text for keyword in _KEYWORDS if (text := _read(first, keyword))}
    if "DeidentificationMethod" not in attributes:
        meanings = [_read(method, "CodeMeaning") for method in first.get(_METHODS) or ()]
        if any(meanings):
            attributes["DeidentificationMethod"] = "\\".join(meaning[:64] for meaning in meanings if meaning)
    return DicomOrigin(
        attributes,
        references,
        int(first.Rows),
        int(first.Columns),
        find_spacing(first, (images[0][1] or 1) - 1),
        find_thickness(first),
        None if place is None else _to_triple(place.right),
        None if place is None else _to_triple(place.down),
    )


def _read(dataset: Dataset, keyword: str) -> str:
    """The text of a value, those of several apart by backslashes; empty where there is none, or several UIDs."""
    value = read_value(dataset, keyword)
    several = value if isinstance(value, MultiValue) else [value]
    if value is None or (keyword.endswith("UID") and len(several) > 1):
        return ""
    return "\\".join(str(one) for one in several).replace("\0", "").strip()[:_LONGEST]


def _to_triple(vector: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(number) for number in vector)
    return x, y, z
