"""``serve --workers``: several processes on one port, replaced when they end, and ended together."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import pytest

from tests.factories import make_phantom_file, write_tiny_int8_bundle
from tests.processes import ServedProcess, serve
from tumorscope.api.lifecycle.workers import divide
from tumorscope.api.settings import Settings

_FILE = make_phantom_file()
_TIMEOUT_S = 60


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedProcess]:
    bundle = write_tiny_int8_bundle(tmp_path / "bundle")
    with serve(bundle, tmp_path / "service.log", "--workers", "2", drain_s="0") as process:
        process.wait_for_status("ready")
        yield process


def _find_workers(served: ServedProcess) -> dict[int, psutil.Process]:
    found = {}
    for child in psutil.Process(served.popen.pid).children():
        # One that has just been killed has no command line until its parent has noticed.
        with suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found[child.pid] = child
    return found


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _TIMEOUT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _post(served: ServedProcess) -> int:
    # A connection of its own each time: the kernel gives it to either worker.
    try:
        with served.connect() as client:
            return client.post("/predict", files={"file": _FILE}).status_code
    except httpx.TransportError:
        return 0


def _replace_one(served: ServedProcess, number: int) -> None:
    before = _find_workers(served)
    assert len(before) == 2
    next(iter(before.values())).send_signal(number)
    _wait_until(lambda: len(_find_workers(served).keys() - before.keys()) == 1)


def test_workers_answer_are_replaced_and_end_together(served: ServedProcess) -> None:
    _wait_until(lambda: all(_post(served) == 200 for _ in range(8)))
    for number in (signal.SIGKILL, signal.SIGTERM):
        _replace_one(served, number)
        # Also the port is as open as before, which all of them have in common.
        _wait_until(lambda: all(_post(served) == 200 for _ in range(8)))
    after = _find_workers(served)
    served.popen.send_signal(signal.SIGTERM)
    assert served.popen.wait(_TIMEOUT_S) == 0
    assert not any(worker.is_running() for worker in after.values())


def test_metrics_of_either_worker_are_those_of_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    bundle = write_tiny_int8_bundle(tmp_path / "bundle")
    with serve(bundle, tmp_path / "service.log", "--workers", "2", drain_s="0") as served:
        _wait_until(lambda: all(_post(served) == 200 for _ in range(8)))
        before = _count_predictions(served)
        assert [_post(served) for _ in range(10)] == [200] * 10
        assert {_count_predictions(served) - before for _ in range(6)} == {10}
        killed = next(iter(_find_workers(served).values()))
        killed.kill()
        killed.wait(_TIMEOUT_S)
        # What a worker has counted outlives it: a counter never falls.
        assert _count_predictions(served) - before == 10
        served.popen.send_signal(signal.SIGTERM)
        assert served.popen.wait(_TIMEOUT_S) == 0
    assert not list(temporary.glob("tumorscope-metrics-*"))


def _count_predictions(served: ServedProcess) -> float:
    series = 'tumorscope_requests_total{code="none",method="POST",route="/predict",status="200"} '
    with served.connect() as client:
        (line,) = [line for line in client.get("/metrics").text.splitlines() if line.startswith(series)]
    return float(line.removeprefix(series))


def test_workers_end_with_a_parent_that_was_killed(served: ServedProcess) -> None:
    workers = _find_workers(served)
    served.popen.kill()
    served.popen.wait(_TIMEOUT_S)
    _wait_until(lambda: not any(worker.is_running() for worker in workers.values()))


def test_workers_divide_what_there_is() -> None:
    each = divide(
        Settings(engine_threads=8, threads=6, max_waiting=64, max_upload_memory_mib=1024, max_request_mib=100), 4
    )
    assert (each.engine_threads, each.threads, each.max_waiting, each.max_upload_memory_mib) == (2, 1, 16, 256)


def test_each_worker_has_at_least_one_of_everything_and_room_for_an_upload() -> None:
    each = divide(Settings(engine_threads=1, threads=1, max_waiting=1, max_upload_memory_mib=256), 64)
    assert (each.engine_threads, each.threads, each.max_waiting, each.max_upload_memory_mib) == (1, 1, 1, 256)
