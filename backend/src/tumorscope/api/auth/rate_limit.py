"""A rate limit and points in time in, whether a request is allowed out: the token bucket."""

from tumorscope.api.auth.api_keys import RateLimit


class TokenBucket:
    """A token for each request, at most a burst of them, refilled at a constant rate.

    Parameters
    ----------
    limit : RateLimit
        Refill rate and capacity.
    now_s : float
        When it is full, by any monotonic clock.
    """

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
