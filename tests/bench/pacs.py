"""What the watcher adds to the service, beside a real Orthanc: a series from end to end, and a long queue.

.venv/bin/python -m tests.bench.pacs --series ../shared/data/dicom/t1_mprage_series --studies 200
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.orthanc import Orthanc, run_orthanc
from tests.processes import ServedProcess, serve
from tests.waiting import PATIENCE_S, wait_until
from tests.watching import make_study, run_watcher
from tumorscope.model.store import DEFAULT_BUNDLE
from tumorscope.pacs.jobs import Jobs

_SETTLE_S = 5
_TIMES = 3


def measure_series(orthanc: Orthanc, service: ServedProcess, series: Path, folder: Path) -> dict[str, object]:
    """Seconds of the service alone for its DICOM objects, and from the stable series to its report in the archive."""
    accept = {"Accept": 'multipart/related; type="application/dicom"'}
    files = [("file", path.read_bytes()) for path in sorted(series.glob("*.dcm"))]
    alone_s, added_s = [], []
    # The first one loads what makes the objects.
    for _ in range(_TIMES + 1):
        began = time.monotonic()
        service.client.post("/predict", files=files, headers=accept).raise_for_status()
        alone_s.append(round(time.monotonic() - began, 2))
    address = "{}:{}".format(*service.address)
    options = ["--settle-s", str(_SETTLE_S), "--poll-s", "2"]
    for number in range(_TIMES):
        orthanc.clear()
        (place := folder / str(number)).mkdir()
        with run_watcher(orthanc, address, place, *options) as watcher:
            watcher.wait_for("watching")
            orthanc.send(series)
            stable_at = time.monotonic() + _SETTLE_S
            wait_until(lambda: len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3, every_s=0.05)
            added_s.append(round(time.monotonic() - stable_at, 2))
            peak_mib = round(watcher.read_peak_mib())
    return {
        "instances": len(files),
        "service_s": alone_s[1:],
        "stable_to_result_s": added_s,
        "watcher_peak_mib": peak_mib,
    }


def measure_queue(orthanc: Orthanc, service: ServedProcess, studies: int, folder: Path) -> dict[str, object]:
    """Seconds of each quarter of a queue, and whether each of its studies was finished once."""
    orthanc.clear()
    for number in range(1, studies + 1):
        orthanc.put(make_study(f"1.2.{number}", slices=1))
    ends: list[float] = []
    cpu_s: list[float] = []
    with run_watcher(orthanc, "{}:{}".format(*service.address), folder) as watcher, Jobs(folder / "jobs") as jobs:
        watcher.wait_for("watching")
        began, cpu_before_s = time.monotonic(), watcher.read_cpu_s()
        for quarter in range(1, 5):
            deadline = time.monotonic() + PATIENCE_S * 10
            while jobs.count().get("answered", 0) < quarter * studies // 4:
                assert time.monotonic() < deadline, jobs.count()
                time.sleep(0.2)
            ends.append(time.monotonic())
            cpu_s.append(watcher.read_cpu_s())
        peak_mib = round(watcher.read_peak_mib())
        finished = [one["study"] for one in watcher.read_log() if one["event"] == "study_answered"]
    return {
        "studies": studies,
        "quarters_s": [round(end - start, 1) for start, end in zip([began, *ends], ends, strict=False)],
        # Of the watcher alone, which other work on the machine changes little.
        "quarters_cpu_s": [round(end - start, 1) for start, end in zip([cpu_before_s, *cpu_s], cpu_s, strict=False)],
        "finished_once": sorted(finished) == list(range(1, studies + 1)),
        "results": len(orthanc.list_uids(Manufacturer="Tumorscope")),
        "watcher_peak_mib": peak_mib,
    }


def main() -> None:
    """Measure what was asked for, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pacs", description=__doc__)
    parser.add_argument("--series", type=Path, help="folder of a series")
    parser.add_argument("--studies", type=int, help="length of the queue")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "archive").mkdir()
        with serve(DEFAULT_BUNDLE, folder / "log") as service, run_orthanc(folder / "archive") as orthanc:
            service.wait_for_status("ready")
            if options.series is not None:
                sys.stdout.write(f"{json.dumps(measure_series(orthanc, service, options.series, folder))}\n")
            if options.studies is not None:
                (folder / "queue").mkdir()
                sys.stdout.write(f"{json.dumps(measure_queue(orthanc, service, options.studies, folder / 'queue'))}\n")


if __name__ == "__main__":
    main()
