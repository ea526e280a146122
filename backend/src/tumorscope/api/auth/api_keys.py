"""The text of a keys file in, keys out, and back; a secret itself is never kept, only its salted hash.

A line is a key, ``#`` begins a comment::

    ward-3 hmac-sha256:SALT:DIGEST created=2026-11-25 rate=60 burst=10

A secret is 256 random bits, so that no list of guesses finds it: a slow hash such as bcrypt, which makes guessing
dear, would protect nothing here and would cost every request a tenth of a second.
"""

import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tumorscope.domain.errors import ApiKeysInvalid

_PREFIX = "tsk_"  # By which scanners find a secret that was published by accident.
_SECRET_BYTES = 32
_SALT_BYTES = 16
_MAX_FILE_BYTES = 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_HASH = re.compile(r"hmac-sha256:([0-9a-f]{32}):([0-9a-f]{64})")
_OPTIONS = re.compile(r"created=(\d{4}-\d\d-\d\d)(?: rate=([1-9]\d{0,6}) burst=([1-9]\d{0,6}))?")


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How often a key may ask: in the long run, and at once after a pause."""

    requests_per_minute: int
    burst: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key: all but its secret."""

    name: str
    salt: bytes
    digest: bytes
    created: date
    rate: RateLimit | None


def make_key(name: str, created: date, rate: RateLimit | None) -> tuple[ApiKey, str]:
    """A key, and its secret, which is nowhere else.

    Raises
    ------
    ApiKeysInvalid
        The name is none.
    """
    if not _NAME.fullmatch(name):
        raise ApiKeysInvalid(
            "A key's name is of a to z, digits, dot, underscore and hyphen, at most 63, with a letter or digit first."
        )
    secret = _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    salt = secrets.token_bytes(_SALT_BYTES)
    return ApiKey(name, salt, _hash(salt, secret.encode()), created, rate), secret


def find_key(keys: Sequence[ApiKey], secret: bytes) -> ApiKey | None:
    """The key of a secret; all are compared, each in constant time, so that the time tells nothing of any."""
    found = None
    for key in keys:
        if hmac.compare_digest(_hash(key.salt, secret), key.digest):
            found = key
    return found


def format_key(key: ApiKey) -> str:
    """The key's line, without its end."""
    line = f"{key.name} hmac-sha256:{key.salt.hex()}:{key.digest.hex()} created={key.created.isoformat()}"
    return line if key.rate is None else f"{line} rate={key.rate.requests_per_minute} burst={key.rate.burst}"


def parse_keys(text: str) -> list[ApiKey]:
    """The keys of a file's text.

    Raises
    ------
    ApiKeysInvalid
        A line is no key, or two have one name; the message holds the line's number and nothing of the line, which
        might be a secret that was put there by mistake.
    """
    keys: dict[str, ApiKey] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key = _parse_line(line.strip())
        if key is None:
            raise ApiKeysInvalid(f"Line {number} of the file of API keys is no key as `tumorscope key new` writes it.")
        if key.name in keys:
            raise ApiKeysInvalid(f"Line {number} of the file of API keys has the name of a line before it.")
        keys[key.name] = key
    return list(keys.values())


def read_keys_text(path: Path) -> str:
    """The text of a keys file.

    Raises
    ------
    ApiKeysInvalid
        It cannot be read, or is no text.
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
        raise ApiKeysInvalid("The file of API keys is no text.") from error


def _parse_line(line: str) -> ApiKey | None:
    name, _, rest = line.partition(" ")
    hashed, _, stated = rest.partition(" ")
    hash_match, options = _HASH.fullmatch(hashed), _OPTIONS.fullmatch(stated)
    if not _NAME.fullmatch(name) or hash_match is None or options is None:
        return None
    try:
        created = date.fromisoformat(options[1])
    except ValueError:
        return None
    rate = None if options[2] is None else RateLimit(int(options[2]), int(options[3]))
    return ApiKey(name, bytes.fromhex(hash_match[1]), bytes.fromhex(hash_match[2]), created, rate)


def _hash(salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, "sha256")
