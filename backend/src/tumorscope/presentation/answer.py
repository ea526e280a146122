"""A prediction in, the contract's answer out: the one presenter of HTTP and command line."""

from base64 import b64encode
from dataclasses import asdict
from typing import Annotated, Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from tumorscope import NOTICE
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import Plane, SequenceName, Slice, StatedPlane
from tumorscope.imaging.formats.raster import encode_png
from tumorscope.inference import heatmap
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.heatmap import METHOD
from tumorscope.inference.pipeline import StepTimes, StudyPrediction
from tumorscope.inference.study import SlicePrediction, rank_slices
from tumorscope.model.manifest import OperatingFigures, OperatingPoint
from tumorscope.preprocessing.brain import scale_scores
from tumorscope.preprocessing.intensity import bring_within_range, scale_to_window

Probability = Annotated[float, Field(ge=0, le=1)]

_SUMMARY_SLICES = 5


class Message(BaseModel):
    """A stable code, a sentence for people, and the values in it."""

    code: str
    message: str
    params: dict[str, str | int | float] = Field(description="The values in `message`, for translations of it.")


class ReasonMessage(Message):
    """Why the decision is what it is; the sentence for staff is `message`."""

    patient_message: str


class Turning(BaseModel):
    """How the source's rows and columns were reoriented for display: swapped, then reversed."""

    transposed: bool
    rows_reversed: bool
    columns_reversed: bool


class Crop(BaseModel):
    """The head, in pixels of the view: the model's input before it is padded to a square."""

    top: int
    left: int
    height: int
    width: int


class Window(BaseModel):
    """Intensities of the source that are shown black and white."""

    lower: float
    upper: float


class View(BaseModel):
    """The slice that is shown; of a volume, the one with the highest tumour probability in the first of `findings`."""

    slice_index: int
    width: int = Field(description="Square pixels, in display orientation.")
    height: int = Field(description="Square pixels.")
    turning: Turning
    crop: Crop
    window: Window | None = Field(description="Null for a model of several sequences, each of which has its own scale.")
    picture_png: str | None = Field(description="Base64, 8-bit grey through the window; null unless requested.")


class JudgedSlices(BaseModel):
    """How many slices were judged, and why others were not."""

    slices: int
    little_brain: int = Field(description="Show too little of the brain.")
    out_of_scope: int


class SeriesDescription(BaseModel):
    """A series of a DICOM upload, or a sequence of the NIfTI volumes of one case."""

    uid: str = Field(
        description="For the parameter `series`; of an object with several frames, its SOP Instance UID; of a volume "
        "of a case, the name of its sequence."
    )
    description: str = Field(description="Of the volumes of a case, the name of the file.")
    sequence: SequenceName | None = Field(description="Null where name and attributes do not tell, or disagree.")
    plane: StatedPlane | None = Field(description="Null where unknown.")
    slice_count: int = Field(description="Different positions.")
    chosen: bool
    why_not: str | None = Field(
        description="Why it was not read: not_requested, a kind of image (diffusion, localizer, ...), covers_less, "
        "sequence, fewer_slices; null for the one that was."
    )


class InputDescription(BaseModel):
    """The study that was read."""

    format: str = Field(examples=["jpeg"])
    sha256: str = Field(description="Hash of the file as sent; of several read, of their sorted hashes, one a line.")
    width: int = Field(description="Pixels; of a volume, of the slice in `view`.")
    height: int = Field(description="Pixels.")
    slice_count: int
    judged: JudgedSlices
    spacing_mm: list[float] | None = Field(description="Between rows and between columns; null where unknown.")
    modality: str | None
    plane: StatedPlane | None = Field(description="Null where unknown.")
    sequence: SequenceName | None = Field(
        description="As the file states it, else of a volume as its slices show it; null where neither tells."
    )
    series: list[SeriesDescription] = Field(
        description="All of a DICOM upload or of the NIfTI volumes of one case, the one that was read first."
    )
    view: View
    warnings: list[Message]


class SliceFigures(BaseModel):
    """The figures of one slice of a volume."""

    index: int
    tumor_probability: Probability | None = Field(description="Null as in the study's answer.")
    probabilities: dict[str, Probability] | None = Field(description="Null for a slice that is out of scope.")


class FindingFigures(BaseModel):
    """A region of consecutive slices with evidence of a tumour."""

    label: str = Field(description="The most probable kind of tumour in it.")
    probability: Probability
    slices: tuple[int, int] = Field(description="The first and the last, as `slices[].index`.")
    planes: list[Plane] = Field(description="The plane of the slices, then others that show it in the same place.")
    extent_mm: float = Field(description="Along the slice axis.")
    centre_mm: tuple[float, float, float] | None = Field(
        description="Towards right, anterior and superior in the scanner's frame; null where unknown."
    )


class SliceExplanation(BaseModel):
    """Where the model saw a class, on one slice."""

    slice_index: int
    width: int
    height: int
    heatmap_png: str = Field(
        description="Base64; 8-bit grey. In the geometry of the source: the rows and columns that the file stores, not "
        "those of `input.view`; `input.view.turning` converts between them."
    )
    by_kind: dict[str, str] = Field(
        description="Such a map of each kind of tumour, by its name; empty unless requested by `explain=kinds`."
    )


class Explanation(SliceExplanation):
    """Where the model looked."""

    method: str
    label: str = Field(description="The class that the map explains: the label, or the most probable kind of tumour.")
    further: list[SliceExplanation] = Field(
        description="Of a volume: slices of the first finding, or without one of all; the next highest first."
    )


class ModelDescription(BaseModel):
    """The model that answered, and the engine that ran it."""

    name: str
    version: str
    sha256: str
    engine: str
    device: str
    operating_point: OperatingPoint | None = Field(description="Null for a model that has none to choose from.")
    operating_figures: OperatingFigures | None = Field(
        description="How often 'tumor' and 'no_tumor' are answered at this operating point, for predictive values at a"
        " site's own prevalence; null where it was not measured."
    )

    @classmethod
    def from_domain(cls, classifier: Classifier) -> Self:
        """Of the served model."""
        manifest = classifier.bundle.manifest
        trust, point = manifest.trust, classifier.operating_point
        return cls(
            name=manifest.name,
            version=manifest.version,
            sha256=classifier.bundle.sha256,
            engine=classifier.engine.name,
            device=classifier.engine.device,
            operating_point=None if trust is None else point,
            operating_figures=None if trust is None else trust.operating_points[point].figures,
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
    prediction_set: list[str] | None = Field(
        description="The classes in the conformal set; null where out of scope, or the model has no such sets."
    )
    reasons: list[ReasonMessage]
    input: InputDescription
    slices: list[SliceFigures]
    findings: list[FindingFigures] = Field(description="Of a volume: what its answer rests on, most evidence first.")
    explanation: Explanation | None
    model: ModelDescription
    timing_ms: Timing
    notice: str = NOTICE


def present(
    result: StudyPrediction,
    classifier: Classifier,
    sha256: str,
    times: StepTimes,
    *,
    every_slice: bool,
    with_picture: bool,
) -> PredictionAnswer:
    """Describe a prediction as the contract does.

    Parameters
    ----------
    result : StudyPrediction
        From `inference.pipeline`.
    classifier : Classifier
        That answered.
    sha256 : str
        Of the files, from `Upload.hash`.
    times : StepTimes
        Of the prediction.
    every_slice : bool
        Whether `slices` holds all slices of a volume that were read, and not only the five highest.
    with_picture : bool
        Whether `input.view` holds the picture of the slice that is shown.
    """
    prediction = result.prediction
    refused = prediction.decision is Decision.OUT_OF_SCOPE
    listed = result.slices if every_slice else rank_slices(result.slices)[:_SUMMARY_SLICES]
    return PredictionAnswer(
        id=str(uuid4()),
        decision=prediction.decision,
        label=prediction.label,
        tumor_probability=None if refused else prediction.tumor_probability,
        probabilities=None if refused else dict(prediction.probabilities),
        prediction_set=None if prediction.prediction_set is None else list(prediction.prediction_set),
        reasons=[ReasonMessage(**asdict(reason)) for reason in prediction.reasons],
        input=_describe_input(result, sha256, with_picture=with_picture),
        slices=[_describe_slice(one) for one in listed] if result.is_volume else [],
        findings=[
            FindingFigures(**{**asdict(finding), "planes": list(finding.planes)})
            for finding in result.findings
            if not refused
        ],
        explanation=None if result.explanation is None else _describe_explanation(result.explanation),
        model=ModelDescription.from_domain(classifier),
        timing_ms=Timing(
            **{step: round(seconds * 1000, 3) for step, seconds in times.seconds.items()},
            total=round(times.total_s * 1000, 3),
        ),
    )


def draw_view(scan: Slice, window: tuple[float, float] | None) -> NDArray[np.uint8]:
    """Draw the whole slice in 8-bit grey with the model's intensity window.

    Parameters
    ----------
    scan : Slice
        Of any size.
    window : (float, float), optional
        Intensities that become black and white; None for a slice of several sequences, whose first is drawn.
    """
    if window is None:
        scaled = scale_scores(scan.pixels)[:, :, 0]
    else:
        scaled = scale_to_window(bring_within_range(scan.pixels), window)
    scaled *= 255
    drawn: NDArray[np.uint8] = np.rint(scaled, out=scaled).astype(np.uint8)
    return drawn


def _describe_input(result: StudyPrediction, sha256: str, *, with_picture: bool) -> InputDescription:
    scan, shown = result.shown_scan, result.shown
    refused = sum(one.prediction.decision is Decision.OUT_OF_SCOPE for one in result.slices)
    view = View(
        slice_index=shown.index,
        width=scan.width,
        height=scan.height,
        turning=Turning(**asdict(scan.reorientation)),
        crop=Crop(**asdict(shown.geometry.crop)),
        window=None if shown.window is None else Window(lower=shown.window[0], upper=shown.window[1]),
        picture_png=b64encode(encode_png(draw_view(scan, shown.window))).decode() if with_picture else None,
    )
    return InputDescription(
        format=scan.source_format,
        sha256=sha256,
        width=scan.width,
        height=scan.height,
        slice_count=result.slice_count,
        judged=JudgedSlices(
            slices=len(result.slices) - refused,
            little_brain=result.slice_count - len(result.slices),
            out_of_scope=refused,
        ),
        spacing_mm=None if scan.spacing_mm is None else list(scan.spacing_mm),
        modality=scan.modality,
        plane=scan.plane,
        sequence=result.sequence,
        series=[SeriesDescription(**asdict(one), chosen=one.why_not is None) for one in result.series],
        view=view,
        warnings=[Message(**asdict(warning)) for warning in result.warnings],
    )


def _describe_slice(one: SlicePrediction) -> SliceFigures:
    answer = one.prediction
    if answer.decision is Decision.OUT_OF_SCOPE:
        return SliceFigures(index=one.index, tumor_probability=None, probabilities=None)
    return SliceFigures(
        index=one.index, tumor_probability=answer.tumor_probability, probabilities=dict(answer.probabilities)
    )


def _describe_explanation(explanation: heatmap.Explanation) -> Explanation:
    first, *others = [
        SliceExplanation(
            slice_index=drawn.slice_index,
            width=drawn.pixels.shape[1],
            height=drawn.pixels.shape[0],
            heatmap_png=b64encode(encode_png(drawn.pixels)).decode(),
            by_kind={kind: b64encode(encode_png(pixels)).decode() for kind, pixels in drawn.by_kind.items()},
        )
        for drawn in explanation.heatmaps
    ]
    return Explanation(method=METHOD, label=explanation.label, further=others, **first.model_dump())
