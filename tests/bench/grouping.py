"""What grouping a folder of very many DICOM instances into studies costs.

.venv/bin/python -m tests.bench.grouping --count 20000
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from tests.factories import make_dicom_bytes
from tumorscope.imaging.series.study_files import find_studies

_IN_SERIES, _IN_FOLDER = 200, 5000


def write_instances(folder: Path, count: int, *, uid_each: bool) -> None:
    """Instances of 128x128 pixels, 200 of a series and 5,000 of a folder; with a series UID for each, if wanted."""
    pixels = np.random.default_rng(0).integers(0, 4000, (128, 128)).astype(np.uint16)
    said: dict[str, Any] = {
        "SOPInstanceUID": "1.2.1111111",
        "SeriesInstanceUID": "1.2.2222222",
        "SeriesNumber": 33333333,
    }
    template = make_dicom_bytes(pixels, SeriesDescription="t1_mprage_sag", EchoTime=3, InstanceNumber=1, **said)
    for number in range(count):
        series = number // _IN_SERIES
        data = template.replace(b"1111111", b"%d" % (10**6 + number)).replace(b"33333333", b"%8d" % series)
        data = data.replace(b"2222222", b"%d" % (10**6 + (number if uid_each else series)))
        place = folder / str(number // _IN_FOLDER) / f"{number:06}.dcm"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(data)


def measure(folder: Path) -> dict[str, Any]:
    """Group, and count how often each file is opened."""
    opened = Counter[str]()

    def note(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(arguments[0]).startswith(str(folder)) and not Path(arguments[0]).is_dir():
            opened[str(arguments[0])] += 1

    sys.addaudithook(note)
    before_mib = psutil.Process().memory_info().rss / 2**20
    used, started = time.process_time(), time.perf_counter()
    studies = list(find_studies([folder], lambda _: False, lambda _: None))
    return {
        "seconds": round(time.perf_counter() - started, 1),
        "processor_s": round(time.process_time() - used, 1),
        "studies": len(studies),
        "files": sum(map(len, studies)),
        "most_often_opened": max(opened.values()),
        "above_start_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib),
    }


def main() -> None:
    """Write the files, group them, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.grouping", description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="instances")
    parser.add_argument("--uid-each", action="store_true", help="a series UID for each instance, as some exports have")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_instances(Path(name), options.count, uid_each=options.uid_each)
        sys.stdout.write(f"{measure(Path(name))}\n")


if __name__ == "__main__":
    main()
