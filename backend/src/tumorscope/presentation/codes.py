"""The words of a prediction as codes of SNOMED CT, DICOM and LOINC, for reports: a code and its meaning each."""

from tumorscope.domain.prediction import Decision
from tumorscope.domain.reasons import SEVERAL_KINDS_POSSIBLE
from tumorscope.presentation.answer import PredictionAnswer

Code = tuple[str, str]

NEOPLASM: Code = ("108369006", "Neoplasm")
"""SNOMED CT."""

PROBABILITY: Code = ("122157", "Probability")
"""DICOM."""

FINDING: Code = ("121071", "Finding")
"""DICOM."""

BRAIN_MRI: Code = ("24590-2", "MR Brain")
"""LOINC: the procedure that is reported."""

_PRESENT: Code = ("52101004", "Present")
_PRESENCE: dict[Decision, Code] = {
    Decision.TUMOR: _PRESENT,
    Decision.NO_TUMOR: ("272519000", "Absent"),
    Decision.UNCERTAIN: ("373068000", "Undetermined"),
}
# In no context group of DICOM; TID 1410 leaves the finding to any code.
_KINDS: dict[str, Code] = {
    "glioma": ("393564001", "Glioma"),
    "meningioma": ("302820008", "Intracranial meningioma"),
    "pituitary": ("254956000", "Pituitary adenoma"),
}


def find_presence(answer: PredictionAnswer) -> Code:
    """Find the SNOMED CT code of whether there is a tumour, of a study in scope (PS3.16, CID 240).

    A tumour of which only the kind is uncertain is present.
    """
    is_sure = [reason.code for reason in answer.reasons] == [SEVERAL_KINDS_POSSIBLE.code]
    return _PRESENT if is_sure else _PRESENCE[answer.decision]


def find_kind(label: str | None) -> Code:
    """Find the SNOMED CT code of a kind of tumour; that of a neoplasm for other classes, and for none."""
    return _KINDS.get(label or "", NEOPLASM)
