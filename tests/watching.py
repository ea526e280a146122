"""`tumorscope pacs watch` as a process of its own, and studies for it."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.factories import make_dicom_bytes, make_slice
from tests.orthanc import Orthanc
from tests.waiting import wait_until
from tumorscope.pacs.jobs import Jobs


def make_study(uid: str = "1.2.3", slices: int = 3, **stated: object) -> list[bytes]:
    """The files of a series; its patient's name is in no log."""
    common: dict[str, Any] = {
        "StudyInstanceUID": uid,
        "SeriesInstanceUID": f"{uid}.4",
        "FrameOfReferenceUID": f"{uid}.9",
        "PatientName": "Doe^Jane",
        "PatientID": "4711",
        "SliceThickness": 5,
        **stated,
    }
    places = {number: {"SOPInstanceUID": f"{uid}.4.{number}"} for number in range(1, slices + 1)}
    return [
        make_dicom_bytes(
            make_slice(number, size=128).pixels.astype(np.uint16),
            **{"ImagePositionPatient": [0, 0, 5 * number], **place, **common},
        )
        for number, place in places.items()
    ]


def make_due(jobs: Jobs) -> None:
    """As if the time of the study that waits had come."""
    study = jobs.take_due(10**12, settle_s=0)
    assert study is not None
    jobs.postpone(study, 0)


@dataclass(frozen=True)
class WatcherProcess:
    """`tumorscope pacs watch`."""

    popen: subprocess.Popen[bytes]
    log: Path

    def read_log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def read_peak_mib(self) -> float:
        """The most memory that it has had."""
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.popen.pid}/status").read_text())
        assert peak is not None
        return int(peak[1]) / 1024

    def read_cpu_s(self) -> float:
        """What it has taken of the cores."""
        # The name in brackets may hold blanks; the times follow as the 12th and 13th field after it.
        stated = Path(f"/proc/{self.popen.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stated[11]) + int(stated[12])) / os.sysconf("SC_CLK_TCK")

    def wait_for(self, event: str, times: int = 1, **fields: object) -> None:
        """Until its log has an event so often."""

        def happened() -> bool:
            assert self.popen.poll() is None, self.log.read_text()
            lines = [one for one in self.read_log() if one.items() >= {"event": event, **fields}.items()]
            return len(lines) >= times

        wait_until(happened)


@contextmanager
def run_watcher(orthanc: Orthanc, service: str, folder: Path, *options: str) -> Iterator[WatcherProcess]:
    log = folder / "watch.log"
    # The home folder would be the place of whatever is kept beside the jobs.
    environment = {**os.environ, "HOME": str(folder), "TMPDIR": str(folder), "NO_PROXY": "127.0.0.1"}
    addresses = ["--dicomweb", orthanc.dicomweb, "--service", f"http://{service}", "--jobs", str(folder / "jobs")]
    pace = ["--days", "0", "--settle-s", "0.5", "--poll-s", "0.2"]
    command = [sys.executable, "-m", "tumorscope", "pacs", "watch", *addresses, *pace, *options]
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output, env=environment) as popen:
        try:
            yield WatcherProcess(popen, log)
        finally:
            popen.kill()
