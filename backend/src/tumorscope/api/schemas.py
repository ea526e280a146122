"""The answers of the contract, and how they are made of domain types."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field

from tumorscope import NOTICE
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import Slice
from tumorscope.inference.classifier import Classification, Classifier

Probability = Annotated[float, Field(ge=0, le=1)]


class Message(BaseModel):
    """A stable code and a sentence for people."""

    code: str
    message: str


class InputDescription(BaseModel):
    """What was read."""

    format: str = Field(examples=["jpeg"])
    sha256: str = Field(description="Of the file as it was sent.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    slice_count: int
    spacing_mm: list[float] | None = Field(description="Between rows and between columns; null where unknown.")
    modality: str | None
    warnings: list[Message]

    @classmethod
    def from_domain(cls, scan: Slice, sha256: str) -> Self:
        """Of one slice."""
        return cls(
            format=scan.source_format,
            sha256=sha256,
            width=scan.width,
            height=scan.height,
            slice_count=1,
            spacing_mm=None if scan.spacing_mm is None else list(scan.spacing_mm),
            modality=scan.modality,
            warnings=[Message(code=warning.code, message=warning.message) for warning in scan.warnings],
        )


class SlicePrediction(BaseModel):
    """The figures of one slice of a volume."""

    index: int
    tumor_probability: Probability | None
    probabilities: dict[str, Probability]


class Explanation(BaseModel):
    """Where the model looked."""

    method: str
    label: str
    slice_index: int
    width: int
    height: int
    heatmap_png: str = Field(description="Base64; 8-bit grey, same geometry as the source slice.")


class ModelDescription(BaseModel):
    """Which model answered, and on what."""

    name: str
    version: str
    sha256: str
    engine: str
    device: str

    @classmethod
    def from_domain(cls, classifier: Classifier) -> Self:
        """Of the served model."""
        manifest = classifier.bundle.manifest
        return cls(
            name=manifest.name,
            version=manifest.version,
            sha256=classifier.bundle.sha256,
            engine=classifier.engine.name,
            device=classifier.engine.device,
        )


class Timing(BaseModel):
    """Milliseconds of each step; `total` counts from when the upload was complete."""

    decode: float
    preprocess: float
    inference: float
    explain: float
    total: float


class PredictionAnswer(BaseModel):
    """The answer of POST /predict."""

    id: str
    decision: Decision
    label: str | None = Field(description="Null unless the decision is 'tumor'.")
    tumor_probability: Probability | None = Field(
        description="Null where out of scope, or the model has no 'no_tumor'."
    )
    probabilities: dict[str, Probability] | None = Field(description="One entry a class of the served model.")
    prediction_set: list[str] | None
    reasons: list[Message]
    input: InputDescription
    slices: list[SlicePrediction]
    explanation: Explanation | None
    model: ModelDescription
    timing_ms: Timing
    notice: str = NOTICE

    @classmethod
    def from_domain(
        cls, answer_id: str, source: InputDescription, result: Classification, classifier: Classifier, timing: Timing
    ) -> Self:
        """Of one slice's classification."""
        prediction = result.prediction
        return cls(
            id=answer_id,
            decision=prediction.decision,
            label=prediction.label,
            tumor_probability=prediction.tumor_probability,
            probabilities=dict(prediction.probabilities),
            prediction_set=None,
            reasons=[Message(code=reason.code, message=reason.message) for reason in prediction.reasons],
            input=source,
            slices=[],
            explanation=None,
            model=ModelDescription.from_domain(classifier),
            timing_ms=timing,
        )


class Health(BaseModel):
    """The answer of GET /health."""

    status: Literal["ready", "starting", "draining", "failed"]
    model: ModelDescription | None = Field(description="Null until a model is loaded and checked.")
    uptime_s: float
    queue_depth: int = Field(description="Requests that wait for the model or are being answered by it.")
    notice: str = NOTICE


class ModelCard(BaseModel):
    """The answer of GET /model: the manifest of the served bundle."""

    sha256: str
    manifest: dict[str, Any]
    notice: str = NOTICE


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    request_id: str
