"""An answer in, a bundle of FHIR R4 out."""

import json
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from tests.backend.unit.results.studies import Predicted, make_series, predict
from tumorscope import NOTICE
from tumorscope.domain.errors import NothingToReport
from tumorscope.domain.prediction import Decision
from tumorscope.presentation.fhir import make_bundle


@pytest.fixture(scope="module")
def predicted() -> Predicted:
    return predict(make_series())


def _read(predicted: Predicted) -> dict[str, list[dict[str, Any]]]:
    """The resources by type, as a client gets them; R4B has the same form as R4 for those used here."""
    text = json.dumps(make_bundle(predicted.answer, predicted.result.origin))
    Bundle.model_validate_json(text)
    found: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(text)["entry"]:
        found.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    return found


def test_a_tumour_is_a_preliminary_report_of_presence_kind_and_probabilities(predicted: Predicted) -> None:
    found = _read(predicted)
    (report,) = found["DiagnosticReport"]
    assert report["status"] == "preliminary"
    assert NOTICE in str(report["conclusion"])
    texts = [json.dumps(one) for one in found["Observation"]]
    assert "52101004" in texts[0]
    assert "393564001" in texts[1]
    assert len(texts) == 2 + 1 + len(predicted.answer.probabilities or {})
    probability = predicted.answer.tumor_probability or 0
    quantities = [one["valueQuantity"] for one in found["Observation"][2:]]
    assert quantities[0]["value"] == round(100 * probability, 2)
    assert {one["status"] for one in found["Observation"]} == {"preliminary"}


def test_every_reference_within_the_bundle_is_to_an_entry(predicted: Predicted) -> None:
    bundle = make_bundle(predicted.answer, predicted.result.origin)
    names = {entry["fullUrl"] for entry in bundle["entry"]}
    assert len(names) == len(bundle["entry"])
    resources = [entry["resource"] for entry in bundle["entry"]]
    referred = {one["device"]["reference"] for one in resources if one["resourceType"] == "Observation"}
    referred |= {one["reference"] for one in resources[0]["result"]}
    assert referred < names


def test_study_patient_and_model_are_identified(predicted: Predicted) -> None:
    found = _read(predicted)
    (report,), (device,) = found["DiagnosticReport"], found["Device"]
    (study,) = report["imagingStudy"]
    assert study["type"] == "ImagingStudy"
    assert (study["identifier"]["system"], study["identifier"]["value"]) == ("urn:dicom:uid", "urn:oid:1.2.3")
    assert report["subject"] == {"type": "Patient", "identifier": {"value": "4711"}}
    assert predicted.answer.model.sha256 in json.dumps(device["identifier"])


def test_observations_have_what_the_mapping_of_dicom_sr_asks_for(predicted: Predicted) -> None:
    # Of HL7's profile ImagingQualitativeEvaluation.
    for one in _read(predicted)["Observation"]:
        assert {"subject", "issued", "device", "code"} <= one.keys()
        (study,) = one["partOf"]
        assert study["identifier"]["type"]["coding"][0]["code"] == "110180"
        assert study["identifier"]["system"] == "urn:dicom:uid"


def test_bundle_says_nothing_else_of_the_patient() -> None:
    secret = {
        "PatientBirthDate": "19330303",
        "AccessionNumber": "SECRET1",
        "StudyDescription": "SECRET2",
        "ReferringPhysicianName": "SECRET3",
        "SeriesDescription": "SECRET4",
        "StudyID": "SECRET5",
    }
    stated: dict[str, Any] = {"PatientName": "SECRET^Name", "PatientID": "4711", **secret}
    made = predict(make_series(**stated))
    text = json.dumps(make_bundle(made.answer, made.result.origin))
    assert "4711" in text
    assert "SECRET" not in text
    assert "1933" not in text


def test_other_formats_have_no_study_to_refer_to(predicted: Predicted) -> None:
    bundle = make_bundle(predicted.answer, None)
    Bundle.model_validate(bundle)
    assert "imagingStudy" not in bundle["entry"][0]["resource"]


def test_no_kind_is_stated_where_none_was_decided(predicted: Predicted) -> None:
    found = _read(predicted.decide(Decision.UNCERTAIN))
    assert "393564001" not in json.dumps(found["Observation"])


def test_a_refusal_is_not_reported(predicted: Predicted) -> None:
    with pytest.raises(NothingToReport):
        _read(predicted.decide(Decision.OUT_OF_SCOPE))
