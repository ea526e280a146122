"""``make attack``: attack a running service, and see that it answers rightly, stays alive and serves others."""

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

import httpx

from tests.attacks.connections import MALFORMED, Target, keep_open, send_malformed
from tests.attacks.container import Container, find_address, find_container
from tests.attacks.files import ATTACKS, MEMORY
from tests.attacks.health import watch_health
from tests.attacks.memory import MOST_MIB, Peak, watch_memory
from tests.attacks.run import attack, attack_at_once, leave, time_picture

_STACK = "http://127.0.0.1:8080/api"
_TOGETHER_S = 120.0
_PICTURE_S = 2.0
_HEALTH_S = 0.5
_LEFT_S = 2.0
_LEFT = "ZIP of 130 of these"


def main() -> None:
    """Attack, print a line for each, and judge; exit status 1 for a fault."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks", description=__doc__)
    parser.add_argument("url", nargs="?", default=_STACK, help="of the service; by default that of the containers")
    parser.add_argument("--key", help="API key, where the service asks for one")
    parser.add_argument("--pid", type=int, help="process of the service, to measure memory where it is no container")
    options = parser.parse_args()
    container = find_container() if options.url == _STACK else None
    faults = list(attack_service(options.url, options.key, options.pid, container))
    sys.stdout.write("".join(f"FAULT {fault}\n" for fault in faults) or "no fault\n")
    sys.exit(bool(faults))


def attack_service(url: str, key: str | None, pid: int | None, container: Container | None) -> Iterator[str]:
    """Attack it in every way; what it does wrong, in words."""
    headers = {"X-API-Key": key} if key else {}
    make_client = partial(httpx.Client, base_url=url, headers=headers, timeout=_TOGETHER_S, trust_env=False)
    target = Target.of(urlsplit(url), headers)
    restarts = container.inspect("RestartCount") if container else 0
    pid = container.inspect("State.Pid") if container else pid
    with watch_health(url) as health, make_client() as client, watch_memory(pid) as peak:
        # Past Docker's proxy, for what is asked is whether the stack closes them.
        with keep_open(replace(target, address=find_address()) if container else target) as left:
            yield from _attack_one_by_one(client, peak)
            for name in MALFORMED:
                answer = send_malformed(target, name)
                sys.stdout.write(f"{name:42} {answer}\n")
                if answer not in MALFORMED[name][1]:
                    yield f"{name}: {answer}"
            yield from _attack_together(make_client, client, peak)
        yield from (f"{name}: {what}" for name, what in left.items())
        yield from _leave(client)
    slow = sum(took_s > _HEALTH_S for took_s in health)
    sys.stdout.write(f"{len(health)} answers of /health/live, the slowest {max(health):.2f} s\n")
    if slow:
        yield f"/health/live: {slow} answers took more than {_HEALTH_S} s"
    if container is not None:
        ended, killed = container.inspect("RestartCount") - restarts, container.count_kills()
        sys.stdout.write(f"restarts {ended}, killed for memory {killed}\n")
        if ended or killed:
            yield "restarted or killed for memory"


def _attack_one_by_one(client: httpx.Client, peak: Peak) -> Iterator[str]:
    for one in attack(client, peak=peak):
        cost = f"{one.took_s:5.1f} s, {one.peak_mib:5.0f} MiB, a picture {one.picture_s:4.2f} s"
        sys.stdout.write(f"{one.name:42} {one.answer:24} {cost}\n")
        sys.stdout.flush()
        if not one.is_right:
            yield f"{one.name}: {one.answer}"
        if one.took_s > ATTACKS[one.name].within_s:
            yield f"{one.name}: {one.took_s:.1f} s"
        if one.picture_s > _PICTURE_S:
            yield f"picture after {one.name}: {one.picture_s:.2f} s"
        if one.peak_mib > MOST_MIB:
            yield f"{one.name}: {one.peak_mib:.0f} MiB"


def _attack_together(make_client: "partial[httpx.Client]", client: httpx.Client, peak: Peak) -> Iterator[str]:
    peak.take()
    started = time.monotonic()
    outcomes = attack_at_once(make_client, MEMORY)
    took_s, mib, picture_s = time.monotonic() - started, peak.take(), time_picture(client)
    answers = ", ".join(sorted({one.answer for one in outcomes}))
    sys.stdout.write(
        f"{len(outcomes)} at once: {took_s:.1f} s, {mib:.0f} MiB, a picture {picture_s:.2f} s; {answers}\n"
    )
    yield from (f"{one.name}, with others: {one.answer}" for one in outcomes if not one.is_right)
    if mib > MOST_MIB:
        yield f"{len(outcomes)} at once: {mib:.0f} MiB"
    if picture_s > _PICTURE_S:
        yield f"picture after {len(outcomes)} at once: {picture_s:.2f} s"


def _leave(client: httpx.Client) -> Iterator[str]:
    leave(client, _LEFT)
    started = time.monotonic()
    while client.get("/health").json()["queue_depth"] > 0:
        time.sleep(0.05)
    left_s = time.monotonic() - started
    sys.stdout.write(f"work of a client that left ended after {left_s:.2f} s\n")
    if left_s > _LEFT_S:
        yield f"work of a client that left: {left_s:.2f} s"


if __name__ == "__main__":
    main()
