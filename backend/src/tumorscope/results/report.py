"""A prediction in, its structured report out: Comprehensive 3D SR by TID 1500 (DICOM PS3.16), unverified."""

from dataclasses import dataclass

import numpy as np
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    GraphicTypeValues,
    ImageRegion,
    Measurement,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    PlanarROIMeasurementsAndQualitativeEvaluations,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForRegion,
    TextContentItem,
    TrackingIdentifier,
)
from numpy.typing import NDArray
from pydicom.sr.codedict import codes

from tumorscope import MANUFACTURER
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import DicomOrigin, OriginImage
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.preprocessing.spatial import Box
from tumorscope.presentation.answer import PredictionAnswer
from tumorscope.presentation.codes import BRAIN_MRI, NEOPLASM, PROBABILITY, find_kind, find_presence
from tumorscope.presentation.wording import describe_result
from tumorscope.results.identity import Identity
from tumorscope.results.regions import find_evidence_box, find_head
from tumorscope.results.source import CHARACTER_SET, make_header

_NEOPLASM = CodedConcept(NEOPLASM[0], "SCT", NEOPLASM[1])
_PROBABILITY = CodedConcept(PROBABILITY[0], "DCM", PROBABILITY[1])
_BRAIN_MRI = CodedConcept(BRAIN_MRI[0], "LN", BRAIN_MRI[1])
_PERCENT = CodedConcept("%", "UCUM", "Percent")
_COMMENT = CodedConcept("121106", "DCM", "Comment")


@dataclass(frozen=True, slots=True)
class _Finding:
    """What a group of the report says: of which image and place on it, and how probable a tumour is there."""

    image: OriginImage
    box: Box
    kind: CodedConcept
    probability: float | None


def make_report(
    result: StudyPrediction,
    answer: PredictionAnswer,
    origin: DicomOrigin,
    maps: dict[int, NDArray[np.uint8]],
    identity: Identity,
) -> Comprehensive3DSR:
    """Make the report of a study that is in scope.

    Its first group says of the head that was judged whether a tumour is present, and how probable that is; each further
    one of a finding, around the evidence on its highest slice.
    """
    found = _list_findings(result, answer, origin, maps)
    headers = {image: make_header(origin, image) for image in origin.images}
    report = MeasurementReport(
        observation_context=_describe_observer(identity),
        procedure_reported=_BRAIN_MRI,
        imaging_measurements=[_describe(number, one, answer, identity) for number, one in enumerate(found)],
        title=codes.DCM.ImagingMeasurementReport,
        referenced_images=[headers[image] for image in dict.fromkeys(one.image for one in found)],
    )
    report[0].ContentSequence.extend(
        TextContentItem(_COMMENT, sentence, RelationshipTypeValues.CONTAINS) for sentence in describe_result(answer)
    )
    return Comprehensive3DSR(
        evidence=list(headers.values()),
        content=report[0],
        is_complete=True,
        performed_procedure_codes=[_BRAIN_MRI],
        specific_character_set=CHARACTER_SET,
        **identity.describe("report"),
    )


def _list_findings(
    result: StudyPrediction, answer: PredictionAnswer, origin: DicomOrigin, maps: dict[int, NDArray[np.uint8]]
) -> list[_Finding]:
    """The whole head first; then the findings of a study that has a tumour or may have one."""
    head = find_head(result, origin)
    label = answer.label
    whole = _Finding(origin.images[result.shown.index], head, _name_kind(label), answer.tumor_probability)
    if answer.decision is Decision.NO_TUMOR:
        return [whole]
    stated: list[tuple[int, str | None, float | None]]
    stated = [(one.peak, one.label, one.probability) for one in result.findings]
    if not result.is_volume:
        stated = [(result.shown.index, label, answer.tumor_probability)]
    found = [whole]
    for peak, kind, probability in stated:
        box = find_evidence_box(maps[peak]) if peak in maps else None
        # A kind is as sure as the study's decision.
        named = _name_kind(kind if label else None)
        found.append(_Finding(origin.images[peak], box or head, named, probability))
    return found


def _name_kind(label: str | None) -> CodedConcept:
    code, meaning = find_kind(label)
    return CodedConcept(code, "SCT", meaning)


def _describe_observer(identity: Identity) -> ObservationContext:
    model = identity.model
    device = DeviceObserverIdentifyingAttributes(
        uid=identity.make_uid("device"),
        name=MANUFACTURER,
        manufacturer_name=MANUFACTURER,
        model_name=model.name,
        serial_number=model.sha256,
    )
    return ObservationContext(ObserverContext(codes.DCM.Device, device))


def _describe(
    number: int, one: _Finding, answer: PredictionAnswer, identity: Identity
) -> PlanarROIMeasurementsAndQualitativeEvaluations:
    """A group by TID 1410; the first is of the whole head."""
    image, box, model = one.image, one.box, identity.model
    code, meaning = find_presence(answer)
    top, left, bottom, right = box.top, box.left, box.top + box.height, box.left + box.width
    outline = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], np.float64)
    frames = None if image.frame_number is None else [image.frame_number]
    source = SourceImageForRegion(image.sop_class_uid, image.sop_instance_uid, frames)
    parameters = [f"sha256={model.sha256}", f"engine={model.engine}", f"operating_point={model.operating_point}"]
    measured = [] if one.probability is None else [round(100 * one.probability, 2)]
    return PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(
            identity.make_uid("tracking", str(number)), f"Finding {number}" if number else "Whole head"
        ),
        referenced_region=ImageRegion(GraphicTypeValues.POLYLINE, outline, source),
        finding_type=one.kind,
        algorithm_id=AlgorithmIdentification(model.name, model.version, parameters),
        measurements=[Measurement(_PROBABILITY, value, _PERCENT) for value in measured],
        qualitative_evaluations=[QualitativeEvaluation(_NEOPLASM, CodedConcept(code, "SCT", meaning))],
    )
