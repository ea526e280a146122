"""An answer in, the sentences of a report for staff out."""

from tumorscope import NOTICE
from tumorscope.domain.prediction import Decision
from tumorscope.presentation.answer import FindingFigures, PredictionAnswer
from tumorscope.version import VERSION

_NEARLY = 0.999


def describe_result(answer: PredictionAnswer) -> list[str]:
    """Word the decision, its reasons, what was not read, the findings and the notice of a study in scope."""
    findings = [] if answer.decision is Decision.NO_TUMOR else answer.findings
    model = answer.model
    return [
        _describe_decision(answer),
        *(reason.message for reason in answer.reasons),
        *(warning.message for warning in answer.input.warnings),
        *(_describe_finding(number, one, answer.input.slice_count) for number, one in enumerate(findings, 1)),
        f"Tumorscope {VERSION} with model {model.name} {model.version}.",
        NOTICE,
    ]


def name_class(name: str) -> str:
    """Word a class of a model."""
    return name.replace("_", " ")


def _describe_decision(answer: PredictionAnswer) -> str:
    share = answer.tumor_probability
    probability = "" if share is None else f" (probability of a tumour {_word_share(share)})"
    match answer.decision:
        case Decision.TUMOR:
            return f"Prediction: tumour, most probably {name_class(answer.label or 'tumor')}{probability}."
        case Decision.NO_TUMOR:
            return f"Prediction: no tumour{probability}."
        case _:
            return f"Prediction: uncertain{probability}."


def _describe_finding(number: int, finding: FindingFigures, slice_count: int) -> str:
    first, last = finding.slices
    return (
        f"Finding {number}: slices {first + 1} to {last + 1} of {slice_count} ({', '.join(finding.planes)}), "
        f"{finding.extent_mm:.0f} mm, most probably {name_class(finding.label)}; "
        f"probability {_word_share(finding.probability)}."
    )


def _word_share(share: float) -> str:
    """In percent; rounding does not make it certain."""
    if share > _NEARLY:
        return f"above {_NEARLY:.1%}"
    return f"below {1 - _NEARLY:.1%}" if share < 1 - _NEARLY else f"{share:.1%}"
