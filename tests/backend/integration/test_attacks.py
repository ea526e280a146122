"""A service of its own under the attacks on parsers; `make attack` makes all of them on a running one."""

import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.attacks.run import attack, leave
from tests.factories import write_tiny_int8_bundle
from tests.processes import ServedProcess, serve
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of address space and time are those of Linux")

_TAGS = "deflated DICOM of four million elements"
_MANY_TAGS = "ZIP of 130 of these"
_SHORT = (
    _TAGS,
    _MANY_TAGS,
    "DICOM of 10⁹ frames",
    "ZIP with a directory of 500,000 entries",
    "ZIP of a gigabyte of nothing",
    "ZIP in a ZIP",
    "ZIP with a way out",
    "damaged LZMA in a ZIP",
    "JPEG of many scans",
    "PNG with a text of a gigabyte",
    "PNG with a profile of a gigabyte",
    "NIfTI that is shorter than it says",
    "NIfTI of what is no number",
    "millions of numbers in JSON",
    "JSON nested 100,000 deep",
)
_MOST_MIB = 1536


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def served(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    with serve(bundle, tmp_path_factory.mktemp("served") / "service.log") as served:
        served.wait_for_status("ready")
        yield served


def _measure_mib(process: psutil.Process) -> float:
    """Of a process and those that it started, ended ones left out."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


def test_attacks_are_refused_and_pictures_answered_within_the_memory(served: ServedProcess) -> None:
    peaks: list[float] = []
    ended = threading.Event()

    def measure() -> None:
        while not ended.wait(0.05):
            peaks.append(_measure_mib(served.process))

    measuring = threading.Thread(target=measure)
    measuring.start()
    try:
        outcomes = list(attack(served.client, _SHORT))
    finally:
        ended.set()
        measuring.join()
    assert [one for one in outcomes if not one.is_right] == []
    assert max(peaks) < _MOST_MIB


def _count_busy(served: ServedProcess) -> int:
    depth: int = served.client.get("/health").json()["queue_depth"]
    return depth


def test_work_of_a_client_that_left_ends(served: ServedProcess) -> None:
    with served.connect() as leaving:
        leave(leaving, _MANY_TAGS)
    wait_until(lambda: _count_busy(served) == 0)


def test_service_does_not_wait_for_what_nobody_waits_for_to_end(bundle: Path, tmp_path: Path) -> None:
    with serve(bundle, tmp_path / "service.log", drain_s="0") as served:
        served.wait_for_status("ready")
        with served.connect() as leaving:
            leave(leaving, _MANY_TAGS)
        children = served.process.children(recursive=True)
        served.popen.send_signal(signal.SIGTERM)
        # Another status says that it gave up waiting.
        assert served.popen.wait(PATIENCE_S) == 0
        wait_until(lambda: not any(one.is_running() for one in children))
