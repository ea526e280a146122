"""The token bucket."""

import pytest

from tumorscope.api.auth.api_keys import RateLimit
from tumorscope.api.auth.key_ring import TokenBucket


def test_burst_passes_and_the_next_request_waits_for_one_token() -> None:
    bucket = TokenBucket(RateLimit(30, 3), now_s=100)
    assert [bucket.take(100) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(100) == pytest.approx(2)


def test_refused_request_takes_no_token() -> None:
    bucket = TokenBucket(RateLimit(60, 1), now_s=0)
    assert bucket.take(0) == 0
    assert bucket.take(0.9) == pytest.approx(0.1)
    assert bucket.take(1.0) == 0


def test_sustained_rate_is_the_limit() -> None:
    bucket = TokenBucket(RateLimit(60, 5), now_s=0)
    let_through = sum(bucket.take(0.1 * step) == 0 for step in range(6001))
    assert let_through == 5 + 600


def test_pause_refills_no_more_than_the_burst() -> None:
    bucket = TokenBucket(RateLimit(60, 2), now_s=0)
    assert [bucket.take(10_000) == 0 for _ in range(3)] == [True, True, False]
