"""Places in, the answers to their studies out, from workers on a Ray cluster; the only user of Ray.

Tasks group the files of a folder into studies; actors, which hold a model each, answer one study at a time. Paths go
to them and answers come back: no pixel passes through Ray.
"""

import gc
import json
import logging
import os
import secrets
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import ray
import ray.data
from ray.util.annotations import RayDeprecationWarning

from tumorscope.domain.errors import SetupInvalid
from tumorscope.imaging.series.study_files import Place, list_folder
from tumorscope.scale.sources import name_source
from tumorscope.scale.studies import Work, find_work, name_study

if TYPE_CHECKING:
    from tumorscope.scale.worker import WorkerPlan

# Paths and answers are all it holds.
_OBJECT_STORE_BYTES = 100 * 2**20
# Beside what a study may take: interpreter, model and parsers.
_WORKER_MIB = 768
# Once more, and in the second pass again: a study whose worker died is tried four times.
_RETRIES = 1
_PASSES = 2
# Ray's processes wait a quarter of a minute for each other (ray#65983): a start beside another one may be too slow.
_STARTS = 3
_PLACES_PER_TASK = 16
_WORKER_DIED = {"code": "worker_died", "detail": "The worker died several times while it read the study."}


@contextmanager
def join_cluster(processors: int, study_mib: int) -> Iterator[int]:
    """Join the cluster that the environment names (``RAY_ADDRESS``), or start Ray here, and give its processors.

    Raises
    ------
    SetupInvalid
        The cluster cannot be reached, Ray does not start, or this machine's memory is too small for one worker.
    """
    # Nothing about its use is sent to anybody.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    # At ERROR it prints a traceback for each study whose worker or node has gone, though it tries that study again.
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    quiet: dict[str, Any] = {"include_dashboard": False, "log_to_driver": False, "logging_level": "ERROR"}
    address = os.environ.get("RAY_ADDRESS") or "local"
    if address == "local":
        quiet |= {"num_cpus": processors, "object_store_memory": _OBJECT_STORE_BYTES}
        # Of this run alone: Ray would keep one in the home folder, which two commands may make at the same time.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex())
    _init(address, quiet, _STARTS if address == "local" else 1)
    try:
        resources = ray.cluster_resources()
        # Ray would wait for another machine; clusters may get one.
        if address == "local" and resources["memory"] < _reserve(study_mib):
            raise SetupInvalid("The memory that is free is too small for one worker; state a smaller --study-mib.")
        yield int(resources.get("CPU", 1))
    finally:
        ray.shutdown()


def _init(address: str, options: dict[str, Any], tries: int) -> None:
    try:
        ray.init(address, **options)
    # Of a start that takes too long, Ray raises the base class.
    except Exception as error:
        if tries == 1:
            raise SetupInvalid(
                "Ray did not start, or the cluster that RAY_ADDRESS names is not reached. "
                "Try again, or use --engine local."
            ) from error
        _init(address, options, tries - 1)


def answer_on_ray(
    places: Iterable[Place], done: Callable[[], set[str]], plan: "WorkerPlan", workers: int
) -> Generator[tuple[Work, dict[str, Any] | None]]:
    """Answer the studies of places that are not done, in any order; all places are listed before the first is answered.

    Each worker has as many processors as it has threads. A piece of work without a study has no answer.
    """
    listed = [_pack_place(place) for place in places]
    expected = sum(int(one["count"]) for one in listed)
    for number in range(_PASSES):
        settled = 0
        # A study that ends its worker takes those along that wait there: in the second pass none waits.
        with closing(_score(listed, sorted(done()), plan, workers, ahead=None if number == 0 else 1)) as rows:
            for row in rows:
                work = _unpack_work(row)
                settled += work.settled
                # The first pass has settled the other files of the folder.
                kept = work if number == 0 else replace(work, settled=len(work.files))
                yield kept, None if not work.files else json.loads(row["answer"])
        if settled >= expected:
            return
        # What Ray raised still holds this pass's workers, and the next one's would wait until they are gone.
        gc.collect()
    # What is still left ended its workers each time.
    known = done()
    for one in listed:
        for work in find_work(_unpack_place(one), known.__contains__):
            if work.files:
                yield replace(work, settled=len(work.files)), {**name_study(work.files), "error": _WORKER_DIED}


def _reserve(study_mib: int) -> int:
    """Bytes that Ray keeps for a worker."""
    return (study_mib + _WORKER_MIB) * 2**20


def _score(
    places: list[dict[str, Any]], done: list[str], plan: "WorkerPlan", workers: int, ahead: int | None
) -> Generator[dict[str, Any]]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A block for each study: it is what a worker is given, and what is done again when one dies.
    context.target_max_block_size = 1
    # A study that ends its worker each time must not end the run, nor a node that dies while a worker starts.
    context.max_errored_blocks = -1
    context.max_consecutive_actor_init_deaths = 3
    keys = ray.put(np.array(done, dtype="S24"))
    found = ray.data.from_items(places, override_num_blocks=max(1, -(-len(places) // _PLACES_PER_TASK))).flat_map(
        _find_work_of,
        fn_kwargs={"keys": keys},
        # Tasks wait for disks, and must not wait for the workers' processors.
        num_cpus=0,
        compute=ray.data.TaskPoolStrategy(max(1, workers // 8)),
    )
    with warnings.catch_warnings():
        # Ray has no other way to bound the retries of a study that ends its worker each time.
        warnings.simplefilter("ignore", RayDeprecationWarning)
        answered = found.map(
            _Scorer,
            fn_constructor_args=(plan,),
            compute=ray.data.ActorPoolStrategy(
                min_size=1, max_size=workers, initial_size=workers, max_tasks_in_flight_per_actor=ahead
            ),
            num_cpus=plan.threads,
            memory=_reserve(plan.study_mib),
            ray_remote_args_fn=lambda: {"max_restarts": -1, "max_task_retries": _RETRIES},
        )
    # `iter_rows` reads ahead in threads that outlive it: when one asks for the cluster that was just left, Ray ends the
    # process without a word.
    for bundle in answered.iter_internal_ref_bundles():
        for block in bundle.block_refs:
            yield from ray.get(block).to_pylist()


class _Scorer:
    """Answers rows of `_find_work_of`."""

    def __init__(self, plan: "WorkerPlan") -> None:
        from tumorscope.scale.worker import Worker  # noqa: PLC0415  (tasks that group files start without a model)

        self._worker = Worker(plan)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        work = _unpack_work(row)
        answer = self._worker.answer(work.files) if work.files else None
        return {**row, "answer": json.dumps(answer).encode()}


def _find_work_of(item: dict[str, Any], keys: "ray.ObjectRef[Any]") -> list[dict[str, Any]]:
    done = ray.get(keys)

    def is_done(key: str) -> bool:
        place = int(np.searchsorted(done, key.encode()))
        return place < len(done) and bool(done[place] == key.encode())

    found = find_work(_unpack_place(item), is_done)
    # The folder may have changed since it was listed; as many files as then are settled.
    found[0] = Work(found[0].files, found[0].settled + item["count"] - sum(one.settled for one in found), found[0].root)
    return [_pack_work(work) for work in found]


def _pack_place(place: Place) -> dict[str, Any]:
    """Of a folder its name alone; the files are listed again where they are grouped."""
    return {
        "folder": _pack_paths([] if place.folder is None else [place.folder]),
        "files": _pack_paths(place.files if place.folder is None else []),
        "root": _pack_paths([] if place.root is None else [place.root]),
        "count": len(place.files),
    }


def _unpack_place(item: dict[str, Any]) -> Place:
    [root] = _unpack_paths(item["root"]) or [None]
    [folder] = _unpack_paths(item["folder"]) or [None]
    if folder is None:
        return Place(list(_unpack_paths(item["files"])), root)
    try:
        files = list_folder(folder)
    except Exception:  # noqa: BLE001  (libraries of object storage have errors of their own)
        # As one that has gone since: a study of its own, a failure that says why.
        files = [folder]
    return Place(files, root, folder)


def _pack_work(work: Work) -> dict[str, Any]:
    return {
        "files": _pack_paths(work.files),
        "settled": work.settled,
        "root": _pack_paths([] if work.root is None else [work.root]),
    }


def _unpack_work(row: dict[str, Any]) -> Work:
    [root] = _unpack_paths(row["root"]) or [None]
    return Work(_unpack_paths(row["files"]), int(row["settled"]), root)


def _pack_paths(paths: Iterable[Path]) -> bytes:
    """As bytes, for not every name of a file is text."""
    return b"\0".join(os.fsencode(str(path)) for path in paths)


def _unpack_paths(packed: bytes) -> tuple[Path, ...]:
    return tuple(name_source(os.fsdecode(one)) for one in packed.split(b"\0")) if packed else ()
