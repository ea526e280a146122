"""Every error of the domain has the contract's status, or its nearest ancestor's."""

import inspect

import pytest

from tumorscope.api.http.errors import describe_problem, find_status
from tumorscope.domain import errors

_CLASSES = [
    value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, errors.TumorscopeError)
]
# From the contract.
_STATUS = {
    "no_file": 400,
    "mixed_study": 400,
    "not_one_examination": 400,
    "unknown_model": 404,
    "upload_too_slow": 408,
    "upload_too_large": 413,
    "image_too_large": 413,
    "too_many_slices": 413,
    "too_many_files": 413,
    "expands_too_much": 413,
    "unsupported_format": 415,
    "corrupt_file": 422,
    "not_an_mr_image": 422,
    "not_an_anatomical_image": 422,
    "tiled_image": 422,
    "not_a_brain": 422,
    "unknown_series": 422,
    "no_pixel_data": 422,
    "missing_modality": 422,
    "nothing_to_report": 422,
    "no_dicom_origin": 422,
    "took_too_long": 422,
    "invalid_request": 422,
    "missing_api_key": 401,
    "wrong_api_key": 403,
    "forbidden_origin": 403,
    "unknown_host": 421,
    "rate_limited": 429,
    "not_ready": 503,
    "overloaded": 503,
    "internal": 500,
}


def _make(error: type[errors.TumorscopeError]) -> errors.TumorscopeError:
    if issubclass(error, errors.PeerError):
        return error("message", error.code)
    return error("message", 1) if issubclass(error, errors.ServiceError) else error("message")


@pytest.mark.parametrize("error", _CLASSES)
def test_every_error_has_the_contracts_status(error: type[errors.TumorscopeError]) -> None:
    expected = 503 if error is errors.ServiceError else _STATUS[error.code]
    assert find_status(_make(error)) == expected


def test_every_code_of_the_contract_has_an_error() -> None:
    assert {error.code for error in _CLASSES} == set(_STATUS)


def test_error_without_a_status_has_that_of_its_ancestor() -> None:
    class OddScan(errors.CorruptFile):
        """Not in the table."""

    class OddModel(errors.ModelError):
        """Not in the table."""

    assert find_status(OddScan("message")) == 422
    assert find_status(OddModel("message")) == 500


def test_problem_has_the_members_of_rfc_9457() -> None:
    problem = describe_problem(415, "unsupported_format", "detail", "id-1").model_dump()
    assert problem == {
        "type": "about:blank",
        "title": "Unsupported Media Type",
        "status": 415,
        "code": "unsupported_format",
        "detail": "detail",
        "request_id": "id-1",
    }
