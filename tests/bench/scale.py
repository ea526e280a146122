"""``python -m tests.bench.scale``: an archive's scoring on Ray, in threads and in a plain process pool, in one run.

The archive is drawn: volumes of DICOM instances. A run of the command is timed as a whole, and once more when all is
done: that is its restart, and the difference is spent on studies.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from tests.factories import make_dicom_bytes, make_slice
from tumorscope.imaging.series.study_files import find_studies
from tumorscope.model.bundle import read_bundle
from tumorscope.model.store import DEFAULT_BUNDLE
from tumorscope.scale.answers import read_done
from tumorscope.scale.worker import Worker, WorkerPlan

_workers: list[Worker] = []


def write_archive(folder: Path, studies: int, slices: int) -> None:
    """Write studies of so many instances of 192 x 192 pixels, 5 mm apart."""
    drawn = [make_slice(number % 20 + 1, lesion=number % 3 == 0, size=192).pixels for number in range(slices)]
    stated = {"SOPInstanceUID": "1.2.1111111", "SeriesInstanceUID": "1.2.2222222"}
    templates = [
        make_dicom_bytes(pixels, InstanceNumber=number + 1, ImagePositionPatient=[0, 0, 5 * number], **stated)
        for number, pixels in enumerate(drawn)
    ]
    for study in range(studies):
        place = folder / f"{study // 100:03}" / f"{study:06}"
        place.mkdir(parents=True)
        for number, template in enumerate(templates):
            data = template.replace(b"1111111", b"%d" % (10**6 + study * slices + number))
            (place / f"{number:03}.dcm").write_bytes(data.replace(b"2222222", b"%d" % (10**6 + study)))


def time_command(archive: Path, output: Path, *options: str) -> float:
    """Seconds of a run of the command."""
    command = [sys.executable, "-m", "tumorscope", "score", str(archive), "--output", str(output), *options]
    environment = {**os.environ, "RAY_ADDRESS": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = perf_counter()
    subprocess.run(command, env=environment, stderr=subprocess.DEVNULL, check=True)
    return perf_counter() - started


def measure_command(archive: Path, output: Path, studies: int, *options: str) -> dict[str, float]:
    """A run, and a run again."""
    whole = time_command(archive, output, *options)
    assert len(read_done(output)) == studies
    restart = time_command(archive, output, *options)
    return {
        "whole_s": round(whole, 1),
        "restart_s": round(restart, 1),
        "studies_per_s": round(studies / (whole - restart), 2),
        "bytes_a_study": round(sum(file.stat().st_size for file in output.rglob("*.parquet")) / studies),
    }


def measure_call(call: Callable[[], object], studies: int) -> dict[str, float]:
    """Of a process that is ready."""
    started = perf_counter()
    call()
    return {"studies_per_s": round(studies / (perf_counter() - started), 2)}


def _start_worker(plan: WorkerPlan) -> None:
    _workers.append(Worker(plan))


def _answer(files: list[Path]) -> str:
    return json.dumps(_workers[0].answer(files))


def measure_pool(plan: WorkerPlan, found: list[list[Path]], processes: int) -> dict[str, float]:
    """A process pool of the standard library, its workers ready."""
    with ProcessPoolExecutor(processes, get_context("spawn"), _start_worker, (plan,)) as pool:
        _take(pool.map(_answer, found[:processes]))
        return measure_call(lambda: _take(pool.map(_answer, found)), len(found))


def _take(answers: Iterable[Any]) -> None:
    for _ in answers:
        pass


def main() -> None:
    """Write the archive, measure, and print a line of JSON for each figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--slices", type=int, default=50, help="instances of a study")
    options = parser.parse_args()
    os.environ["TUMORSCOPE_ENGINE"] = "litert"
    plan = WorkerPlan(str(DEFAULT_BUNDLE), read_bundle(DEFAULT_BUNDLE).sha256, "litert", 1, "balanced", 1024)
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name, "archive")
        write_archive(archive, options.studies, options.slices)
        found = list(find_studies([archive], lambda _file: False, lambda _file: None))
        assert len(found) == options.studies
        worker = Worker(plan)
        worker.answer(found[0])
        _show("archive", {"cores": psutil.cpu_count(), "studies": options.studies, "slices": options.slices})
        _show("pipeline alone, one core", measure_call(lambda: _take(map(worker.answer, found)), len(found)))
        for count in (1, 2):
            _show(f"process pool, {count}", measure_pool(plan, found, count))
            for engine in ("local", "ray"):
                output = Path(name, f"{engine}-{count}")
                flags = ("--engine", engine, "--workers", str(count))
                _show(f"{engine}, {count}", measure_command(archive, output, len(found), *flags))


def _show(name: str, figures: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps({name: figures})}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
