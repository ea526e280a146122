"""Why an answer is what it is: stable codes, each with a sentence for staff and one for a patient."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tumorscope.domain.scan import SEQUENCE_NAMES, SequenceName


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the decision is what it is: a stable code, sentences for staff and for a patient, the values in the first."""

    code: str
    message: str
    patient_message: str
    params: Mapping[str, str | int | float] = field(default_factory=dict, hash=False)


TUMOR_ASSUMED = Reason(
    "tumor_assumed",
    "This model tells kinds of tumour apart. It assumes that there is a tumour, and did not look for one.",
    "This program was told that there is a tumour. It did not look for one.",
)
TUMOR_AND_NONE_POSSIBLE = Reason(
    "tumor_and_none_possible",
    'The prediction set contains "no tumour" as well as at least one kind of tumour.',
    "The program cannot tell from this picture whether there is a tumour. A doctor has to look.",
)
SEVERAL_KINDS_POSSIBLE = Reason(
    "several_kinds_possible",
    "The prediction set contains more than one kind of tumour.",
    "The program sees something that may be a tumour, and cannot tell which kind. A doctor has to look.",
)
LOW_CONFIDENCE = Reason(
    "low_confidence",
    "The most probable class is not probable enough to be given as the answer.",
    "The program is not sure enough to answer. A doctor has to look.",
)
TUMOR_NOT_EXCLUDED = Reason(
    "tumor_not_excluded",
    'The most probable class is "no tumour", but the probability of a tumour is too high to rule one out.',
    "The program cannot rule out a tumour. A doctor has to look.",
)
_NOT_EXCLUDED_HERE = "This kind of picture is not enough for the program to rule out a tumour. A doctor has to look."
KIND_CANNOT_EXCLUDE = Reason(
    "kind_cannot_exclude",
    "The model was not trained on images of this kind: it cannot rule out a tumour on them.",
    _NOT_EXCLUDED_HERE,
)
NOT_BRAIN_MRI = Reason(
    "not_brain_mri",
    "The picture does not resemble the brain MRI that the model was trained on.",
    "This does not look like an MRI picture of a head. The program cannot say anything about it.",
)
LIKE_CT = Reason(
    "like_ct",
    "The picture resembles a CT: a closed bright rim, like bone, surrounds darker contents. The model reads MRI only.",
    "This looks like a CT picture. The program was made for MRI pictures and cannot say anything about it.",
)
CONSTANT = Reason(
    "constant",
    "The picture is blank: nearly all of it has the same grey level.",
    "This picture is empty. The program cannot say anything about it.",
)
FEW_GREY_LEVELS = Reason(
    "few_grey_levels",
    "The picture is nearly all black and white, like text or a drawing.",
    "This looks like text or a drawing. The program cannot say anything about it.",
)
COLOURED = Reason(
    "coloured",
    "The picture is in colour throughout, like a photograph.",
    "This looks like a colour photograph. The program cannot say anything about it.",
)
TOO_SMALL = Reason(
    "too_small",
    "The picture is too small to show a head.",
    "This picture is too small. The program cannot say anything about it.",
)
TOO_NARROW = Reason(
    "too_narrow",
    "The picture is a narrow strip and cannot show a whole head.",
    "This picture is only a strip. The program cannot say anything about it.",
)
TILED_IMAGE = Reason(
    "tiled_image",
    "The picture shows several slices side by side. Send each slice as a picture of its own, or the series itself.",
    "This shows many pictures side by side. The program can only read one at a time.",
)
MOST_SLICES_REFUSED = Reason(
    "most_slices_refused",
    "More than half of the slices that were read are not recognised as brain MRI.",
    "Most of these pictures do not look like an MRI of a head. The program cannot say anything about them.",
)


def sequence_cannot_exclude(sequence: SequenceName, able: Sequence[SequenceName]) -> Reason:
    """A tumour would show too little in this sequence.

    Parameters
    ----------
    sequence : SequenceName
        Of the study.
    able : sequence of SequenceName
        In which the same probability would be low enough; at least one.
    """
    names = " or ".join(SEQUENCE_NAMES[name] for name in able)
    return Reason(
        "sequence_cannot_exclude",
        f"The model overlooks more tumours on {SEQUENCE_NAMES[sequence]}: at this probability it cannot rule one out. "
        f"It could on {names}.",
        _NOT_EXCLUDED_HERE,
        {"sequence": sequence, "able": ",".join(able)},
    )
