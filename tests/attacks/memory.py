"""A process in, the most memory that it and those that it started took out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

MOST_MIB = 1536
"""The bound, with compose's defaults."""


class Peak:
    """The most memory since the last `take`, in MiB; 0 where nothing was measured."""

    mib = 0.0

    def take(self) -> float:
        """Say it, and begin again."""
        mib, self.mib = self.mib, 0.0
        return mib


@contextmanager
def watch_memory(pid: int | None, every_s: float = 0.1) -> Iterator[Peak]:
    """Resident memory of a process and those that it started; what they share is counted once for each."""
    peak, ended = Peak(), threading.Event()

    def measure() -> None:
        service = psutil.Process(pid)
        while not ended.wait(every_s):
            peak.mib = max(peak.mib, measure_mib(service))

    thread = threading.Thread(target=measure)
    if pid is not None:
        thread.start()
    try:
        yield peak
    finally:
        ended.set()
        if pid is not None:
            thread.join()


def measure_mib(service: psutil.Process) -> float:
    """Of a process and those that it started, now."""
    total = 0
    for one in (service, *service.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss
    return total / 2**20
