"""An archive in, a folder of answers to its studies out: each study once, however often the run is interrupted."""

import random
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from tumorscope.domain.errors import InvalidRequest, TumorscopeError
from tumorscope.imaging.series.study_files import Place, count_files, find_places, is_folder
from tumorscope.scale.answers import UNREADABLE, AnswerFolder
from tumorscope.scale.in_threads import answer_in_threads
from tumorscope.scale.studies import Work, find_work
from tumorscope.scale.worker import Worker

Answers = Generator[tuple[Work, dict[str, Any] | None]]

# A part is written at the latest after so many seconds: more is not lost.
_PART_S = 30.0
_REPORT_S = 30.0
_SAMPLE = 8


@dataclass(slots=True)
class Tally:
    """How far a run is.

    Parameters
    ----------
    files : int
        That were listed.
    settled : int
        Of them, those that need no more attention.
    answered, failed, left : int
        Studies of this run; those left are for another run, see `Worker.answer`.
    unreadable : int
        Of the failed, those that another run tries again, see `answers`.
    """

    files: int
    settled: int = 0
    answered: int = 0
    failed: int = 0
    left: int = 0
    unreadable: int = 0


def score(
    sources: Iterable[Path],
    folder: AnswerFolder,
    answer_all: Callable[[Iterable[Place], Callable[[], set[str]]], Answers],
    worker: Worker,
    part_studies: int,
    report: Callable[[str], None],
) -> Tally:
    """Answer the studies of an archive that have no answer yet, and report how far it is every half minute.

    Raises
    ------
    OSError
        The answers cannot be written; those of the parts before are kept.
    InvalidRequest
        The server of a source does not answer.
    """
    sources = list(sources)
    with _listing():
        tally = Tally(count_files(sources))
    empty = dict.fromkeys(path for path in sources if is_folder(path))
    waiting: dict[str, dict[str, Any]] = {}
    scored = 0
    started = written = reported = monotonic()

    def keep(row: dict[str, Any] | None) -> None:
        # The same study may have been found through two sources.
        if row is not None and row["study"] not in folder.done and row["study"] not in waiting:
            waiting[row["study"]] = row
            tally.answered += "error" not in row
            tally.failed += "error" in row
            tally.unreadable += "error" in row and row["error"]["code"] == UNREADABLE

    # Closed before an error leaves the cluster: Ray ends a process whose threads still ask for it.
    # Lists of files are many: none outlives its place.
    with closing(answer_all(_find_places(sources), lambda: folder.done | waiting.keys())) as answers:
        for work, row in answers:
            tally.settled += work.settled
            if work.root is not None:
                empty.pop(work.root, None)
            tally.left += bool(work.files) and row is None
            scored += 0 if row is None else work.settled
            keep(row)
            now = monotonic()
            if waiting and (len(waiting) >= part_studies or now - written > _PART_S):
                folder.write(list(waiting.values()))
                waiting.clear()
                written = monotonic()
            if now - reported > _REPORT_S:
                reported = now
                report(_describe(tally, scored / (now - started)))
    for root in empty:
        keep(worker.answer([root]))
    if waiting:
        folder.write(list(waiting.values()))
    return tally


def _find_places(sources: Iterable[Path]) -> Iterator[Place]:
    with _listing():
        yield from find_places(sources)


@contextmanager
def _listing() -> Iterator[None]:
    try:
        yield
    except TumorscopeError:
        raise
    except Exception as error:
        # Of a file, the command says so; a server has no name, and the libraries have errors of their own.
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise InvalidRequest(f"A source cannot be listed: {error}") from error


def answer_here(places: Iterable[Place], done: Callable[[], set[str]], worker: Worker, threads: int) -> Answers:
    """Answer in threads of this process, which share a model; see `on_ray.answer_on_ray`."""
    known = done()
    works = (work for place in places for work in find_work(place, known.__contains__))
    return answer_in_threads(works, lambda work: worker.answer(work.files) if work.files else None, threads)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a run would do; `study_s` is what a study takes on one worker, the mean of a few, drawn at random."""

    files: int
    studies: int
    study_s: float


def estimate(sources: Iterable[Path], done: set[str], worker: Worker) -> Estimate:
    """Count studies, and answer a few of them to see how long it takes; nothing is written.

    Raises
    ------
    InvalidRequest
        The server of a source does not answer.
    """
    draw = random.Random(0)
    sample: list[tuple[Path, ...]] = []
    files = studies = 0
    with _listing():
        for place in find_places(sources):
            files += len(place.files)
            for work in find_work(place, done.__contains__):
                if not work.files:
                    continue
                studies += 1
                if len(sample) < _SAMPLE:
                    sample.append(work.files)
                elif (drawn := draw.randrange(studies)) < _SAMPLE:
                    sample[drawn] = work.files
    started = perf_counter()
    for one in sample:
        worker.answer(one)
    return Estimate(files, studies, (perf_counter() - started) / max(1, len(sample)))


def describe_time(seconds: float) -> str:
    """In the unit that suits it."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _describe(tally: Tally, files_per_s: float) -> str:
    left = describe_time((tally.files - tally.settled) / files_per_s) if files_per_s else "unknown time"
    return (
        f"{tally.settled} of {tally.files} files, {files_per_s:.1f} a second, {left} left; "
        f"{tally.answered} studies answered, {tally.failed} failed"
    )
