"""``make attack``: attack a running service, and see that it answers rightly, stays alive and serves others."""

import argparse
import sys
import time

import httpx

from tests.attacks.files import ATTACKS
from tests.attacks.run import attack, leave, watch_health

_ANSWER_S = 70.0
_PICTURE_S = 2.0
_HEALTH_S = 0.5
_LEFT_S = 2.0
_LEFT = "ZIP of 130 of these"


def main() -> None:
    """Attack, print a line for each, and judge; exit status 1 for a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080/api", help="of the service")
    parser.add_argument("--key", help="API key, where the service asks for one")
    options = parser.parse_args()
    headers = {"X-API-Key": options.key} if options.key else {}
    faults = []
    with (
        httpx.Client(base_url=options.url, headers=headers, timeout=2 * _ANSWER_S, trust_env=False) as client,
        httpx.Client(base_url=options.url, headers=headers, timeout=60.0, trust_env=False) as other,
        watch_health(other) as health,
    ):
        for one in attack(client, ATTACKS):
            is_well = one.is_right and one.took_s < _ANSWER_S and one.picture_s < _PICTURE_S
            faults += [] if is_well else [one.name]
            sys.stdout.write(f"{one.name:42} {one.answer:22} {one.took_s:5.1f} s, a picture {one.picture_s:4.2f} s\n")
        leave(client, _LEFT)
        started = time.monotonic()
        while client.get("/health").json()["queue_depth"] > 0:
            time.sleep(0.05)
        left_s = time.monotonic() - started
    sys.stdout.write(f"work of a client that left ended after {left_s:.2f} s; slowest health {max(health):.2f} s\n")
    faults += [f"left: {left_s:.2f} s"] * (left_s > _LEFT_S) + ["health"] * (max(health) > _HEALTH_S)
    sys.exit(", ".join(faults) or 0)


if __name__ == "__main__":
    main()
