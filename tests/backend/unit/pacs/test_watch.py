"""What the watcher makes of an archive or a service that is silent, drips, or does not hold what it lists."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

from tests.backend.unit.pacs.peers import answer_slowly
from tests.serving import listen
from tests.waiting import wait_until
from tests.watching import make_due
from tumorscope.domain.errors import PeerError
from tumorscope.pacs import peers, waits, watch
from tumorscope.pacs.archive import Archive, Series
from tumorscope.pacs.jobs import Jobs
from tumorscope.pacs.peers import open_client
from tumorscope.pacs.service import predict
from tumorscope.pacs.watch import Filters, Watcher

_STUDY = b'[{"0020000D": {"Value": ["1.2.3"]}, "00201208": {"Value": [3]}}]'
_SERIES = b'[{"0020000E": {"Value": ["1.2.3.4"]}, "00080060": {"Value": ["MR"]}, "00201209": {"Value": [1]}}]'
_FILE = b"--a\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--a--\r\n"
_EVERY = Filters("MR", frozenset({"HEAD"}), frozenset(), re.compile(""), days=0)


@contextmanager
def _serve_archive(series: bytes = _SERIES) -> Iterator[str]:
    """One study, of a series of one file, which its service refuses."""
    app = FastAPI()

    @app.get("/{path:path}")
    async def answer(request: Request) -> Response:
        path = request.url.path
        if path.endswith("/studies"):
            return Response(_STUDY)
        if path.endswith("/series"):
            return Response(series)
        return Response(_FILE, media_type='multipart/related; type="application/dicom"; boundary=a')

    @app.post("/predict")
    async def refuse() -> Response:
        return JSONResponse({"code": "corrupt_file"}, 422)

    with listen(app) as (host, port):
        yield f"http://{host}:{port}"


@contextmanager
def _watch(archive: str, service: str, jobs: Path, log: list[dict[str, Any]]) -> Iterator[Watcher]:
    def note(event: str, **fields: Any) -> None:
        log.append({"event": event, **fields})

    with (
        open_client(archive, None) as asked,
        open_client(service, None) as predicting,
        Jobs(jobs) as table,
        waits.Waits(note) as waited,
    ):
        yield Watcher(Archive(asked), predicting, table, _EVERY, 0, note, waited)


_HEADER = b"HTTP/1.1 200 OK\r\nX-Slow: "
_LIST = b"HTTP/1.1 200 OK\r\n\r\n["
_PARTS = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/related; boundary=a\r\n\r\n--a\r\n\r\n"


@pytest.mark.parametrize(
    ("start", "ask"),
    [
        (_HEADER, lambda archive: archive.find_series("1.2.3")),
        (_LIST, lambda archive: archive.find_series("1.2.3")),
        (_LIST, lambda archive: archive.store("1.2.3", [b"DICM"])),
        (_PARTS, lambda archive: list(archive.read_series("1.2.3", Series("1.2.3.4", "MR", "", "", "", "", "", 1)))),
    ],
    ids=["header", "list", "stored", "files"],
)
def test_archive_that_drips_is_given_up(
    start: bytes, ask: Callable[[Archive], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "_WHOLE_S", 0.3)
    with (
        answer_slowly(start, b" ") as address,
        open_client(address, None) as client,
        pytest.raises(PeerError) as raised,
    ):
        ask(Archive(client))
    assert raised.value.code == "archive_too_slow"


def test_silence_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_ANSWER_S", 0.3)
    with answer_slowly() as address, open_client(address, None) as client:
        with pytest.raises(PeerError) as raised:
            Archive(client).find_series("1.2.3")
        assert raised.value.code == "archive_too_slow"
        with pytest.raises(PeerError) as raised:
            predict(client, [None, b"DICM"])
        assert raised.value.code == "service_too_slow"


def test_what_the_watcher_waits_for_is_in_the_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(waits, "_SILENT_S", 0.1)
    monkeypatch.setattr(waits, "_LOOKED_AT_S", 0.02)
    log: list[dict[str, Any]] = []

    def is_told(code: str, **study: int) -> bool:
        told = {"event": "waiting", "code": code, **study}
        return any({key: value for key, value in one.items() if key != "seconds"} == told for one in list(log))

    with (
        answer_slowly(until=lambda: is_told("archive_silent")) as silent,
        _watch(silent, silent, tmp_path / "first", log) as watcher,
        pytest.raises(PeerError),
    ):
        watcher.poll()
    assert is_told("archive_silent")
    with (
        _serve_archive() as archive,
        answer_slowly(until=lambda: is_told("service_silent", study=1)) as silent,
        _watch(archive, silent, tmp_path / "second", log) as watcher,
    ):
        watcher.poll()
        assert watcher.answer_next()
    assert (log[-1]["event"], log[-1]["code"]) == ("study_failed", "service_disconnected")


def test_silence_is_told_again_as_long_as_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "_SILENT_S", 0.1)
    monkeypatch.setattr(waits, "_LOOKED_AT_S", 0.02)
    log: list[dict[str, Any]] = []
    with waits.Waits(lambda event, **fields: log.append({"event": event, **fields})) as waited:
        with waited.on("jobs"), waited.on("archive", 7):
            wait_until(lambda: len(log) >= 3)
        assert {(one["code"], one["study"]) for one in log} == {("archive_silent", 7)}


class _Ended(Exception):
    """Ends a watch."""


def test_pauses_grow_to_a_minute_while_the_archive_is_away_and_are_short_again_after_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slept: list[float] = []
    log: list[dict[str, Any]] = []
    app = FastAPI()

    @app.get("/{path:path}")
    async def answer() -> Response:
        # Back after the eighth pause, with no study, and away again.
        return Response(b"[]", 200 if len(slept) == 8 else 503)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 11:
            raise _Ended

    clock = SimpleNamespace(monotonic=lambda: sum(slept), time=lambda: sum(slept), sleep=sleep)
    with listen(app) as (host, port):
        address = f"http://{host}:{port}"
        with _watch(address, address, tmp_path / "jobs", log) as watcher:
            monkeypatch.setattr(watch, "time", clock)
            with pytest.raises(_Ended):
                watcher.watch(poll_s=5)
    assert slept == [2, 4, 8, 16, 32, 60, 60, 60, 5, 2, 4]
    assert [one["seconds"] for one in log] == [2, 4, 8, 16, 32, 60, 60, 60, 2, 4]
    assert {(one["event"], one["code"]) for one in log} == {("paused", "archive_unavailable")}


def test_study_whose_series_come_later_is_looked_at_again(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    with _serve_archive(b"[]") as archive, _watch(archive, archive, tmp_path / "jobs", log) as watcher:
        watcher.poll()
        assert watcher.answer_next()
        assert watcher.jobs.count() == {"waiting": 1}
        make_due(watcher.jobs)
    with _serve_archive() as archive, _watch(archive, archive, tmp_path / "jobs", log) as watcher:
        assert watcher.answer_next()
        assert watcher.jobs.count() == {"refused": 1}
    assert [(one["event"], one["code"]) for one in log] == [
        ("study_failed", "archive_lists_no_series"),
        ("study_refused", "corrupt_file"),
    ]


def test_study_whose_series_never_come_is_skipped_at_last(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    with _serve_archive(b"[]") as archive, _watch(archive, archive, tmp_path / "jobs", log) as watcher:
        watcher.poll()
        while watcher.answer_next() and watcher.jobs.count() == {"waiting": 1}:
            make_due(watcher.jobs)
        assert watcher.jobs.count() == {"skipped": 1}
        watcher.poll()
        assert not watcher.answer_next()
    assert [one["attempt"] for one in log] == [1, 2, 3, 4, 5, 6]


def test_series_of_which_the_archive_sends_too_few_files_is_not_predicted_from(tmp_path: Path) -> None:
    log: list[dict[str, Any]] = []
    with (
        _serve_archive(_SERIES.replace(b"[1]", b"[2]")) as archive,
        _watch(archive, archive, tmp_path / "jobs", log) as watcher,
    ):
        watcher.poll()
        assert watcher.answer_next()
    assert [one["code"] for one in log] == ["archive_sends_too_few"]
