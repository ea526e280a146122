"""The watcher between a real archive, Orthanc, and the service."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, prlimit
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import make_dicom_bytes
from tests.orthanc import Orthanc, needs_orthanc, run_orthanc
from tests.postgres import PASSWORD, needs_postgres, run_postgres
from tests.serving import listen, serve
from tests.tls import encrypt, make_certificate
from tests.waiting import PATIENCE_S, wait_until
from tests.watching import make_due, make_study, run_watcher
from tumorscope.api.app import create_app
from tumorscope.api.auth.api_keys import RateLimit, format_key, make_key
from tumorscope.api.settings import Settings
from tumorscope.pacs import watch
from tumorscope.pacs.archive import Archive, Series
from tumorscope.pacs.jobs import Jobs
from tumorscope.pacs.peers import open_client
from tumorscope.pacs.waits import Waits
from tumorscope.pacs.watch import Filters, Watcher

pytestmark = needs_orthanc

_REPORT, _MAP, _PICTURE = "1.2.840.10008.5.1.4.1.1.88.34", "1.2.840.10008.5.1.4.1.1.30", "1.2.840.10008.5.1.4.1.1.7"
_MOST_MIB = 300
_KILLS = 20
_STUDIES = 200
_MINUTE_S = 60


@pytest.fixture(scope="module")
def shared_orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with run_orthanc(tmp_path_factory.mktemp("orthanc")) as running:
        yield running


@pytest.fixture
def orthanc(shared_orthanc: Orthanc) -> Orthanc:
    """An empty archive."""
    shared_orthanc.clear()
    return shared_orthanc


@dataclass(frozen=True)
class _Watched:
    """A watcher in this process, which looks at what there is and waits for nothing."""

    watcher: Watcher

    def work(self) -> dict[str, int]:
        """Do all that is due; the states of the studies."""
        self.watcher.poll()
        while self.watcher.answer_next():
            pass
        return self.watcher.jobs.count()


@contextmanager
def _watch_here(
    orthanc: Orthanc, service: str, jobs: Path, log: list[dict[str, object]] | None = None, **filters: Any
) -> Iterator[_Watched]:
    def note(event: str, **fields: object) -> None:
        if log is not None:
            log.append({"event": event, **fields})

    every: dict[str, Any] = {"modality": "MR", "body_parts": frozenset({"HEAD"}), "stations": frozenset()}
    read = Filters(**{**every, "description": re.compile(""), "days": 0, **filters})
    with (
        open_client(orthanc.dicomweb, None) as archive,
        open_client(f"http://{service}", None) as predicting,
        Jobs(jobs) as table,
        Waits(note) as waits,
    ):
        yield _Watched(Watcher(Archive(archive), predicting, table, read, settle_s=0, log=note, waits=waits))


def _status(folder: Path, *options: str) -> str:
    command = [sys.executable, "-m", "tumorscope", "pacs", "status", "--jobs", str(folder / "jobs"), *options]
    return str(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _count(place: Path | str) -> dict[str, int]:
    """What `_status` prints, without a process: it is asked again and again."""
    with Jobs(place) as jobs:
        return jobs.count()


def _find(client: httpx.Client, study: str, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/dicom-web/studies/{study}/instances", params=query).raise_for_status()
    return list(answer.json())


def test_series_sent_by_storescu_is_answered_in_the_archive(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path, data_folder: Path
) -> None:
    study = "1.3.12.2.1107.5.2.32.35389.30000010072311244895300000004"
    orthanc.send(data_folder / "dicom" / "t1_mprage_series")
    images = orthanc.list_uids()
    assert len(images) == 176
    with run_watcher(orthanc, tiny_address, tmp_path) as process:
        process.wait_for("study_answered")
        peak_mib = process.read_peak_mib()
        # Another one is answered: until then the watcher has asked the archive again, and seen its own results.
        orthanc.put(make_study())
        process.wait_for("study_answered", 2)
        assert [one["study"] for one in process.read_log() if one["event"] == "study_answered"] == [1, 2]
    assert peak_mib < _MOST_MIB
    for sop_class in (_REPORT, _MAP, _PICTURE):
        (found,) = _find(orthanc.client, study, SOPClassUID=sop_class)
        uid = found["00080018"]["Value"][0]
        assert uid not in images
        assert uid in orthanc.find(StudyInstanceUID=study, SeriesInstanceUID="", SOPInstanceUID=uid, SOPClassUID="")
    assert len(orthanc.list_uids()) == 176 + 3 + 3 + 3
    assert _status(tmp_path) == "answered  2\n"
    written = "".join(path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file())
    assert not re.search("Rorden|Doe|4711|19701112|t1_MPRAGE", written)
    assert not re.search(r"1\.3\.12\.2", (tmp_path / "watch.log").read_text())


def test_watcher_killed_at_random_points_finishes_each_study_once(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    studies = [f"1.2.{number}" for number in range(1, _KILLS + 5)]
    for uid in studies[:2]:
        orthanc.put(make_study(uid))
    with run_watcher(orthanc, tiny_address, tmp_path) as process:
        process.wait_for("study_answered", 2)
        seconds = [one["seconds"] for one in process.read_log() if one["event"] == "study_answered"]
    for uid in studies[2:]:
        orthanc.put(make_study(uid))
    points = random.Random(20)
    for number in range(_KILLS):
        with run_watcher(orthanc, tiny_address, tmp_path) as process:
            process.wait_for("watching", number + 2)
            # Somewhere in its first two studies, however fast the machine is.
            time.sleep(points.uniform(0, 2 * max(seconds[1], 0.1)))
            process.popen.send_signal(signal.SIGKILL)
            assert process.popen.wait() == -signal.SIGKILL
    with run_watcher(orthanc, tiny_address, tmp_path) as process:
        wait_until(lambda: _count(tmp_path / "jobs") == {"answered": len(studies)}, every_s=0.1)
    for uid in studies:
        found = [one["00080016"]["Value"][0] for one in _find(orthanc.client, uid)]
        assert sorted(found) == sorted(["1.2.840.10008.5.1.4.1.1.4"] * 3 + [_REPORT, _MAP, _PICTURE])


def test_long_queue_is_worked_through_once(orthanc: Orthanc, tiny_address: str, tmp_path: Path) -> None:
    for number in range(1, _STUDIES + 1):
        orthanc.put(make_study(f"1.2.{number}", slices=1))
    log: list[dict[str, object]] = []
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs", log) as watched:
        assert watched.work() == {"answered": _STUDIES}
        assert watched.work() == {"answered": _STUDIES}
    assert [one["event"] for one in log] == ["study_answered"] * _STUDIES
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3 * _STUDIES


@needs_postgres
def test_watchers_that_share_a_database_answer_each_study_once(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    for number in range(1, 13):
        orthanc.put(make_study(f"1.2.{number}", slices=1))
    with ExitStack() as later:
        postgres = later.enter_context(run_postgres())
        monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
        place = postgres.make_database()
        watchers = [
            later.enter_context(run_watcher(orthanc, tiny_address, folder, "--jobs", place)) for folder in folders
        ]
        wait_until(lambda: _count(place) == {"answered": 12}, every_s=0.1)
        postgres.stop()
        for watcher in watchers:
            watcher.wait_for("paused", code="jobs_not_written")
        postgres.start()
        orthanc.put(make_study("1.2.13", slices=1))
        wait_until(lambda: _count(place) == {"answered": 13}, every_s=0.1)
        assert _status(tmp_path, "--jobs", place) == "answered  13\n"
        log = [one for watcher in watchers for one in watcher.read_log()]
        answered = [one["study"] for one in log if one["event"] == "study_answered"]
        assert len(answered) == len(set(answered)) == 13
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3 * 13
    assert not any(PASSWORD in (folder / "watch.log").read_text() for folder in folders)


def test_two_archives_have_a_watcher_each_and_one_that_is_down_delays_no_other(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    with run_orthanc(folders[1]) as other:
        for archive in (orthanc, other):
            archive.put(make_study())
    with (
        run_watcher(other, tiny_address, folders[1]) as waiting,
        run_watcher(orthanc, tiny_address, folders[0]) as process,
    ):
        waiting.wait_for("paused", code="archive_unavailable")
        process.wait_for("study_answered")
        with run_orthanc(folders[1]) as again:
            waiting.wait_for("study_answered")
            assert again.list_uids() == orthanc.list_uids()


def test_operator_reads_what_is_done_and_what_waits(orthanc: Orthanc, tiny_address: str, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def read_metrics() -> dict[tuple[str, ...], float]:
        text = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
        return {(one.name, *sorted(one.labels.values())): one.value for one in samples}

    orthanc.put(make_study())
    with run_watcher(orthanc, "127.0.0.1:9", tmp_path, "--metrics-port", str(port)) as process:
        process.wait_for("paused", code="service_unavailable")
        page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "<td>paused</td><td></td><td>service_unavailable</td>" in page.text
        assert "1.2.3" not in page.text
        metrics = read_metrics()
        assert metrics["tumorscope_pacs_studies", "waiting"] == 1
        assert metrics["tumorscope_pacs_events_total", "paused", "service_unavailable"] >= 1
        assert metrics["tumorscope_pacs_oldest_open_seconds",] > 0
    assert re.fullmatch(r"waiting   1\nthe oldest that is open waits for \d+ s\n", _status(tmp_path))
    with run_watcher(orthanc, tiny_address, tmp_path, "--metrics-port", str(port)) as process:
        process.wait_for("study_answered")
        metrics = read_metrics()
        assert metrics["tumorscope_pacs_studies", "answered"] == 1
        assert metrics["tumorscope_pacs_studies", "waiting"] == 0
        assert metrics["tumorscope_pacs_events_total", "none", "study_answered"] == 1
        assert metrics["tumorscope_pacs_oldest_open_seconds",] == 0
        other = subprocess.run(
            [
                *(sys.executable, "-m", "tumorscope", "pacs", "watch", "--dicomweb", orthanc.dicomweb),
                *("--jobs", str(tmp_path / "other"), "--metrics-port", str(port)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    assert other.returncode == 1
    assert f"Metrics cannot be served at 127.0.0.1:{port}" in " ".join(other.stderr.split())
    assert json.loads(_status(tmp_path, "--json")) == {"studies": {"answered": 1}, "oldest_open_s": None, "failed": []}


def test_archive_that_is_down_for_a_minute_and_service_are_waited_for(tiny_bundle_folder: Path, tmp_path: Path) -> None:
    with ExitStack() as later:
        with run_orthanc(tmp_path) as orthanc:
            orthanc.put(make_study())
        with listen(FastAPI()) as (host, port):
            nobody = f"{host}:{port}"
        process = later.enter_context(run_watcher(orthanc, nobody, tmp_path))

        def count_pauses() -> float:
            paused = [one for one in process.read_log() if one["event"] == "paused"]
            return float(sum(one["seconds"] for one in paused if one["code"] == "archive_unavailable"))

        wait_until(lambda: count_pauses() >= _MINUTE_S)
        restarted = later.enter_context(run_orthanc(tmp_path))
        process.wait_for("paused", code="service_unavailable")
        app = create_app(Settings(bundle=tiny_bundle_folder))
        later.enter_context(listen(app, port))
        process.wait_for("study_answered", study=1)
        assert len(restarted.list_uids(Manufacturer="Tumorscope")) == 3
        assert not [one for one in process.read_log() if one["event"] == "study_failed"]


def test_same_study_twice_and_a_lost_job_table_make_no_second_copy(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    log: list[dict[str, object]] = []
    orthanc.put(make_study())
    for jobs in ("first", "first", "second"):
        with _watch_here(orthanc, tiny_address, tmp_path / jobs, log) as watched:
            assert watched.work() == {"answered": 1}
        orthanc.put(make_study())
    assert [one["event"] for one in log] == ["study_answered", "study_answered"]
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3
    assert len(orthanc.list_uids()) == 3 + 3


def test_study_that_grows_is_answered_anew(orthanc: Orthanc, tiny_address: str, tmp_path: Path) -> None:
    orthanc.put(make_study(slices=3))
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs") as watched:
        watched.work()
        orthanc.put(make_study(slices=5))
        assert watched.work() == {"answered": 1}
        assert watched.work() == {"answered": 1}
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 6


def test_study_that_was_deleted_and_sent_again_is_answered_again(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    orthanc.put(make_study())
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs") as watched:
        watched.work()
        orthanc.clear()
        orthanc.put(make_study())
        assert watched.work() == {"answered": 1}
        assert watched.work() == {"answered": 1}
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3


def test_study_with_an_odd_uid_keeps_no_other_from_its_answer(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    for file in make_study("1.2.53"):
        orthanc.put([file.replace(b"1.2.53", b"1.2\x0153")])
    orthanc.put(make_study("1.2.54"))
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs") as watched:
        assert watched.work() == {"answered": 1}
    assert orthanc.list_uids(Manufacturer="Tumorscope", StudyInstanceUID="1.2.54")


def test_only_what_the_filters_want_is_read(orthanc: Orthanc, tiny_address: str, tmp_path: Path) -> None:
    studies: dict[str, dict[str, Any]] = {
        "1.2.1": {"Modality": "MR", "BodyPartExamined": "HEAD", "SeriesDescription": "T1 axial"},
        "1.2.2": {"Modality": "MR", "BodyPartExamined": None, "StudyDescription": "MRI t1"},
        "1.2.3": {"Modality": "MR", "BodyPartExamined": "KNEE", "SeriesDescription": "T1 axial"},
        "1.2.4": {"Modality": "MR", "BodyPartExamined": "HEAD", "SeriesDescription": "localizer"},
        "1.2.5": {"Modality": "CT", "BodyPartExamined": "HEAD", "SeriesDescription": "T1 axial"},
        "1.2.6": {"Modality": "MR", "BodyPartExamined": "HEAD", "SeriesDescription": "T1", "StudyDate": "20200101"},
        "1.2.7": {"Modality": "MR", "Manufacturer": "Tumorscope", "SeriesDescription": "T1 axial"},
        "1.2.8": {"Modality": "MR", "StationName": "KNEES", "SeriesDescription": "T1 axial"},
    }
    for uid, stated in studies.items():
        orthanc.put(make_study(uid, **{"StudyDate": time.strftime("%Y%m%d"), "StationName": "Heads", **stated}))
    pattern = re.compile("t1", re.IGNORECASE)
    stations = frozenset({"HEADS"})
    with _watch_here(
        orthanc, tiny_address, tmp_path / "jobs", days=2, description=pattern, stations=stations
    ) as watched:
        assert watched.work() == {"answered": 2, "skipped": 4}
    for uid in studies:
        assert len(_find(orthanc.client, uid)) == (6 if uid in {"1.2.1", "1.2.2"} else 3)


def test_refused_study_is_not_asked_for_again(orthanc: Orthanc, tiny_address: str, tmp_path: Path) -> None:
    log: list[dict[str, object]] = []
    orthanc.put(make_study(SOPClassUID="1.2.840.10008.5.1.4.1.1.4", ImageType=["DERIVED", "SECONDARY"], Rows=0))
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs", log) as watched:
        assert watched.work() == {"refused": 1}
        assert watched.work() == {"refused": 1}
    assert [(one["event"], one["study"]) for one in log] == [("study_refused", 1)]
    assert log[0]["code"] == "corrupt_file"


def test_service_that_fails_a_study_is_asked_again_later(orthanc: Orthanc, tmp_path: Path) -> None:
    app = FastAPI()

    @app.post("/predict")
    async def fail() -> Response:
        return Response(status_code=500)

    log: list[dict[str, object]] = []
    orthanc.put(make_study())
    with listen(app) as (host, port), _watch_here(orthanc, f"{host}:{port}", tmp_path / "jobs", log) as watched:
        assert watched.work() == {"waiting": 1}
    assert [(one["event"], one["code"], one["attempt"]) for one in log] == [("study_failed", "service_http_500", 1)]


def test_study_that_is_too_large_for_the_service_fails_at_once_until_its_limit_is_raised(
    orthanc: Orthanc, tiny_bundle_folder: Path, tmp_path: Path
) -> None:
    log: list[dict[str, object]] = []
    orthanc.put(make_study("1.2.3", slices=3))
    orthanc.put(make_study("1.2.4", slices=2))
    with (
        serve(create_app(Settings(bundle=tiny_bundle_folder, max_files=2))) as service,
        _watch_here(orthanc, service, tmp_path / "jobs", log) as watched,
    ):
        assert watched.work() == {"answered": 1, "failed": 1}
    assert [one["code"] for one in log if one["event"] == "study_failed"] == ["too_many_files"]
    assert "study 1 failed, too_many_files: 1.2.3" in _status(tmp_path)
    with (
        serve(create_app(Settings(bundle=tiny_bundle_folder))) as service,
        _watch_here(orthanc, service, tmp_path / "jobs", log) as watched,
    ):
        assert watched.work() == {"answered": 1, "failed": 1}
        assert watched.watcher.jobs.retry_failed() == 1
        assert watched.work() == {"answered": 2}


def test_study_that_is_deleted_while_it_is_read_keeps_no_other_from_its_answer(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path
) -> None:
    class Deleting(Archive):
        """Whose user deletes the study after its first series was read."""

        def read_series(self, study: str, series: Series) -> Iterator[bytes | None]:
            yield from super().read_series(study, series)
            if study == "1.2.3":
                orthanc.clear()
                orthanc.put(make_study("1.2.4"))

    log: list[dict[str, object]] = []
    orthanc.put(make_study("1.2.3"))
    orthanc.put(make_study("1.2.3", SeriesInstanceUID="1.2.3.5", SOPInstanceUID="1.2.3.5.1"))
    orthanc.put(make_study("1.2.4"))
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs", log) as watched:
        deleting = replace(watched.watcher, archive=Deleting(watched.watcher.archive.client))
        assert _Watched(deleting).work() == {"answered": 1, "waiting": 1}
        assert [(one["event"], one.get("code")) for one in log] == [
            ("study_failed", "archive_http_404"),
            ("study_answered", None),
        ]
        make_due(watched.watcher.jobs)
        assert watched.watcher.answer_next()
        assert log[-1]["code"] == "archive_lists_no_series"


def _fill(folder: Path) -> list[Path]:
    """An archive with two studies, and the files of the first on its disk."""
    with run_orthanc(folder) as orthanc:
        orthanc.put(make_study("1.2.3"))
        stored = [path for path in folder.glob("??/??/*") if b"DICM" in path.read_bytes()[:256]]
        orthanc.put(make_study("1.2.4"))
    return stored


def _lose_one(folder: Path, stored: list[Path]) -> None:
    """Take a file away that Orthanc does not read to list its study: without that one it lists no study at all."""
    for file in stored:
        content = file.read_bytes()
        file.unlink()
        # Started again, it has no copy in memory.
        with run_orthanc(folder) as orthanc:
            if orthanc.client.get("/dicom-web/studies").is_success:
                return
        file.write_bytes(content)
    raise AssertionError("Orthanc reads every file for its list")


def test_report_on_a_study_with_a_cut_file_says_so(tiny_address: str, tmp_path: Path) -> None:
    file = _fill(tmp_path)[0]
    os.truncate(file, file.stat().st_size - 5000)
    with run_orthanc(tmp_path) as orthanc, _watch_here(orthanc, tiny_address, tmp_path / "jobs") as watched:
        assert watched.work() == {"answered": 2}
        for study, expected in (("1.2.3", True), ("1.2.4", False)):
            query = {"Level": "Instance", "Query": {"Modality": "SR", "StudyInstanceUID": study}}
            (report,) = orthanc.client.post("/tools/find", json=query).json()
            content = orthanc.client.get(f"/instances/{report}/file").content
            assert (b"1 of 3 files could not be read and were left out." in content) == expected


def test_study_whose_file_the_archive_lost_keeps_no_other_from_its_answer(tiny_address: str, tmp_path: Path) -> None:
    log: list[dict[str, object]] = []
    _lose_one(tmp_path, _fill(tmp_path))
    with run_orthanc(tmp_path) as orthanc, _watch_here(orthanc, tiny_address, tmp_path / "jobs", log) as watched:
        assert watched.work() == {"answered": 1, "waiting": 1}
    assert {(one["event"], one["study"]) for one in log} == {("study_failed", 1), ("study_answered", 2)}


def test_answer_is_not_done_before_the_archive_lists_it(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Losing(httpx.HTTPTransport):
        """Says 200 to what is stored, and loses it."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            return httpx.Response(200) if request.method == "POST" else super().handle_request(request)

    log: list[dict[str, object]] = []
    orthanc.put(make_study())
    with _watch_here(orthanc, tiny_address, tmp_path / "jobs", log) as watched:
        # A connection for each request, as the watcher's own client has.
        transport = Losing(limits=httpx.Limits(max_keepalive_connections=0))
        with (
            httpx.Client(base_url=orthanc.dicomweb, transport=transport, timeout=PATIENCE_S) as losing,
            monkeypatch.context() as patch,
        ):
            patch.setattr(watch, "_LISTED_AFTER_S", (0, 0.01, 0.02))
            assert _Watched(replace(watched.watcher, archive=Archive(losing))).work() == {"waiting": 1}
        assert [one["code"] for one in log] == ["not_stored"]
        make_due(watched.watcher.jobs)
        assert watched.work() == {"answered": 1}
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3


def test_full_disk_is_waited_for(orthanc: Orthanc, tmp_path: Path) -> None:
    pixels = np.zeros((2, 2), np.uint8)
    uids = [f"1.2.{number}" for number in range(1, 301)]
    knee = {"BodyPartExamined": "KNEE"}
    orthanc.put([make_dicom_bytes(pixels, StudyInstanceUID=uid, SOPInstanceUID=f"{uid}.1", **knee) for uid in uids])
    with run_watcher(orthanc, "127.0.0.1:9", tmp_path, "--poll-s", "1") as process:
        process.wait_for("watching")
        prlimit(process.popen.pid, RLIMIT_FSIZE, (2**14, RLIM_INFINITY))
        process.wait_for("paused", code="jobs_not_written")
        prlimit(process.popen.pid, RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
        wait_until(lambda: _count(tmp_path / "jobs") == {"skipped": len(uids)}, every_s=0.1)


@pytest.mark.parametrize("kind", ["login", "token"])
def test_secrets_come_from_files(tiny_bundle_folder: Path, tmp_path: Path, kind: str) -> None:
    secret, keys, key = tmp_path / "secret", tmp_path / "keys", tmp_path / "key"
    secret.write_text("wrong:password\n")
    key.write_text("ts_wrong\n")
    api_key, right = make_key("watcher", datetime.now(UTC).date(), RateLimit(requests_per_minute=1000, burst=100))
    keys.write_text(f"{format_key(api_key)}\n")
    asks: dict[str, Any] = {"login": ("tumorscope", "pass:word")} if kind == "login" else {"token": "pass:word"}
    app = create_app(Settings(bundle=tiny_bundle_folder, api_keys_file=keys))
    with (
        run_orthanc(tmp_path, **asks) as orthanc,
        serve(app) as service,
        run_watcher(orthanc, service, tmp_path, f"--{kind}", str(secret), "--api-key", str(key)) as process,
    ):
        orthanc.put(make_study())
        process.wait_for("paused", code="archive_refused")
        secret.write_text("tumorscope:pass:word\n" if kind == "login" else "pass:word\n")
        process.wait_for("paused", code="service_refused")
        key.write_text(f"{right}\n")
        process.wait_for("study_answered")
        assert not any(text in process.log.read_text() for text in ("pass:word", right))


def test_encrypted_archive_is_watched_where_its_certificate_is_trusted(
    tiny_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path)
    (series := tmp_path / "series").mkdir()
    for number, data in enumerate(make_study()):
        (series / f"{number}.dcm").write_bytes(data)
    with run_orthanc(tmp_path, certificate=certificate) as orthanc, encrypt(orthanc.http, certificate) as port:
        orthanc.send(series)
        encrypted = ("--dicomweb", f"https://127.0.0.1:{port}/dicom-web")
        with run_watcher(orthanc, tiny_address, tmp_path, *encrypted) as process:
            process.wait_for("paused", code="archive_unavailable")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.file))
        with run_watcher(orthanc, tiny_address, tmp_path, *encrypted) as process:
            process.wait_for("study_answered")
        assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3


def test_archive_with_more_studies_than_a_page_lists_each_once(orthanc: Orthanc) -> None:
    pixels = np.zeros((2, 2), np.uint8)
    uids = [f"1.2.{number}" for number in range(1, 1102)]
    orthanc.put([make_dicom_bytes(pixels, StudyInstanceUID=uid, SOPInstanceUID=f"{uid}.1") for uid in uids])
    with open_client(orthanc.dicomweb, None) as client:
        found = list(Archive(client).find_studies("MR", None))
    assert sorted(found) == sorted((uid, 1) for uid in uids)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def test_watcher_that_is_ended_amid_a_study_gives_it_back(
    orthanc: Orthanc, tiny_address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    app, asked = FastAPI(), []

    @app.post("/predict")
    async def never_answer(request: Request) -> None:
        asked.append(True)
        while (await request.receive())["type"] != "http.disconnect":
            pass

    orthanc.put(make_study())
    with ExitStack() as later:
        place = str(tmp_path / "jobs")
        if kind == "postgresql":
            postgres = later.enter_context(run_postgres())
            monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
            place = postgres.make_database()
        with listen(app) as (host, port), run_watcher(orthanc, f"{host}:{port}", tmp_path, "--jobs", place) as process:
            wait_until(lambda: asked)
            process.popen.terminate()
            assert process.popen.wait(PATIENCE_S) == 0
            assert process.read_log()[-1]["event"] == "ended"
        with Jobs(place) as jobs:
            # Not only when a watcher that was killed would have ended its work.
            due_at = jobs.find_next_due(settle_s=0)
            assert due_at is not None
            assert due_at < time.time() + PATIENCE_S
        with run_watcher(orthanc, tiny_address, tmp_path, "--jobs", place) as process:
            process.wait_for("study_answered")
    assert len(orthanc.list_uids(Manufacturer="Tumorscope")) == 3


@pytest.mark.parametrize("command", ["status", "retry"])
def test_jobs_that_are_not_there_are_not_made_by_asking_for_them(tmp_path: Path, command: str) -> None:
    asked = [sys.executable, "-m", "tumorscope", "pacs", command, "--jobs", str(tmp_path / "jobs")]
    run = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr.startswith("There is no job table at")
    assert not list(tmp_path.iterdir())


def test_jobs_that_cannot_be_used_end_the_watcher_with_a_sentence(orthanc: Orthanc, tmp_path: Path) -> None:
    def watch(jobs: Path) -> str:
        command = [sys.executable, "-m", "tumorscope", "pacs", "watch", "--dicomweb", orthanc.dicomweb]
        run = subprocess.run([*command, "--jobs", jobs], capture_output=True, text=True, check=False)
        assert run.returncode == 1
        return " ".join(run.stderr.split())

    with run_watcher(orthanc, "127.0.0.1:9", tmp_path) as process:
        process.wait_for("watching")
        assert watch(tmp_path / "jobs") == "Another watcher works on these jobs."
    (tmp_path / "garbage").write_text("garbage" * 100)
    assert watch(tmp_path / "garbage").startswith("jobs_damaged: Move the job table away and start again")
    assert watch(tmp_path / "missing" / "jobs").startswith(
        "jobs_not_written: The file of jobs cannot be opened: No such"
    )
