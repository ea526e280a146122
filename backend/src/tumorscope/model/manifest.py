"""What a model bundle says of itself, checked when it is read."""

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.domain.scan import SequenceName
from tumorscope.preprocessing.pipeline import Intensity, PreprocessingParameters

Probability = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# A plain name inside the bundle: a manifest must not reach out of its own folder.
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_][a-z0-9_.-]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputManifest(_Strict):
    """What the network takes; pixels are float32 in 0..1, axes (height, width, channels)."""

    size: int = Field(ge=32, le=1024, multiple_of=32)
    channels: Literal[3] = 3
    channel_names: list[str] | None = Field(default=None, description="Sequences; null: a grey slice fills all three.")


class PreprocessingManifest(_Strict):
    """The parameters of `preprocessing.pipeline`, but for the size, which is the input's."""

    lower_percentile: float = Field(ge=0, lt=50)
    upper_percentile: float = Field(gt=50, le=100)
    head_margin: float = Field(ge=0, le=0.5)
    intensity: Intensity = "percentiles"


class PoolingManifest(_Strict):
    """How the figures of a volume's slices become the study's; see `inference.classifier.pool_slices`."""

    reach: float = Field(
        default=0.1, ge=0, le=1, description="Share of the slices that reach the study's tumour probability."
    )


OperatingPoint = Literal["screening", "balanced"]
"""What errors weigh: a tumour that is overlooked most, or both kinds alike."""


class AnswerShares(_Strict):
    """How often an answer is given."""

    with_tumor: Probability = Field(description="Share of the slices with a tumour that get this answer.")
    without_tumor: Probability = Field(description="Share of the slices without a tumour that get this answer.")


class OperatingFigures(_Strict):
    """How often each answer is given to held-out patients, for predictive values by prevalence."""

    tumor: AnswerShares
    no_tumor: AnswerShares


class OperatingPointManifest(_Strict):
    """One choice between tumours overlooked and false alarms; see `domain.prediction.DecisionRule`."""

    tumor_threshold: Probability
    min_confidence: Probability
    description: str
    figures: OperatingFigures | None = None


class ScopeManifest(_Strict):
    """The limits of the out-of-distribution score; see `inference.scope`."""

    picture_limit: float = Field(gt=0, description="For an image file, which states no modality.")
    mr_limit: float = Field(
        gt=0, description="Of a slice whose file says that it comes from an MR scanner, and of NIfTI."
    )


class StudyLimits(_Strict):
    """One operating point for whole studies; see `domain.prediction.DecisionRule`."""

    tumor_threshold: Probability
    min_confidence: Probability


class StudyReading(_Strict):
    """One reading of a whole study, that a model of studies was fitted on."""

    person: str
    source: str
    sequence: SequenceName | None = None
    has_tumor: bool
    evidence: float


class SequenceStudyManifest(_Strict):
    """The regression and the limit of studies in one sequence."""

    intercept: float
    slope: float = Field(ge=0)
    tumor_kept_from: Probability = Field(description="As `kept_from.tumor`, and at most that.")


class StudyManifest(_Strict):
    """The logistic regression that gives a study's tumour probability, and limits of its own."""

    intercept: float
    slope: float = Field(ge=0, description="Of the evidence; see `inference.findings.measure_evidence`.")
    kept_from: dict[str, Probability] = Field(description="As of slices.")
    kinds_kept_from: Probability = Field(description="As of slices.")
    operating_points: dict[OperatingPoint, StudyLimits]
    by_sequence: dict[SequenceName, SequenceStudyManifest] = Field(
        default_factory=dict, description="For studies whose sequence is stated or recognised; of others all together."
    )
    readings: list[StudyReading] = Field(description="That it was fitted on, for a fit without some of the people.")
    figures: dict[str, Any] = Field(description="Cross-validated over people.")

    @model_validator(mode="after")
    def _check_complete(self) -> Self:
        complete = set(self.kept_from) == {TUMOR_OF_UNSTATED_KIND, NO_TUMOR}
        if not complete or len(self.operating_points) != len(get_args(OperatingPoint)):
            raise ValueError("trust.study lacks a limit")
        return self


class TrustManifest(_Strict):
    """What `tumorscope calibrate` fitted on held-out patients."""

    coverage: Probability = Field(description="That the prediction sets were fitted for.")
    kept_from: dict[str, Probability] = Field(
        description="From which probability on `no_tumor`, and a `tumor` of any kind, is in the set."
    )
    kinds_kept_from: Probability = Field(description="Likewise a kind's share of the tumour probability.")
    operating_points: dict[OperatingPoint, OperatingPointManifest]
    scope: ScopeManifest
    tumor_sequences: list[SequenceName] | None = Field(
        default=None, description="In which tumours were learned, but for a few; null where that is not known."
    )
    figures: dict[str, Any] = Field(description="Measured on patients other than those it was fitted on, in turn.")
    study: StudyManifest | None = Field(
        default=None, description="Null: a volume's figure is the quantile that `pooling` states."
    )


class Int8Manifest(_Strict):
    """What `tumorscope export` measured of the int8 form, beside the float32 network on held-out slices."""

    calibration_slices: int = Field(gt=0, description="Training slices that its scales were found on.")
    slices: int = Field(gt=0, description="Held-out slices that both forms answered.")
    different_decisions: Probability = Field(description="Share of the slices that are decided otherwise.")
    mean_tumor_probability_difference: Probability
    accuracy_float32: Probability
    accuracy_int8: Probability


class DataManifest(_Strict):
    """One collection that the model was trained on."""

    name: str
    license: str
    used_for: str


class GoldenManifest(_Strict):
    """A golden slice, and the model's answer when the bundle was written."""

    file: FileName
    probabilities: dict[str, Probability]


class Manifest(_Strict):
    """Everything that gives the weights their meaning."""

    format_version: Literal[1] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    architecture: Literal["vgg16"] = "vgg16"
    class_names: list[str] = Field(min_length=2)
    input: InputManifest
    preprocessing: PreprocessingManifest
    temperature: float = Field(gt=0)
    uniform_weight: float = Field(default=0.0, ge=0, lt=1)
    tumor_threshold: Probability
    pooling: PoolingManifest = PoolingManifest()
    trust: TrustManifest | None = None
    int8: Int8Manifest | None = None
    intended_use: str
    limits: list[str]
    license: str
    data: list[DataManifest]
    training: dict[str, Any]
    metrics: dict[str, Any]
    golden_tolerance: float = Field(gt=0, le=0.1)
    golden: list[GoldenManifest]
    files: dict[FileName, Sha256]

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if len(set(self.class_names)) != len(self.class_names):
            raise ValueError("class_names has a name twice")
        for golden in self.golden:
            if set(golden.probabilities) != set(self.class_names):
                raise ValueError(f"the golden answer of {golden.file} is not of this model's classes")
        if self.trust is not None and set(self.trust.kept_from) != {TUMOR_OF_UNSTATED_KIND, NO_TUMOR}:
            raise ValueError("trust.kept_from is not of tumour and none")
        if self.trust is not None and len(self.trust.operating_points) != len(get_args(OperatingPoint)):
            raise ValueError("trust.operating_points lacks one")
        return self

    @model_validator(mode="after")
    def _check_preprocessing(self) -> Self:
        # Raises where its parts do not fit each other.
        _ = self.preprocessing_parameters
        return self

    @property
    def preprocessing_parameters(self) -> PreprocessingParameters:
        """As `preprocessing.pipeline` takes them."""
        steps, names = self.preprocessing, self.input.channel_names
        return PreprocessingParameters(
            self.input.size,
            (steps.lower_percentile, steps.upper_percentile),
            steps.head_margin,
            steps.intensity,
            None if names is None else tuple(names),
        )
