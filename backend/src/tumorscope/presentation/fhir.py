"""An answer in, the same in HL7 FHIR R4 out: a bundle of a preliminary report, its observations and the device."""

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from tumorscope import NOTICE
from tumorscope.domain.errors import NothingToReport
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import DicomOrigin
from tumorscope.presentation.answer import PredictionAnswer
from tumorscope.presentation.codes import BRAIN_MRI, FINDING, NEOPLASM, PROBABILITY, Code, find_kind, find_presence
from tumorscope.presentation.wording import describe_result, name_class
from tumorscope.version import VERSION

MEDIA_TYPE = "application/fhir+json"

_SNOMED, _LOINC, _DICOM = "http://snomed.info/sct", "http://loinc.org", "http://dicom.nema.org/resources/ontology/DCM"
_STUDY_UID: Code = ("110180", "Study Instance UID")
_PERCENT = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
_IMAGING = "http://terminology.hl7.org/CodeSystem/observation-category"
_RADIOLOGY = "http://terminology.hl7.org/CodeSystem/v2-0074"


def make_bundle(answer: PredictionAnswer, origin: DicomOrigin | None) -> dict[str, Any]:
    """Make a bundle of the type ``collection``, whose entries refer to each other.

    Study and patient are referred to by identifier, as far as the files that were read state them.

    Raises
    ------
    NothingToReport
        The study is out of scope.
    """
    if answer.decision is Decision.OUT_OF_SCOPE:
        raise NothingToReport("The study is out of scope; no report is made of a refusal.")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    common = _refer_to_source(origin)
    device = _entry(answer, _describe_device(answer))
    observations = [_entry(answer, one) for one in _observe(answer, common, device["fullUrl"], now)]
    report: dict[str, Any] = {
        "resourceType": "DiagnosticReport",
        "status": "preliminary",
        "category": [{"coding": [{"system": _RADIOLOGY, "code": "RAD", "display": "Radiology"}]}],
        "code": _concept(_LOINC, BRAIN_MRI),
        **{name: value for name, value in common.items() if name == "subject"},
        "issued": now,
        "performer": [{"display": f"Tumorscope {VERSION}"}],
        "result": [{"reference": one["fullUrl"]} for one in observations],
        "conclusion": " ".join(describe_result(answer)),
    }
    if "derivedFrom" in common:
        report["imagingStudy"] = common["derivedFrom"]
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": now,
        "entry": [_entry(answer, report), *observations, device],
    }


def _entry(answer: PredictionAnswer, resource: dict[str, Any]) -> dict[str, Any]:
    """An entry whose name follows from the answer and what it says."""
    name = f"{answer.id}/{resource['resourceType']}/{resource.get('code')}"
    return {"fullUrl": uuid5(NAMESPACE_URL, name).urn, "resource": resource}


def _refer_to_source(origin: DicomOrigin | None) -> dict[str, Any]:
    """The study, and the patient by the number that its files state; nothing of other formats."""
    if origin is None:
        return {}
    study = {
        "type": _concept(_DICOM, _STUDY_UID),
        "system": "urn:dicom:uid",
        "value": f"urn:oid:{origin.attributes['StudyInstanceUID']}",
    }
    reference = [{"type": "ImagingStudy", "identifier": study}]
    # HL7's mapping of DICOM SR has the first; viewers look for what an observation was made from in the second.
    common: dict[str, Any] = {"partOf": reference, "derivedFrom": reference}
    patient = origin.attributes.get("PatientID")
    return {**common, "subject": {"type": "Patient", "identifier": {"value": patient}}} if patient else common


def _describe_device(answer: PredictionAnswer) -> dict[str, Any]:
    model = answer.model
    return {
        "resourceType": "Device",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": f"urn:sha256:{model.sha256}"}],
        "manufacturer": "Tumorscope",
        "deviceName": [{"name": "Tumorscope", "type": "manufacturer-name"}, {"name": model.name, "type": "model-name"}],
        "version": [
            {"type": {"text": "software"}, "value": VERSION},
            {"type": {"text": "model"}, "value": model.version},
        ],
        "note": [{"text": NOTICE}],
    }


def _observe(answer: PredictionAnswer, common: dict[str, Any], device: str, now: str) -> list[dict[str, Any]]:
    """Presence; the kind of a tumour that was decided; the calibrated probability of a tumour and of each class."""
    said = [(_concept(_SNOMED, NEOPLASM), _value(_concept(_SNOMED, find_presence(answer))))]
    if answer.label is not None:
        kind = _concept(_SNOMED, find_kind(answer.label)) | {"text": name_class(answer.label)}
        said.append((_concept(_DICOM, FINDING), _value(kind)))
    shares = {} if answer.tumor_probability is None else {"a tumour": answer.tumor_probability}
    shares |= {name_class(name): share for name, share in (answer.probabilities or {}).items()}
    said += [
        (
            _concept(_DICOM, PROBABILITY) | {"text": f"Probability of {name}"},
            {"valueQuantity": {"value": round(100 * share, 2), **_PERCENT}},
        )
        for name, share in shares.items()
    ]
    return [
        {
            "resourceType": "Observation",
            "status": "preliminary",
            "category": [{"coding": [{"system": _IMAGING, "code": "imaging", "display": "Imaging"}]}],
            "code": code,
            **common,
            "issued": now,
            **value,
            "device": {"reference": device},
        }
        for code, value in said
    ]


def _concept(system: str, code: Code) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code[0], "display": code[1]}]}


def _value(concept: dict[str, Any]) -> dict[str, Any]:
    return {"valueCodeableConcept": concept}
