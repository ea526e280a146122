"""Settings come from the environment, within bounds."""

from pathlib import Path

import pytest
from pydantic import ValidationError

import tumorscope
from tumorscope.api.settings import Settings, read_settings
from tumorscope.domain.errors import SetupInvalid

_NUMBERS = [name for name, field in Settings.model_fields.items() if field.annotation in (int, int | None)]
# Zero turns off what they are for.
_MAY_BE_ZERO = {"drain_s", "shadow_slices"}


@pytest.mark.parametrize("name", _NUMBERS)
def test_every_number_is_read_from_the_variable_of_its_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # Memory for less than a request is refused, which is another test's.
    monkeypatch.setenv("TUMORSCOPE_MAX_REQUEST_MIB", "64")
    monkeypatch.setenv(f"TUMORSCOPE_{name.upper()}", "77")
    assert getattr(Settings(), name) == 77


def test_bundle_is_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUMORSCOPE_BUNDLE", str(tmp_path))
    assert Settings().bundle == tmp_path


def test_default_bundle_is_the_one_that_the_package_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUMORSCOPE_BUNDLE", raising=False)
    assert Settings().bundle == Path(tumorscope.__file__).parent / "default_model"


@pytest.mark.parametrize("name", _NUMBERS)
@pytest.mark.parametrize("value", ["0", "-5", "many", ""])
def test_number_out_of_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TUMORSCOPE_{name.upper()}", "-1" if value == "0" and name in _MAY_BE_ZERO else value)
    with pytest.raises(ValidationError, match=name):
        Settings()


@pytest.mark.parametrize("name", sorted(_MAY_BE_ZERO))
def test_what_can_be_turned_off_may_be_zero(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"TUMORSCOPE_{name.upper()}", "0")
    assert getattr(Settings(), name) == 0


def test_memory_for_uploads_that_one_upload_exceeds_is_refused() -> None:
    assert Settings(max_request_mib=100, max_upload_memory_mib=100).max_upload_memory_mib == 100
    with pytest.raises(ValidationError, match="max_upload_memory_mib is less than max_request_mib"):
        Settings(max_request_mib=100, max_upload_memory_mib=99)


def test_api_keys_and_the_permission_to_serve_without_are_off_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert Settings().api_keys_file is None
    assert not Settings().insecure_no_api_keys
    monkeypatch.setenv("TUMORSCOPE_API_KEYS_FILE", str(tmp_path))
    monkeypatch.setenv("TUMORSCOPE_INSECURE_NO_API_KEYS", "true")
    assert Settings().api_keys_file == tmp_path
    assert Settings().insecure_no_api_keys


def test_invalid_variable_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUMORSCOPE_THREADS", "secret-1")
    monkeypatch.setenv("TUMORSCOPE_INSECURE_NO_API_KEYS", "secret-2")
    with pytest.raises(SetupInvalid, match=r"TUMORSCOPE_THREADS: Input should be a valid integer") as refusal:
        read_settings()
    assert "TUMORSCOPE_INSECURE_NO_API_KEYS: Input should be a valid boolean" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_contradictory_settings_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUMORSCOPE_MAX_UPLOAD_MEMORY_MIB", "1")
    with pytest.raises(SetupInvalid, match=r"^Value error, max_upload_memory_mib is less than max_request_mib"):
        read_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().threads = 3  # type: ignore[misc]


def test_operating_point_is_one_of_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().operating_point == "balanced"
    monkeypatch.setenv("TUMORSCOPE_OPERATING_POINT", "screening")
    assert Settings().operating_point == "screening"
    monkeypatch.setenv("TUMORSCOPE_OPERATING_POINT", "bold")
    with pytest.raises(ValidationError, match="operating_point"):
        Settings()
