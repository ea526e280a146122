"""A limit and moments in, permissions out: the token bucket."""

from tumorscope.api.auth.api_keys import RateLimit


class TokenBucket:
    """Holds a permission for each request, at most a burst of them, and is refilled evenly.

    Parameters
    ----------
    limit : RateLimit
        How fast it is refilled, and what it holds.
    now_s : float
        It is full then; of any clock that never goes back.
    """

    def __init__(self, limit: RateLimit, now_s: float) -> None:
        self._per_second = limit.requests_per_minute / 60
        self._burst = limit.burst
        self._tokens = float(limit.burst)
        self._filled_s = now_s

    def take(self, now_s: float) -> float:
        """Take one permission: 0, or the seconds after which there is one, and then nothing was taken."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._per_second)
        self._filled_s = now_s
        if self._tokens < 1:
            return (1 - self._tokens) / self._per_second
        self._tokens -= 1
        return 0.0
