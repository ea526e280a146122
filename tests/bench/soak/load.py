"""Requests out: as many at once as there are connections, or as many a second as a rate says, whatever is answered."""

import asyncio
import random
from collections.abc import Callable, Iterator

from tests.bench.soak.asking import Outcome, ask, ask_and_leave
from tests.bench.soak.studies import Study

_CONNECTIONS = 16
_LEAVING = 0.05


async def measure_capacity(port: int, deck: Iterator[Study], seconds: float, warm_up_s: float) -> float:
    """Requests a second that are answered when each connection sends its next as soon as it has its answer."""
    clock = asyncio.get_running_loop().time
    begin = clock() + warm_up_s
    counted = 0

    async def keep_asking() -> None:
        nonlocal counted
        while clock() < begin + seconds:
            outcome = await ask(port, next(deck), clock())
            counted += outcome.fate in {"answered", "refused"} and begin <= clock() <= begin + seconds

    await asyncio.gather(*(keep_asking() for _ in range(_CONNECTIONS)))
    return counted / seconds


async def send_at_rate(
    port: int,
    deck: Iterator[Study],
    per_second: float,
    seconds: float,
    chance: random.Random,
    note: Callable[[Outcome], None],
) -> None:
    """Requests that come by chance, as a Poisson process; one in twenty hangs up.

    They do not wait for one another: a server that is slow gets no less to do. Ends when the last has its outcome.
    """
    clock = asyncio.get_running_loop().time
    due_s = clock()
    end_s = due_s + seconds

    async def send(study: Study, due_s: float, *, leaves: bool) -> None:
        note(await (ask_and_leave(port, study, due_s, chance) if leaves else ask(port, study, due_s)))

    async with asyncio.TaskGroup() as sending:
        while (due_s := due_s + chance.expovariate(per_second)) < end_s:
            if (wait_s := due_s - clock()) > 0:
                await asyncio.sleep(wait_s)
            sending.create_task(send(next(deck), due_s, leaves=chance.random() < _LEAVING))
