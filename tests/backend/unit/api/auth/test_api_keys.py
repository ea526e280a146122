"""The text of a keys file and the keys in it."""

from dataclasses import replace
from datetime import date

import pytest

from tumorscope.api.auth.api_keys import ApiKey, RateLimit, find_key, format_key, make_key, parse_keys
from tumorscope.domain.errors import ApiKeysInvalid

_DAY = date(2026, 11, 25)


def _make(name: str = "ward-3", rate: RateLimit | None = None) -> tuple[ApiKey, str]:
    return make_key(name, _DAY, rate)


@pytest.mark.parametrize("rate", [None, RateLimit(60, 10)])
def test_formatted_key_is_parsed_unchanged(rate: RateLimit | None) -> None:
    key, _ = _make(rate=rate)
    assert parse_keys(f"# Keys of the radiology.\n\n{format_key(key)}\n") == [key]


def test_secret_has_256_bits_and_is_not_in_the_file() -> None:
    key, secret = _make()
    assert secret.startswith("tsk_")
    assert len(secret) == len("tsk_") + 43
    assert secret not in format_key(key)
    assert secret.removeprefix("tsk_").encode().hex() not in format_key(key)
    assert secret != _make()[1]


def test_each_secret_finds_its_own_key() -> None:
    made = [_make(name) for name in ("a", "b", "c")]
    keys = [key for key, _ in made]
    for key, secret in made:
        assert find_key(keys, secret.encode()) == key
        for wrong in (secret[:-1], f"{secret}x", secret.swapcase(), ""):
            assert find_key(keys, wrong.encode()) is None


def test_same_secret_has_another_hash_with_another_salt() -> None:
    key, secret = _make()
    other = replace(key, salt=bytes(16))
    assert find_key([other], secret.encode()) is None


@pytest.mark.parametrize("name", ["", "Ward", "ward 3", "-ward", "a" * 64, "ward\n3", "wörd", '"'])
def test_name_that_could_forge_a_line_is_refused(name: str) -> None:
    with pytest.raises(ApiKeysInvalid, match="name"):
        _make(name)
    key, _ = _make("ward")
    with pytest.raises(ApiKeysInvalid, match=r"Line [12]"):
        parse_keys(format_key(key).replace("ward", name, 1) + "\nx")


_DAMAGED = {
    "no hash": "ward created=2026-11-25",
    "a secret in place of the hash": "ward tsk_LKvXzzC53WtGOECCBykxGm0WkZLln8723NrojQskP_Q created=2026-11-25",
    "half a hash": "ward hmac-sha256:{salt}:00 created=2026-11-25",
    "no day": "ward hmac-sha256:{salt}:{digest}",
    "a day that is none": "ward hmac-sha256:{salt}:{digest} created=2026-02-30",
    "no requests a minute": "ward hmac-sha256:{salt}:{digest} created=2026-11-25 rate=0 burst=1",
    "a rate without a burst": "ward hmac-sha256:{salt}:{digest} created=2026-11-25 rate=5",
    "more than is known": "ward hmac-sha256:{salt}:{digest} created=2026-11-25 admin",
    "another hash": "ward md5:{salt}:{digest} created=2026-11-25",
}


@pytest.mark.parametrize("name", _DAMAGED)
def test_damaged_line_is_refused_by_its_number_and_not_quoted(name: str) -> None:
    line = _DAMAGED[name].format(salt="0" * 32, digest="0" * 64)
    good, _ = _make("good")
    with pytest.raises(ApiKeysInvalid, match=r"^Line 2 of the file of API keys is not a key") as refusal:
        parse_keys(f"{format_key(good)}\n{line}\n")
    assert "tsk_" not in str(refusal.value)


def test_two_keys_with_the_same_name_are_refused() -> None:
    text = f"{format_key(_make()[0])}\n{format_key(_make()[0])}\n"
    with pytest.raises(ApiKeysInvalid, match="Line 2"):
        parse_keys(text)


def test_key_does_not_show_its_secret_when_printed() -> None:
    key, secret = _make()
    assert secret not in repr(key)
