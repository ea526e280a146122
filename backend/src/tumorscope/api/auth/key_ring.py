"""A keys file and the secret of a request in, the name of its key out; the file may change while the service runs."""

import logging
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path

from tumorscope.api.auth.api_keys import find_key, parse_keys, read_keys_text
from tumorscope.api.auth.rate_limit import TokenBucket
from tumorscope.api.monitoring.logs import log_event
from tumorscope.domain.errors import ApiKeysInvalid, MissingApiKey, RateLimited, WrongApiKey

_LOOK_EVERY_S = 1.0
# A file that was written this shortly ago may be written again without another time of change: it is read once more.
_SETTLED_S = 3.0
# No secret is longer; hashing what is would be work for nothing.
_MAX_SECRET_BYTES = 256

_Stamp = tuple[int, int, int]


class KeyRing:
    """The keys of a file as it is now, give or take a second, and how much each may still ask.

    Parameters
    ----------
    path : Path
        Of the keys file.
    clock : callable
        Seconds, never going back.

    Raises
    ------
    ApiKeysInvalid
        The file is missing or damaged.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._stamp = _look(path)
        self._text = read_keys_text(path)
        self._keys = parse_keys(self._text)
        self._buckets: dict[str, TokenBucket] = {}
        self._next_look_s = clock() + _LOOK_EVERY_S
        self._complaint = ""
        log_event("api_keys", names=[key.name for key in self._keys])

    def admit(self, secret: bytes | None) -> str:
        """The name of the key whose secret this is.

        Raises
        ------
        MissingApiKey
            There is no secret.
        WrongApiKey
            It is of no key.
        RateLimited
            Its key has asked too often.
        """
        now_s = self._clock()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + _LOOK_EVERY_S
            self._refresh()
        if not secret:
            raise MissingApiKey("The service asks for an API key: Authorization: Bearer KEY, or X-API-Key: KEY.")
        key = find_key(self._keys, secret) if len(secret) <= _MAX_SECRET_BYTES else None
        if key is None:
            raise WrongApiKey("The service does not have this API key, or no longer.")
        if key.rate is not None:
            bucket = self._buckets.setdefault(key.name, TokenBucket(key.rate, now_s))
            wait_s = bucket.take(now_s)
            if wait_s > 0:
                raise RateLimited(f"This key may ask {key.rate.requests_per_minute} times a minute.", ceil(wait_s))
        return key.name

    def _refresh(self) -> None:
        """Take the file's keys where it has changed; keep those there are where it cannot be used."""
        try:
            stamp = _look(self._path)
            if stamp is not None and stamp == self._stamp:
                return
            text = read_keys_text(self._path)
            keys = parse_keys(text)
        except ApiKeysInvalid as error:
            if str(error) != self._complaint:
                log_event("api_keys_refused", logging.ERROR, reason=str(error), kept=len(self._keys))
            self._complaint = str(error)
            return
        self._stamp, self._complaint = stamp, ""
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


def _look(path: Path) -> _Stamp | None:
    """By what a change of the file is seen; None where it was changed a moment ago, and may be again."""
    try:
        status = path.stat()
    except OSError as error:
        raise ApiKeysInvalid(f"The file of API keys cannot be read: {error.strerror}.") from error
    if time.time() - status.st_mtime < _SETTLED_S:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
