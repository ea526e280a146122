"""Load: as fast as a number of connections allows, or at a fixed rate whatever the answers are."""

import asyncio
import random
from collections.abc import Callable, Iterator

from tests.bench.soak.client import Outcome, send_and_disconnect, send_request
from tests.bench.soak.studies import Study

_CONNECTIONS = 16
_LEAVING = 0.05


async def measure_capacity(port: int, deck: Iterator[Study], seconds: float, warm_up_s: float) -> float:
    """Requests a second when each connection sends the next as soon as it has its answer."""
    clock = asyncio.get_running_loop().time
    begin = clock() + warm_up_s
    counted = 0

    async def keep_asking() -> None:
        nonlocal counted
        while clock() < begin + seconds:
            outcome = await send_request(port, next(deck), clock())
            counted += outcome.fate in {"answered", "refused"} and begin <= clock() <= begin + seconds

    await asyncio.gather(*(keep_asking() for _ in range(_CONNECTIONS)))
    return counted / seconds


async def send_at_rate(
    port: int,
    deck: Iterator[Study],
    per_second: float,
    seconds: float,
    rng: random.Random,
    note: Callable[[Outcome], None],
) -> None:
    """Send requests as a Poisson process; one client in twenty disconnects.

    They do not wait for one another: a slow server gets the same load. Ends when the last has its outcome.
    """
    clock = asyncio.get_running_loop().time
    due_s = clock()
    end_s = due_s + seconds

    async def send(study: Study, due_s: float, *, leaves: bool) -> None:
        note(await (send_and_disconnect(port, study, due_s, rng) if leaves else send_request(port, study, due_s)))

    async with asyncio.TaskGroup() as sending:
        while (due_s := due_s + rng.expovariate(per_second)) < end_s:
            if (wait_s := due_s - clock()) > 0:
                await asyncio.sleep(wait_s)
            sending.create_task(send(next(deck), due_s, leaves=rng.random() < _LEAVING))
