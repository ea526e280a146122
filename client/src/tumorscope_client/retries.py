"""What went wrong in, the pause before another try out; None where another try changes nothing."""

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from tumorscope_client.answer import Problem

_LATER = {429, 502, 503, 504}
# Not when the answer takes long: the service is at work on it.
_LOST = (httpx.ConnectTimeout, httpx.NetworkError, httpx.RemoteProtocolError)
_LONGEST_S = 30.0


class Retries:
    """The tries of one request.

    Parameters
    ----------
    patience_s : float
        No try begins later than this.
    """

    def __init__(self, patience_s: float) -> None:
        self._ends_at = time.monotonic() + patience_s
        self._count = 0

    def find_pause(self, error: Problem | httpx.TransportError) -> float | None:
        """Seconds until the next try: what the service asks for, else twice as long each time."""
        if not (isinstance(error, _LOST) or (isinstance(error, Problem) and error.status in _LATER)):
            return None
        asked_s = _read_seconds(error.retry_after) if isinstance(error, Problem) else 0.0
        # Clients that were refused together do not come back together.
        pause_s = asked_s + random.uniform(0.5, 1) * min(_LONGEST_S, 0.5 * 2**self._count)
        self._count += 1
        return pause_s if time.monotonic() + pause_s <= self._ends_at else None


def _read_seconds(retry_after: str) -> float:
    """Seconds or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0
