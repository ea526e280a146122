"""A service's address in, seconds of each answer of its ``/health/live`` out, a line each, until standard input ends.

In a process of its own: what makes the attacks would delay it.
"""

import math
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

_EVERY_S = 0.1


@contextmanager
def watch_health(url: str) -> Iterator[list[float]]:
    """Seconds that each answer took, from the end of the context on; endless where there was none."""
    took: list[float] = []
    command = [sys.executable, "-m", "tests.attacks.health", url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield took
        finally:
            took += [float(line) for line in process.communicate()[0].splitlines()]


def main(url: str) -> None:
    """Ask until standard input ends."""
    with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as client:
        while not select.select([sys.stdin], [], [], _EVERY_S)[0]:
            started = time.monotonic()
            try:
                client.get("/health/live").raise_for_status()
                took_s = time.monotonic() - started
            except httpx.HTTPError:
                took_s = math.inf
            sys.stdout.write(f"{took_s:.4f}\n")


if __name__ == "__main__":
    main(sys.argv[1])
