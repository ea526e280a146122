"""A keys file and the secret of a request in, the key's name out; the file may change while the service runs."""

import logging
from math import ceil
from pathlib import Path
from time import monotonic, time

from tumorscope.api.auth.api_keys import RateLimit, find_key, parse_keys, read_keys_text
from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain.errors import ApiKeysInvalid, MissingApiKey, RateLimited, WrongApiKey

_CHECK_INTERVAL_S = 1.0
# A file that changed this recently may change again without a new modification time, so it is read again.
_SETTLED_S = 3.0
# No secret is longer; longer ones need not be hashed.
_MAX_SECRET_BYTES = 256

_Version = tuple[int, int, int]


class TokenBucket:
    """A token for each request, at most a burst of them, refilled at a constant rate; full at the beginning."""

    def __init__(self, limit: RateLimit, now_s: float) -> None:
        self._per_second = limit.requests_per_minute / 60
        self._burst = limit.burst
        self._tokens = float(limit.burst)
        self._filled_s = now_s

    def take(self, now_s: float) -> float:
        """Take one token and return 0, or take none and return the seconds until there is one."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._per_second)
        self._filled_s = now_s
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_second
        self._tokens -= 1
        return 0.0


class KeyRing:
    """The keys of a file as it was at most a second ago, and the rate limit of each.

    Raises
    ------
    ApiKeysInvalid
        The file is missing or damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version = _read_version(path)
        self._text = read_keys_text(path)
        self._keys = parse_keys(self._text)
        self._buckets: dict[str, TokenBucket] = {}
        self._next_check_s = monotonic() + _CHECK_INTERVAL_S
        self._reported_error = ""
        log_event("api_keys", names=[key.name for key in self._keys])

    def admit(self, secret: bytes | None) -> str:
        """Return the name of the key with this secret, and count the request against its rate limit.

        Raises
        ------
        MissingApiKey
            There is no secret.
        WrongApiKey
            No key has this secret.
        RateLimited
            The key has exceeded its rate limit.
        """
        now_s = monotonic()
        if now_s >= self._next_check_s:
            self._next_check_s = now_s + _CHECK_INTERVAL_S
            self._refresh()
        if not secret:
            raise MissingApiKey("The service requires an API key: Authorization: Bearer KEY, or X-API-Key: KEY.")
        key = find_key(self._keys, secret) if len(secret) <= _MAX_SECRET_BYTES else None
        if key is None:
            raise WrongApiKey("This API key is unknown or has been revoked.")
        if key.rate is not None:
            bucket = self._buckets.setdefault(key.name, TokenBucket(key.rate, now_s))
            wait_s = bucket.take(now_s)
            if wait_s > 0:
                raise RateLimited(f"This key allows {key.rate.requests_per_minute} requests a minute.", ceil(wait_s))
        return key.name

    def _refresh(self) -> None:
        """Take the file's keys if it has changed; keep the present ones if it is unusable."""
        try:
            version = _read_version(self._path)
            if version is not None and version == self._version:
                return
            text = read_keys_text(self._path)
            keys = parse_keys(text)
        except ApiKeysInvalid as error:
            if str(error) != self._reported_error:
                log_event("api_keys_refused", logging.ERROR, reason=str(error), kept=len(self._keys))
            self._reported_error = str(error)
            return
        self._version, self._reported_error = version, ""
        if text == self._text:
            return
        before, after = set(self._keys), set(keys)
        self._text, self._keys = text, keys
        for key in before - after:
            self._buckets.pop(key.name, None)
        log_event(
            "api_keys",
            names=[key.name for key in keys],
            added=sorted(key.name for key in after - before),
            revoked=sorted(key.name for key in before - after),
        )


def _read_version(path: Path) -> _Version | None:
    """Inode, modification time and size of the file; None if it changed a moment ago and may change again."""
    try:
        status = path.stat()
    except OSError as error:
        raise ApiKeysInvalid(f"The file of API keys cannot be read: {error.strerror}.") from error
    if time() - status.st_mtime < _SETTLED_S:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
