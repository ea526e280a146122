"""Keys that change in their file while the service runs."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from tumorscope.api.auth import key_ring
from tumorscope.api.auth.api_keys import RateLimit, format_key, make_key
from tumorscope.api.auth.key_ring import KeyRing
from tumorscope.domain.errors import ApiKeysInvalid, MissingApiKey, RateLimited, WrongApiKey


@dataclass
class _KeysFile:
    """A keys file, and a clock that the test sets."""

    path: Path
    now_s: float = 0.0
    secrets: dict[str, bytes] = field(default_factory=dict)
    _lines: dict[str, str] = field(default_factory=dict)

    def make(self, name: str, rate: RateLimit | None = None) -> bytes:
        key, secret = make_key(name, date(2026, 11, 25), rate)
        self._lines[name] = format_key(key)
        return secret.encode()

    def write(self, names: Sequence[str], extra: str = "") -> None:
        # A rename, as `tumorscope key` does it.
        new = self.path.with_suffix(".new")
        new.write_text("".join(f"{self._lines[name]}\n" for name in names) + extra)
        new.replace(self.path)

    def ring(self) -> KeyRing:
        return KeyRing(self.path)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _KeysFile:
    file = _KeysFile(tmp_path / "keys")
    monkeypatch.setattr(key_ring, "monotonic", lambda: file.now_s)
    return file


def _refuses(ring: KeyRing, secret: bytes | None, error: type[Exception]) -> bool:
    with pytest.raises(error):
        ring.admit(secret)
    return True


def test_valid_secret_returns_its_key_s_name_and_any_other_is_refused(file: _KeysFile) -> None:
    secret = file.make("ward-3")
    file.write(["ward-3"])
    ring = file.ring()
    assert ring.admit(secret) == "ward-3"
    assert _refuses(ring, None, MissingApiKey)
    assert _refuses(ring, b"", MissingApiKey)
    assert _refuses(ring, secret[:-1], WrongApiKey)
    assert _refuses(ring, secret + bytes(100_000), WrongApiKey)


def test_new_key_is_accepted_and_a_revoked_one_refused_within_a_second(file: _KeysFile) -> None:
    old, new = file.make("old"), file.make("new")
    file.write(["old"])
    ring = file.ring()
    file.write(["old", "new"])
    assert _refuses(ring, new, WrongApiKey), "the file is read at most once a second"
    file.now_s += 1
    assert (ring.admit(old), ring.admit(new)) == ("old", "new")
    file.write(["new"])
    file.now_s += 1
    assert _refuses(ring, old, WrongApiKey)
    assert ring.admit(new) == "new"
    file.write([])
    file.now_s += 1
    assert _refuses(ring, new, WrongApiKey)


def test_change_is_detected_although_size_and_time_are_unchanged(file: _KeysFile) -> None:
    first, second = file.make("a"), file.make("b")
    file.write(["a"])
    os.utime(file.path, (10, 10))
    ring = file.ring()
    file.write(["b"])
    os.utime(file.path, (10, 10))
    file.now_s += 1
    assert _refuses(ring, first, WrongApiKey)
    assert ring.admit(second) == "b"


def test_file_that_changes_twice_within_a_moment_is_read_again(file: _KeysFile) -> None:
    first, second = file.make("a"), file.make("b")
    file.write(["a"])
    ring = file.ring()
    before = file.path.stat()
    file.path.write_text(file.path.read_text().replace(file._lines["a"], file._lines["b"]))
    # As a file system does whose clock ticks slowly.
    os.utime(file.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    file.now_s += 1
    assert _refuses(ring, first, WrongApiKey)
    assert ring.admit(second) == "b"


@pytest.mark.parametrize("damage", ["line", "absent", "folder"])
def test_file_that_becomes_unusable_changes_nothing_and_is_logged_once(
    file: _KeysFile, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    secret = file.make("ward-3")
    file.write(["ward-3"])
    ring = file.ring()
    if damage == "line":
        file.write([], extra=f"ward-3 {secret.decode()}\n")
    else:
        file.path.unlink()
        if damage == "folder":
            file.path.mkdir()
    with caplog.at_level(logging.ERROR, "tumorscope"):
        for _ in range(3):
            file.now_s += 1
            assert ring.admit(secret) == "ward-3"
    (record,) = caplog.records
    assert record.message == "api_keys_refused"
    assert secret.decode() not in str(record.__dict__)
    # Mended, it counts again.
    if damage == "folder":
        file.path.rmdir()
    file.write([])
    file.now_s += 1
    assert _refuses(ring, secret, WrongApiKey)


@pytest.mark.parametrize("content", [None, b"ward-3 secret\n", b"\xff\xfe", bytes(2**20 + 1)])
def test_service_does_not_start_with_a_file_that_is_missing_or_damaged(file: _KeysFile, content: bytes | None) -> None:
    if content is not None:
        file.path.write_bytes(content)
    with pytest.raises(ApiKeysInvalid, match="file of API keys"):
        file.ring()


def test_rate_limit_applies_to_each_key_and_says_when_to_retry(file: _KeysFile) -> None:
    slow, other, free = file.make("slow", RateLimit(60, 2)), file.make("other", RateLimit(60, 2)), file.make("free")
    file.write(["slow", "other", "free"])
    ring = file.ring()
    ring.admit(slow), ring.admit(slow)
    with pytest.raises(RateLimited) as refusal:
        ring.admit(slow)
    assert refusal.value.retry_after_s == 1
    assert {ring.admit(free) for _ in range(100)} == {"free"}
    assert ring.admit(other) == "other"
    file.now_s += 1
    assert ring.admit(slow) == "slow"


def test_rate_limit_persists_when_another_key_is_added_and_restarts_when_it_changes(file: _KeysFile) -> None:
    slow = file.make("slow", RateLimit(1, 1))
    file.make("other")
    file.write(["slow"])
    ring = file.ring()
    ring.admit(slow)
    file.write(["slow", "other"])
    file.now_s += 1
    assert _refuses(ring, slow, RateLimited)
    file._lines["slow"] = file._lines["slow"].replace("rate=1 ", "rate=600 ")
    file.write(["slow", "other"])
    file.now_s += 1
    assert ring.admit(slow) == "slow"
