"""The text of a keys file in, keys out, and back; only the salted hash of a secret is stored.

Each line is a key; a line that starts with ``#`` is a comment::

    ward-3 hmac-sha256:SALT:DIGEST created=2026-11-25 rate=60 burst=10

A secret is 256 random bits and cannot be guessed. A slow hash such as bcrypt, which makes guessing expensive, would
add no protection and cost each request a tenth of a second.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tumorscope.domain.errors import ApiKeysInvalid

_PREFIX = "tsk_"  # Secret scanners recognise an accidentally published key by it.
_SECRET_BYTES = 32
_SALT_BYTES = 16
_MAX_FILE_BYTES = 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LINE = re.compile(
    rf"({_NAME.pattern}) hmac-sha256:([0-9a-f]{{32}}):([0-9a-f]{{64}}) created=(\d{{4}}-\d\d-\d\d)"
    r"(?: rate=([1-9]\d{0,6}) burst=([1-9]\d{0,6}))?"
)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A sustained rate of requests, and how many may come at once after a pause."""

    requests_per_minute: int
    burst: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    name: str
    salt: bytes
    digest: bytes
    created: date
    rate: RateLimit | None


def make_key(name: str, created: date, rate: RateLimit | None) -> tuple[ApiKey, str]:
    """Make a key, and its secret, which is stored nowhere.

    Raises
    ------
    ApiKeysInvalid
        The name is invalid.
    """
    if not _NAME.fullmatch(name):
        raise ApiKeysInvalid(
            "A key's name is at most 63 of a-z, 0-9, dot, underscore and hyphen; it starts with a letter or digit."
        )
    secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    salt = secrets.token_bytes(_SALT_BYTES)
    return ApiKey(name, salt, _hash(salt, secret.encode()), created, rate), secret


def find_key(keys: Sequence[ApiKey], secret: bytes) -> ApiKey | None:
    """Find the key of a secret; every key is compared, each in constant time, so that the time reveals nothing."""
    found = None
    for key in keys:
        if hmac.compare_digest(_hash(key.salt, secret), key.digest):
            found = key
    return found


def format_key(key: ApiKey) -> str:
    """Format a key as a line, without the line break."""
    line = f"{key.name} hmac-sha256:{key.salt.hex()}:{key.digest.hex()} created={key.created.isoformat()}"
    return line if key.rate is None else f"{line} rate={key.rate.requests_per_minute} burst={key.rate.burst}"


def parse_keys(text: str) -> list[ApiKey]:
    """Parse the keys of a file's text.

    Raises
    ------
    ApiKeysInvalid
        A line is malformed, or two lines have the same name. The message states the line's number only: the line might
        be a secret that was put there by mistake.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key = _parse_line(line.strip())
        if key is None:
            raise ApiKeysInvalid(
                f"Line {number} of the file of API keys is not a key as `tumorscope key new` writes it."
            )
        if key.name in keys:
            raise ApiKeysInvalid(f"Line {number} of the file of API keys repeats the name of an earlier line.")
        keys[key.name] = key
    return list(keys.values())


def read_keys_text(path: Path) -> str:
    """Read the text of a keys file.

    Raises
    ------
    ApiKeysInvalid
        The file cannot be read, is too large, or is not ASCII text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
        if len(content) > _MAX_FILE_BYTES:
            raise ApiKeysInvalid("The file of API keys is larger than 1 MiB.")
        return content.decode("ascii")
    except OSError as error:
        raise ApiKeysInvalid(f"The file of API keys cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ApiKeysInvalid("The file of API keys is not text.") from error


def _parse_line(line: str) -> ApiKey | None:
    if (match := _LINE.fullmatch(line)) is None:
        return None
    name, salt, digest, created, rate, burst = match.groups()
    limit = None if rate is None else RateLimit(int(rate), int(burst))
    try:
        return ApiKey(name, bytes.fromhex(salt), bytes.fromhex(digest), date.fromisoformat(created), limit)
    except ValueError:
        return None


def _hash(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")
