"""What is known of the DICOM images that were read in, headers of them as highdicom takes them out."""

from pydicom import config
from pydicom.datadict import dictionary_VM, dictionary_VR
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
from pydicom.valuerep import DA, TM, PersonName, validate_value

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
# Archives and reporting systems join by these: they are as the images state them, allowed or not.
_JOINED_BY = {
    *("PatientName", "PatientID", "IssuerOfPatientID", "AccessionNumber"),
    *("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
}
_TYPES = {"DA": DA, "TM": TM}
_TERMS = {
    "PatientSex": ("M", "F", "O"),
    "PatientIdentityRemoved": ("YES", "NO"),
    "LongitudinalTemporalInformationModified": ("UNMODIFIED", "MODIFIED", "REMOVED"),
    "LossyImageCompression": ("00", "01"),
    "BurnedInAnnotation": ("YES", "NO"),
}
# Of the module Clinical Trial Subject: type 1, then 1C of which one is needed, then 2.
_TRIAL = ("ClinicalTrialSponsorName", "ClinicalTrialProtocolID")
_TRIAL_SUBJECT = ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID")
_TRIAL_EMPTY = ("ClinicalTrialProtocolName", "ClinicalTrialSiteID", "ClinicalTrialSiteName")


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

    Values that DICOM does not allow are left out, but for those by which archives join objects.
    """
    header = Dataset()
    for keyword in _NEEDED:
        setattr(header, keyword, "")
    for keyword, stated in origin.attributes.items():
        text = stated.upper() if keyword in _TERMS else stated
        if keyword in _JOINED_BY or _is_allowed(keyword, text):
            # A backslash in a name would make two of it.
            setattr(header, keyword, PersonName(text) if dictionary_VR(keyword) == "PN" else text)
    if header.get("PatientIdentityRemoved") == "YES" and "DeidentificationMethod" not in header:
        header.DeidentificationMethod = "Not stated in the images"
    _complete_trial(header)
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
    representation, values = dictionary_VR(keyword), text.split("\\")
    if len(values) > 1 and dictionary_VM(keyword) == "1":
        return False
    if keyword in _TERMS:
        return text in _TERMS[keyword]
    if any(ord(letter) < ord(" ") for letter in text):
        return False
    try:
        for value in values:
            validate_value(representation, value, config.RAISE)
            # The form alone allows the 30th of February, and a range.
            _TYPES.get(representation, str)(value)
    except ValueError:
        return False
    return True


def _complete_trial(header: Dataset) -> None:
    """Have the whole module Clinical Trial Subject, or nothing of it (PS3.3, C.7.1.3)."""
    of_trial = (*_TRIAL, *_TRIAL_SUBJECT, *_TRIAL_EMPTY)
    is_whole = all(one in header for one in _TRIAL) and any(one in header for one in _TRIAL_SUBJECT)
    for keyword in of_trial:
        if is_whole and keyword in _TRIAL_EMPTY and keyword not in header:
            setattr(header, keyword, "")
        elif not is_whole and keyword in header:
            delattr(header, keyword)
