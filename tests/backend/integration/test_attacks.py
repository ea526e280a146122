"""A service of its own under the attacks on parsers; `make attack` makes all of them on a running one."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.connections import MALFORMED, Target, send_malformed
from tests.attacks.files import ATTACKS, MEMORY
from tests.attacks.memory import MOST_MIB, watch_memory
from tests.attacks.run import attack, leave
from tests.factories import write_tiny_int8_bundle
from tests.processes import ServedProcess, serve
from tests.waiting import PATIENCE_S, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of address space and time are those of Linux")

_MANY_TAGS = "ZIP of 130 of these"
# What takes long to make, or many turns of the network.
_LONG = {
    *MEMORY,
    "PNG of 900 megapixels",
    "ZIP of 50,000 empty files",
    "gzip in gzip in gzip",
    "gigabyte of nothing in JSON",
    "NIfTI of 2,000 slices",
    "DICOM, JPEG 2000 of 200 frames",
}
_SHORT = [name for name in ATTACKS if name not in _LONG or name == "JPEG of many scans"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_int8_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def served(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    with serve(bundle, tmp_path_factory.mktemp("served") / "service.log") as served:
        served.wait_for_status("ready")
        yield served


def test_attacks_are_refused_and_pictures_answered_within_the_memory(served: ServedProcess) -> None:
    with watch_memory(served.popen.pid, every_s=0.05) as peak:
        outcomes = list(attack(served.client, _SHORT, peak))
    assert [one for one in outcomes if not one.is_right] == []
    assert 0 < max(one.peak_mib for one in outcomes) < MOST_MIB


@pytest.mark.parametrize("name", MALFORMED)
def test_request_that_servers_may_read_differently_has_one_answer_and_closes(served: ServedProcess, name: str) -> None:
    assert send_malformed(Target(served.address, "", {}), name, PATIENCE_S) in MALFORMED[name][1]


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
