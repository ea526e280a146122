"""``python -m tests.bench.scale``: an archive's scoring on Ray and in threads, a process pool and Dask, in one run.

The archive is drawn: volumes of DICOM instances. A run of the command is timed as a whole, and once more when all is
done: that is its restart, and the difference is spent on studies. Each worker has one core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from time import perf_counter

import psutil

from tests.bench.scale_pools import time_call, time_dask, time_pool
from tests.factories import make_dicom_bytes, make_slice
from tumorscope.imaging.series.study_files import find_studies
from tumorscope.model.bundle import read_bundle
from tumorscope.model.store import DEFAULT_BUNDLE
from tumorscope.scale.answers import TABLES, read_done, read_table
from tumorscope.scale.worker import Worker, WorkerPlan

# Of the table on paper: a machine of a cloud, its cores and price by the hour; days that a run may take; prices of a
# terabyte by the month.
_NODE_CORES = 32
_NODE_USD_H = 1.28
_DAYS = 7
_TB_MONTH_USD = 23


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


def start_command(archive: Path, output: Path, *options: str) -> subprocess.Popen[bytes]:
    """Start a run of the command."""
    command = [sys.executable, "-m", "tumorscope", "score", str(archive), "--output", str(output), *options]
    environment = {**os.environ, "RAY_ADDRESS": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


def time_command(archive: Path, output: Path, *options: str) -> float:
    """Seconds of a run of the command."""
    started = perf_counter()
    assert start_command(archive, output, *options).wait() == 0
    return perf_counter() - started


def measure_command(archive: Path, output: Path, workers: int, engine: str, alone_s: float) -> dict[str, float]:
    """A run, and a run again."""
    options = ("--engine", engine, "--workers", str(workers))
    whole = time_command(archive, output, *options)
    studies = len(read_done(output))
    restart = time_command(archive, output, *options)
    return {
        **describe_rate(studies, whole - restart, workers, alone_s),
        "whole_s": round(whole, 1),
        "restart_s": round(restart, 1),
    }


def describe_rate(studies: int, seconds: float, workers: int, alone_s: float) -> dict[str, float]:
    """Say how fast studies were answered, beside one core of the pipeline alone, which takes `alone_s` for one."""
    study_s = workers * seconds / studies
    return {
        "studies_per_s": round(studies / seconds, 3),
        "efficiency": round(alone_s / study_s, 3),
        "overhead_ms_a_study": round(1000 * (study_s - alone_s)),
    }


def measure_kill(archive: Path, folder: Path, studies: int) -> dict[str, float]:
    """Score on Ray with two workers, killed when half is done; go on; compare with a run that nothing disturbs."""
    outputs = (folder / "killed", folder / "undisturbed")
    options = ("--workers", "2", "--part-studies", str(max(1, studies // 20)))
    process = start_command(archive, outputs[0], *options)
    while len(read_done(outputs[0])) < studies // 2:
        assert process.poll() is None
        time.sleep(1)
    for child in psutil.Process(process.pid).children(recursive=True):
        child.kill()
    process.kill()
    process.wait()
    done = len(read_done(outputs[0]))
    rest_s = time_command(archive, outputs[0], *options)
    undisturbed_s = time_command(archive, outputs[1], *options)
    for table in TABLES:
        first, second = (read_table(output, table).to_pylist() for output in outputs)
        assert sorted(map(str, first)) == sorted(map(str, second))
    return {"done_when_killed": done, "rest_s": round(rest_s, 1), "undisturbed_s": round(undisturbed_s, 1)}


def project(studies: int, study_s: float, source_bytes: float, answer_bytes: float) -> dict[str, float]:
    """On paper, what an archive takes.

    Parameters
    ----------
    studies : int
        Of the archive.
    study_s : float
        Seconds that a core takes for one, all overhead included.
    source_bytes, answer_bytes : float
        Of one study, in the archive and in the tables.
    """
    hours = studies * study_s / 3600 / _NODE_CORES
    nodes = ceil(hours / 24 / _DAYS)
    terabytes = studies * answer_bytes / 1e12
    return {
        "nodes": nodes,
        "days": round(hours / 24 / nodes, 2),
        "usd": round(hours * _NODE_USD_H),
        "read_tb": round(studies * source_bytes / 1e12, 2),
        "read_mb_s_a_node": round(_NODE_CORES / study_s * source_bytes / 1e6),
        "answers_gb": round(terabytes * 1e3, 2),
        "answers_usd_a_month": round(terabytes * _TB_MONTH_USD, 2),
    }


def main() -> None:
    """Write the archive, measure, and print a line of JSON for each figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--slices", type=int, default=50, help="instances of a study")
    parser.add_argument("--kill", action="store_true", help="score the archive on Ray alone, killed when half is done")
    options = parser.parse_args()
    os.environ["TUMORSCOPE_ENGINE"] = "litert"
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name, "archive")
        write_archive(archive, options.studies, options.slices)
        _show("archive", {"cores": psutil.cpu_count(), "studies": options.studies, "slices": options.slices})
        if options.kill:
            _show("killed", measure_kill(archive, Path(name), options.studies))
        else:
            _compare(archive, Path(name))


def _compare(archive: Path, folder: Path) -> None:
    plan = WorkerPlan(str(DEFAULT_BUNDLE), read_bundle(DEFAULT_BUNDLE).sha256, "litert", 1, "balanced", 1024)
    found = list(find_studies([archive], lambda _file: False, lambda _file: None))
    worker = Worker(plan)
    time_call(map(worker.answer, found[:2]))
    alone_s = time_call(map(worker.answer, found)) / len(found)
    _show("pipeline alone, 1", {"studies_per_s": round(1 / alone_s, 3), "s_a_study": round(alone_s, 3)})
    for workers in (1, 2):
        for kind, time_all in (("process pool", time_pool), ("Dask", time_dask)):
            seconds = time_all(plan, found, workers)
            _show(f"{kind}, {workers}", describe_rate(len(found), seconds, workers, alone_s))
        for engine in ("local", "ray"):
            output = folder / f"{engine}-{workers}"
            figures = measure_command(archive, output, workers, engine, alone_s)
            _show(f"--engine {engine}, {workers}", figures)
    source_bytes, answer_bytes = (
        sum(file.stat().st_size for file in place.rglob(kind)) / len(found)
        for place, kind in ((archive, "*.dcm"), (output, "*.parquet"))
    )
    _show("bytes a study", {"source": round(source_bytes), "answer": round(answer_bytes)})
    for power in range(4, 9):
        _show(f"10^{power} studies", project(10**power, 2 / figures["studies_per_s"], source_bytes, answer_bytes))


def _show(name: str, figures: Mapping[str, object]) -> None:
    sys.stdout.write(f"{json.dumps({name: figures})}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
