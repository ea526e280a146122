"""The committed OpenAPI document, from which the page's types are generated, is that of the service."""

import json
from pathlib import Path

import pytest

from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings

_COMMITTED = Path(__file__).parents[3] / "backend" / "openapi.json"


def test_committed_document_is_current() -> None:
    assert json.loads(_COMMITTED.read_text()) == create_app(Settings()).openapi(), "run `make openapi`"


@pytest.mark.parametrize("path", ["/predict", "/volume"])
def test_every_error_of_an_upload_is_a_problem(path: str) -> None:
    responses = create_app(Settings()).openapi()["paths"][path]["post"]["responses"]
    assert {"400", "413", "415", "422", "500", "503"} <= set(responses)
    for status, response in responses.items():
        if status != "200":
            assert set(response["content"]) == {"application/problem+json"}
