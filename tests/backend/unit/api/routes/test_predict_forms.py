"""POST /predict asked for DICOM objects or FHIR: real files through the processes that read them."""

import email
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest

from tests.backend.unit.results.studies import CLASSIFIER, make_series
from tests.factories import make_dicom_bytes, make_nifti_bytes
from tests.serving import connect, listen
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings

_DICOM = 'multipart/related; type="application/dicom"'
_FHIR = "application/fhir+json"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    app = create_app(Settings(bundle=Path("unread")))
    app.state.components.service.classifier = CLASSIFIER
    with listen(app, lifespan="off") as address, connect(address) as client:
        yield client


def _predict(client: httpx.Client, accept: str, *files: bytes) -> httpx.Response:
    return client.post("/predict", files=[("file", data) for data in files], headers={"Accept": accept})


def test_dicom_objects_come_as_the_parts_of_one_answer(client: httpx.Client) -> None:
    response = _predict(client, _DICOM, *make_series())
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(_DICOM)
    message = email.message_from_bytes(
        f"Content-Type: {response.headers['content-type']}\r\n\r\n".encode() + response.content
    )
    parts = list(message.walk())[1:]
    assert {part.get_content_type() for part in parts} == {"application/dicom"}
    objects = [pydicom.dcmread(BytesIO(bytes(part.get_payload(decode=True)))) for part in parts]
    assert [one.Modality for one in objects] == ["SR", "OT", "OT"]
    assert {(str(one.PatientName), one.StudyInstanceUID) for one in objects} == {("Doe^Jane", "1.2.3")}


def test_fhir_comes_as_a_bundle(client: httpx.Client) -> None:
    response = _predict(client, _FHIR, *make_series())
    assert (response.status_code, response.headers["content-type"]) == (200, _FHIR)
    assert response.json()["resourceType"] == "Bundle"
    assert "4711" in json.dumps(response.json())


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/fhir+json; charset=utf-8", _FHIR),
        ("APPLICATION/FHIR+JSON;q=0.9, */*;q=0.8", _FHIR),
        ("application/json;q=0.2, application/fhir+json;q=0.3", _FHIR),
        ("application/fhir+json;q=0.5, application/json", "application/json"),
        ("application/fhir+json;q=0.5, application/*", "application/json"),
        ("application/fhir+json;q=0", "application/json"),
        ("application/fhir+json;q=odd", _FHIR),
        ("multipart/related", "multipart/related"),
        ("multipart/related; type=application/dicom; transfer-syntax=*, */*;q=0.1", "multipart/related"),
        ('multipart/related; type="application/dicom+json", application/json', "application/json"),
        ('multipart/related; type="application/dicom";q=0.1, application/fhir+json', _FHIR),
    ],
)
def test_form_is_the_one_that_the_client_likes_best(client: httpx.Client, accept: str, form: str) -> None:
    picture = make_dicom_bytes(np.pad(np.full((40, 40), 400, np.uint16), 12))
    response = _predict(client, accept, picture)
    assert (response.status_code, response.headers["content-type"].split(";")[0]) == (200, form)


def test_json_says_nothing_of_the_patient(client: httpx.Client) -> None:
    response = _predict(client, "application/json", *make_series())
    assert response.headers["content-type"] == "application/json"
    assert not {"4711", "Doe"} & set(response.text.replace('"', " ").replace("^", " ").split())


def test_other_formats_have_no_images_to_refer_to(client: httpx.Client) -> None:
    volume = make_nifti_bytes(np.random.default_rng(0).integers(200, 900, (40, 40, 4)).astype(np.uint16))
    response = _predict(client, _DICOM, volume)
    assert (response.status_code, response.json()["code"]) == (422, "no_dicom_origin")
