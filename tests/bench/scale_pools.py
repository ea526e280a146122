"""Studies in, seconds out: the scoring's workers in a process pool of the standard library, and on Dask.

A module of its own: the processes import it by its name.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import dask
from distributed import Client, LocalCluster

from tumorscope.scale.worker import Worker, WorkerPlan

_workers: list[Worker] = []


def time_call(answers: Iterable[object]) -> float:
    """Seconds until all answers are there."""
    started = perf_counter()
    for _ in answers:
        pass
    return perf_counter() - started


def time_pool(plan: WorkerPlan, found: Sequence[list[Path]], processes: int) -> float:
    """Seconds of a process pool whose workers are ready."""
    with ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, (plan,)) as pool:
        time_call(pool.map(_answer, found[: 2 * processes]))
        return time_call(pool.map(_answer, found))


def time_dask(plan: WorkerPlan, found: Sequence[list[Path]], processes: int) -> float:
    """Seconds of a local Dask cluster whose workers are ready, with a thread each."""
    with _run_dask(processes) as client:
        client.run(_start_worker, plan)
        time_call(client.gather(client.map(_answer, found[: 2 * processes], pure=False)))
        started = perf_counter()
        client.gather(client.map(_answer, found, pure=False))
        return perf_counter() - started


@contextmanager
def _run_dask(processes: int) -> Iterator[Any]:
    # The workers start processes that decode, which daemons may not.
    with (
        dask.config.set({"distributed.worker.daemon": False}),
        LocalCluster(
            n_workers=processes, threads_per_worker=1, processes=True, dashboard_address=None, memory_limit=None
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client


def _start_worker(plan: WorkerPlan) -> None:
    _workers.append(Worker(plan))


def _answer(files: list[Path]) -> str:
    return json.dumps(_workers[0].answer(files))
