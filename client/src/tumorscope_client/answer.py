"""The form of an answer, and of a problem, as `/openapi.json` describes them."""

from typing import Any, Literal, TypedDict


class Message(TypedDict):
    """A reason or a warning: a stable code, a sentence, and what the sentence holds."""

    code: str
    message: str
    params: dict[str, Any]


class SliceFigures(TypedDict):
    """Probabilities of a slice; None where it is out of scope."""

    index: int
    tumor_probability: float | None
    probabilities: dict[str, float] | None


class Finding(TypedDict):
    """A region of a volume that shows evidence of a tumour; `centre_mm` is to the right, to the front and upwards."""

    label: str
    probability: float
    slices: list[int]
    planes: list[str]
    extent_mm: float
    centre_mm: list[float] | None


class Model(TypedDict):
    """What answered."""

    name: str
    version: str
    sha256: str
    engine: str
    device: str
    operating_point: str | None
    operating_figures: dict[str, Any] | None


class Answer(TypedDict):
    """A prediction, never a diagnosis; probabilities are None where the study is out of scope."""

    id: str
    decision: Literal["tumor", "no_tumor", "uncertain", "out_of_scope"]
    label: str | None
    tumor_probability: float | None
    probabilities: dict[str, float] | None
    prediction_set: list[str] | None
    reasons: list[Message]
    input: dict[str, Any]
    slices: list[SliceFigures]
    findings: list[Finding]
    explanation: dict[str, Any] | None
    model: Model
    timing_ms: dict[str, float]
    notice: str


class Problem(Exception):
    """The service refused, or failed (RFC 9457).

    Parameters
    ----------
    status : int
        Of HTTP.
    code : str
        Stable, for programs: ``unsupported_format``, ``overloaded``, …
    detail : str
        For people.
    request_id : str
        As in the service's log.
    retry_after : str
        The header, where the service sent it.
    """

    def __init__(self, status: int, code: str, detail: str, request_id: str = "", retry_after: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after
