"""Every error of the domain has a status and a stable code."""

import inspect

import pytest

from tumorscope.api.errors import find_status
from tumorscope.api.settings import Settings
from tumorscope.domain import errors

_CLASSES = [
    value for _, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, errors.TumorscopeError)
]
# From the contract.
_CONTRACT = {
    "no_file": 400,
    "mixed_study": 400,
    "upload_too_large": 413,
    "image_too_large": 413,
    "too_many_files": 413,
    "unsupported_format": 415,
    "corrupt_file": 422,
    "no_pixel_data": 422,
    "invalid_request": 422,
    "not_ready": 503,
    "overloaded": 503,
    "internal": 500,
}


def _make(error: type[errors.TumorscopeError]) -> errors.TumorscopeError:
    return error("message", 1) if issubclass(error, errors.ServiceError) else error("message")


@pytest.mark.parametrize("error", _CLASSES)
def test_every_error_has_the_contracts_status(error: type[errors.TumorscopeError]) -> None:
    if error is errors.ServiceError:
        assert find_status(_make(error)) == 503
    else:
        assert find_status(_make(error)) == _CONTRACT[error.code]


def test_every_error_is_drawn_in_the_tree() -> None:
    assert errors.__doc__ is not None
    for error in _CLASSES:
        assert error.__name__ in errors.__doc__


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUMORSCOPE_MAX_PART_MIB", "5")
    assert Settings().max_part_mib == 5
    monkeypatch.setenv("TUMORSCOPE_MAX_PART_MIB", "-5")
    with pytest.raises(ValueError, match="max_part_mib"):
        Settings()
