"""The service answers generated requests, valid and invalid, as its OpenAPI document states."""

import json
from collections import defaultdict
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.imaging.phantom import draw_phantom

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
_CONFIG = SchemathesisConfig.from_dict(
    {"generation": {"mode": "all", "max-examples": 30, "deterministic": True, "database": "none"}}
)
_SERVED = {"name": "tiny", "version": "0.0.1"}
_PHANTOM = draw_phantom(1, True, 64)
_SCANS = [
    make_phantom_file("PNG", size=64),
    make_phantom_file("JPEG", size=64),
    make_dicom_bytes(_PHANTOM),
    make_nifti_bytes(_PHANTOM[:, :, None].repeat(3, axis=2)),
]
_OF_SCANS = ("/predict", "/volume")
_PIXELS = {"name": "pixels", "shape": [1, 32, 32, 3], "datatype": "FP32", "data": [0.5] * 3072}
_statuses: defaultdict[str, set[int]] = defaultdict(set)


def _read_document() -> dict[str, Any]:
    """As it is served, and which model there is: nobody guesses its name."""
    document = create_app(Settings()).openapi()
    for operations in document["paths"].values():
        for parameter in [one for operation in operations.values() for one in operation.get("parameters", [])]:
            if parameter["in"] == "path":
                parameter["schema"]["enum"] = [_SERVED[parameter["name"]]]
    return document


schema = schemathesis.openapi.from_dict(_read_document(), config=_CONFIG)


@schemathesis.serializer("application/dicom", "application/gzip", "application/zip")
def send_bytes(_context: object, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@schema.hook
def flatmap_body(context: Any, body: Any) -> st.SearchStrategy[Any]:
    """Now and then one that can be answered."""
    return st.just(body) | (_draw_scans(body) if context.operation.path in _OF_SCANS else _draw_pixels(body))


@schema.hook
def flatmap_headers(_context: object, headers: dict[str, Any] | None) -> st.SearchStrategy[Any]:
    """Now and then none: hardly any body has the length that a generated header says."""
    return st.sampled_from([headers, {}])


def _draw_scans(body: object) -> st.SearchStrategy[Any]:
    scans = st.sampled_from(_SCANS)
    return st.fixed_dictionaries({"file": st.lists(scans, min_size=1, max_size=2)}) if isinstance(body, dict) else scans


def _draw_pixels(body: object) -> st.SearchStrategy[Any]:
    request = {"inputs": [_PIXELS]}
    return st.just(request if isinstance(body, dict) else json.dumps(request).encode())


def _define_test(path: str, method: str) -> Any:
    @schema.include(path=path, method=method.upper()).parametrize()
    def test(case: Any, tiny_address: str) -> None:
        response = case.call(base_url=f"http://{tiny_address}")
        _statuses[case.operation.label].add(response.status_code)
        case.validate_response(response, checks=_CHECKS)

    return test


# A test for each operation: those of one parametrised test share their id, and pytest-xdist runs one of such tests.
_operations = [(path, method) for path, methods in _read_document()["paths"].items() for method in methods]
for _path, _method in _operations:
    globals()[f"test_{_method}_{_path.strip('/')}_answers_what_the_document_says"] = _define_test(_path, _method)


def test_requests_were_answered_and_refused() -> None:
    """What was generated is not so far off that nothing behind the first check was reached."""
    assert len(_statuses) == len(_operations)
    assert _statuses["POST /predict"] >= {200, 400, 415, 422}
    assert _statuses["POST /volume"] >= {200, 400, 415, 422}
    assert _statuses["POST /v2/models/{name}/infer"] >= {200, 404, 422}
    assert _statuses["POST /v2/models/{name}/versions/{version}/infer"] >= {200, 404, 422}
    assert all(200 in statuses for statuses in _statuses.values())
