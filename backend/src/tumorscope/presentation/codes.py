"""The words of a prediction as codes of SNOMED CT, DICOM and LOINC, for reports: a code and its meaning each."""

from tumorscope.domain.prediction import Decision

Code = tuple[str, str]

NEOPLASM: Code = ("108369006", "Neoplasm")
"""SNOMED CT."""

PRESENCE: dict[Decision, Code] = {
    Decision.TUMOR: ("52101004", "Present"),
    Decision.NO_TUMOR: ("272519000", "Absent"),
    Decision.UNCERTAIN: ("82334004", "Indeterminate"),
}
"""SNOMED CT, of each decision that is reported (PS3.16, CID 240 and CID 4220)."""

PROBABILITY: Code = ("122157", "Probability")
"""DICOM."""

FINDING: Code = ("121071", "Finding")
"""DICOM."""

BRAIN_MRI: Code = ("24590-2", "MR Brain")
"""LOINC: the procedure that is reported."""

_KINDS: dict[str, Code] = {
    "glioma": ("393564001", "Glioma"),
    "meningioma": ("302820008", "Intracranial meningioma"),
    "pituitary": ("254956000", "Pituitary adenoma"),
}


def find_kind(label: str | None) -> Code:
    """Find the SNOMED CT code of a kind of tumour; that of a neoplasm for other classes, and for none."""
    return _KINDS.get(label or "", NEOPLASM)
