"""Studies in, their answers out, from a few threads of this process."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Study = TypeVar("Study")
Answer = TypeVar("Answer")

# Studies that are read ahead of the one that is given next, for each thread.
_AHEAD = 2


def answer_in_threads(
    studies: Iterable[Study], answer: Callable[[Study], Answer], threads: int
) -> Generator[tuple[Study, Answer]]:
    """Answer in the order of the studies, of which few are in memory at one time.

    Studies are asked for in the caller's thread, and answered in others.
    """
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[tuple[Study, Future[Answer]]] = deque()
        try:
            for study in studies:
                waiting.append((study, pool.submit(answer, study)))
                if len(waiting) >= threads * _AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for first, future in waiting:
                yield first, future.result()
        except BaseException:
            # What has not begun does not begin any more.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
