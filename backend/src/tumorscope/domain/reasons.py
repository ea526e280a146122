"""Why an answer is what it is: stable codes, each with a sentence for staff and one for a patient."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the decision is what it is.

    Parameters
    ----------
    code : str
        Stable.
    message : str
        A sentence for staff.
    patient_message : str
        A sentence for a patient.
    """

    code: str
    message: str
    patient_message: str


TUMOR_ASSUMED = Reason(
    "tumor_assumed",
    "This model tells kinds of tumour apart. It takes for granted that there is a tumour, and did not look for one.",
    "This program was told that there is a tumour. It did not look for one.",
)
TUMOR_AND_NONE_POSSIBLE = Reason(
    "tumor_and_none_possible",
    "At the stated coverage the prediction set holds both a tumour and no tumour.",
    "The program cannot tell from this picture whether there is a tumour. A doctor has to look.",
)
SEVERAL_KINDS_POSSIBLE = Reason(
    "several_kinds_possible",
    "At the stated coverage the prediction set holds more than one kind of tumour.",
    "The program sees something that may be a tumour, and cannot tell which kind. A doctor has to look.",
)
LOW_CONFIDENCE = Reason(
    "low_confidence",
    "The most probable class is less probable than this operating point asks for.",
    "The program is not sure enough to answer. A doctor has to look.",
)
TUMOR_NOT_EXCLUDED = Reason(
    "tumor_not_excluded",
    "No tumour is more probable than a tumour, but not by as much as this operating point asks for.",
    "The program cannot rule out a tumour. A doctor has to look.",
)
NOT_BRAIN_MRI = Reason(
    "not_brain_mri",
    "To the model's features the picture is unlike any brain MRI that it was made from.",
    "This does not look like an MRI picture of a head. The program cannot say anything about it.",
)
LIKE_CT = Reason(
    "like_ct",
    "A closed rim as bright as bone surrounds darker contents, as on a CT; the model knows MRI only.",
    "This looks like a CT picture. The program was made for MRI pictures and cannot say anything about it.",
)
CONSTANT = Reason(
    "constant",
    "The picture has one grey level, or almost.",
    "This picture is empty. The program cannot say anything about it.",
)
FEW_GREY_LEVELS = Reason(
    "few_grey_levels",
    "The picture is black and white, as text or a drawing is.",
    "This looks like text or a drawing. The program cannot say anything about it.",
)
COLOURED = Reason(
    "coloured",
    "The picture is coloured throughout, as a photograph is.",
    "This looks like a colour photograph. The program cannot say anything about it.",
)
TOO_SMALL = Reason(
    "too_small",
    "The picture has too few pixels to show a head.",
    "This picture is too small. The program cannot say anything about it.",
)
TOO_NARROW = Reason(
    "too_narrow",
    "The picture is a strip, much longer than it is wide.",
    "This picture is only a strip. The program cannot say anything about it.",
)
MOST_SLICES_REFUSED = Reason(
    "most_slices_refused",
    "More than half of the slices that were judged are not recognised as brain MRI.",
    "Most of these pictures do not look like an MRI of a head. The program cannot say anything about them.",
)

EVERY = (
    TUMOR_ASSUMED,
    TUMOR_AND_NONE_POSSIBLE,
    SEVERAL_KINDS_POSSIBLE,
    LOW_CONFIDENCE,
    TUMOR_NOT_EXCLUDED,
    NOT_BRAIN_MRI,
    LIKE_CT,
    CONSTANT,
    FEW_GREY_LEVELS,
    COLOURED,
    TOO_SMALL,
    TOO_NARROW,
    MOST_SLICES_REFUSED,
)
"""All of them, for the documentation and the page."""
