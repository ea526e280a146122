"""What is known of the DICOM images that were read in, headers of them as highdicom takes them out."""

from pydicom.dataset import Dataset
from pydicom.uid import (
    EnhancedMRColorImageStorage,
    EnhancedMRImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
    MRImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
    SecondaryCaptureImageStorage,
)
from pydicom.valuerep import DA, TM

from tumorscope.domain.errors import NoDicomOrigin
from tumorscope.domain.scan import DicomOrigin, OriginImage

CHARACTER_SET = "ISO_IR 192"
"""UTF-8, which holds every name of every source."""

_MR = {
    MRImageStorage,
    EnhancedMRImageStorage,
    EnhancedMRColorImageStorage,
    LegacyConvertedEnhancedMRImageStorage,
}
_CAPTURES = {
    SecondaryCaptureImageStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    MultiFrameTrueColorSecondaryCaptureImageStorage,
}
# Type 2: present, perhaps empty.
_NEEDED = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
_TYPES = {"PatientBirthDate": DA, "StudyDate": DA, "StudyTime": TM}
_SEXES = ("M", "F", "O")


def require_origin(origin: DicomOrigin | None) -> DicomOrigin:
    """Give the origin of a scan, if objects can refer to it.

    Raises
    ------
    NoDicomOrigin
        It was not read from DICOM images with UIDs, or from tiles of them, or from such of an unknown class.
    """
    if origin is None or not {image.sop_class_uid for image in origin.images} <= _MR | _CAPTURES:
        raise NoDicomOrigin(
            "DICOM objects are made of a study of MR images in DICOM that state their UIDs; this is none."
        )
    return origin


def is_placed(origin: DicomOrigin) -> bool:
    """Whether it is known where all its pixels lie in the patient."""
    known = (origin.right, origin.down, origin.spacing_mm, origin.attributes.get("FrameOfReferenceUID"))
    return None not in known and all(image.position_mm is not None for image in origin.images)


def make_header(origin: DicomOrigin, image: OriginImage) -> Dataset:
    """Make the header of an image with one frame; one of several is described as if it were alone.

    Values that DICOM does not allow are left out.
    """
    header = Dataset()
    for keyword in _NEEDED:
        setattr(header, keyword, "")
    for keyword, text in origin.attributes.items():
        if not _is_allowed(keyword, text):
            continue
        try:
            setattr(header, keyword, text)
        except (ValueError, TypeError, OverflowError):
            continue
    header.SpecificCharacterSet = CHARACTER_SET
    header.SOPClassUID, header.SOPInstanceUID = image.sop_class_uid, image.sop_instance_uid
    header.SeriesInstanceUID = image.series_uid
    header.Rows, header.Columns = origin.rows, origin.columns
    # highdicom asks MR images for their place and thickness.
    is_described = is_placed(origin) and origin.thickness_mm is not None and image.sop_class_uid in _MR
    header.Modality = "MR" if is_described else "OT"
    if is_placed(origin):
        header.ImageOrientationPatient = [*(origin.right or ()), *(origin.down or ())]
        header.ImagePositionPatient = list(image.position_mm or ())
        header.PixelSpacing = list(origin.spacing_mm or ())
    # highdicom reads it of every image that is placed; empty where it is not known.
    header.SliceThickness = origin.thickness_mm
    return header


def refer_to(image: OriginImage) -> Dataset:
    """Make the reference to the file of an image, by class and UID."""
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.sop_class_uid
    reference.ReferencedSOPInstanceUID = image.sop_instance_uid
    return reference


def _is_allowed(keyword: str, text: str) -> bool:
    if keyword == "PatientSex":
        return text in _SEXES
    try:
        _TYPES.get(keyword, str)(text)
    except ValueError:
        return False
    return True
