"""The job table: what is due when, and what a restart finds."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.postgres import PASSWORD, Postgres, needs_postgres, run_postgres
from tumorscope.domain.errors import JobsDamaged, PeerUnavailable, SetupInvalid
from tumorscope.pacs import database
from tumorscope.pacs.jobs import Jobs, Study

_TAKEN_S = 600


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with run_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of an empty job table, in each kind of database."""
    if request.param == "sqlite":
        return str(tmp_path / "jobs.sqlite")
    server = request.getfixturevalue("postgres")
    monkeypatch.setenv("PGPASSFILE", str(server.password_file))
    return str(server.make_database())


@pytest.fixture
def jobs(place: str) -> Iterator[Jobs]:
    with Jobs(place) as table:
        yield table


def _take(jobs: Jobs, now: float) -> Study:
    study = jobs.take_due(now, settle_s=60)
    assert study is not None
    return study


def test_study_is_due_when_its_number_of_instances_has_settled(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.see([("1.2", 20)], now=50)
    jobs.see([("1.2", 20)], now=100)
    assert jobs.take_due(109, settle_s=60) is None
    assert _take(jobs, 110).uid == "1.2"
    assert jobs.count() == {"arriving": 1}


def test_answered_study_is_due_again_when_it_grows(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.finish(jobs.begin(_take(jobs, 60), "source"), "answered")
    jobs.see([("1.2", 10)], now=100)
    assert jobs.take_due(1000, settle_s=60) is None
    jobs.see([("1.2", 13)], now=1000)
    grown = _take(jobs, 1060)
    assert (grown.state, grown.source) == ("answered", "source")
    jobs.leave(grown)
    assert jobs.take_due(2000, settle_s=60) is None


def test_own_results_do_not_make_a_study_due_again_and_further_images_do(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.finish(jobs.begin(_take(jobs, 60), "source"), "answered", added=3)
    jobs.see([("1.2", 13)], now=100)
    assert jobs.find_oldest_open() is None
    jobs.see([("1.2", 14)], now=200)
    assert _take(jobs, 260).instances == 14


def test_what_was_begun_is_due_after_a_restart(jobs: Jobs, place: str) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.expect(jobs.begin(_take(jobs, 60), "source"), ["1.2.3"])
    with Jobs(place) as restarted:
        # Nobody else works on a file; of a shared table, another watcher might.
        study = _take(restarted, 60 + _TAKEN_S if "postgresql" in place else 60)
    assert (study.state, study.source, study.results) == ("waiting", "source", ("1.2.3",))


def test_failed_attempts_wait_longer_each_time_and_end(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    now, waited = 60.0, []
    study = jobs.begin(_take(jobs, now), "source")
    while jobs.fail(study, "service_http_500", now) == "waiting":
        wait, study = next(
            (wait, due) for wait in range(1000) if (due := jobs.take_due(now + wait, settle_s=60)) is not None
        )
        waited.append(wait)
        now += wait
    assert waited == [10, 20, 40, 80, 160]
    assert [(one.uid, one.code, one.attempts) for one in jobs.find_failed()] == [("1.2", "service_http_500", 6)]
    assert jobs.take_due(now + 10**6, settle_s=60) is None
    assert jobs.retry_failed() == 1
    assert _take(jobs, now).attempts == 0


def test_attempts_of_other_images_are_not_counted(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.fail(jobs.begin(_take(jobs, 60), "source"), "archive_http_500", now=60)
    jobs.see([("1.2", 20)], now=100)
    again = jobs.begin(_take(jobs, 160), "other source")
    assert (again.attempts, again.results) == (0, ())


def test_postponed_study_lets_others_go_first(jobs: Jobs) -> None:
    jobs.see([("1.1", 10), ("1.2", 10)], now=0)
    first = _take(jobs, 60)
    jobs.postpone(first, due_at=61)
    assert {first.uid, _take(jobs, 60).uid} == {"1.1", "1.2"}


def test_clock_that_is_set_back_puts_no_study_off_for_long(jobs: Jobs) -> None:
    year_s = 365 * 86_400
    jobs.see([("1.1", 10), ("1.2", 10)], now=year_s)
    jobs.postpone(_take(jobs, year_s + 60), year_s + 70)
    jobs.see([("1.1", 10), ("1.2", 10)], now=0)
    assert jobs.take_due(59, settle_s=60) is None
    assert {_take(jobs, 60).uid, _take(jobs, 60).uid} == {"1.1", "1.2"}


def test_cost_grows_no_faster_than_the_number_of_studies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In steps of SQLite's virtual machine, which are the same on every machine."""
    steps: list[None] = []
    connect = sqlite3.connect

    def connect_and_count(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        connection.set_progress_handler(lambda: steps.append(None), 100)
        # Only time depends on it.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect_and_count)

    def work_through(studies: int) -> int:
        steps.clear()
        with Jobs(tmp_path / f"{studies}.sqlite") as jobs:
            jobs.see([(f"1.2.{number}", 1) for number in range(studies)], now=0)
            for _ in range(studies):
                study = jobs.begin(_take(jobs, 60), "source")
                jobs.expect(study, ["1.2.3"])
                jobs.finish(study, "answered")
            assert jobs.count() == {"answered": studies}
            assert jobs.find_oldest_open() is None
        return len(steps)

    assert work_through(1000) < 1.3 * 4 * work_through(250)


def test_oldest_open_study_is_that_whose_last_image_came_first(jobs: Jobs) -> None:
    assert jobs.find_oldest_open() is None
    jobs.see([("1.1", 10)], now=5)
    jobs.see([("1.2", 10)], now=7)
    assert jobs.find_oldest_open() == 5
    jobs.finish(jobs.begin(_take(jobs, 70), "source"), "answered")
    assert jobs.find_oldest_open() == 7


def test_next_due_study_is_waited_for(jobs: Jobs) -> None:
    assert jobs.find_next_due(60) is None
    jobs.see([("1.1", 10), ("1.2", 10)], now=5)
    assert jobs.find_next_due(60) == 65
    jobs.fail(jobs.begin(_take(jobs, 65), "source"), "archive_http_500", now=65)
    jobs.finish(jobs.begin(_take(jobs, 65), "source"), "answered")
    assert jobs.find_next_due(60) == 75


def test_file_is_its_owners_and_has_one_watcher(tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    with Jobs(file) as jobs:
        assert file.stat().st_mode & 0o777 == 0o600
        with jobs.hold(), Jobs(file) as other, pytest.raises(SetupInvalid, match="Another watcher"), other.hold():
            pass
        with jobs.hold():
            pass


def test_what_cannot_be_answered_at_all_is_given_up_at_once(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    assert jobs.fail(jobs.begin(_take(jobs, 60), "source"), "too_many_files", 60, is_lasting=True) == "failed"
    assert [(one.code, one.attempts) for one in jobs.find_failed()] == [("too_many_files", 1)]
    assert jobs.take_due(10**9, settle_s=60) is None
    assert jobs.retry_failed() == 1


def _write_garbage(file: Path) -> None:
    file.write_text("no table, but long enough to be none" * 10)


def _write_other_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as other:
        other.execute("CREATE TABLE studies (title TEXT)")


def _cut(file: Path) -> None:
    """Half of a table of many studies."""
    with Jobs(file) as jobs:
        jobs.see([(f"1.2.{number}", 1) for number in range(1000)], now=0)
    os.truncate(file, file.stat().st_size // 2)


def _spoil_rows(file: Path) -> None:
    with Jobs(file) as jobs:
        jobs.see([("1.2", 1)], now=0)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("UPDATE studies SET results = CAST(x'ff' AS TEXT)")


def _work_through(file: Path) -> None:
    with Jobs(file) as jobs:
        jobs.see([(f"1.3.{number}", 1) for number in range(1000)], now=0)
        while (study := jobs.take_due(10**9, settle_s=60)) is not None:
            jobs.finish(study, "skipped")


@pytest.mark.parametrize("spoil", [_write_garbage, _write_other_table, _cut, _spoil_rows])
def test_damaged_file_is_refused(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(tmp_path / "jobs")
    with pytest.raises(JobsDamaged, match="Move the job table away"):
        _work_through(tmp_path / "jobs")


@pytest.mark.parametrize("place", ["folder", "missing/jobs", "file/jobs", "n" * 300])
def test_place_that_holds_no_file_says_so(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(PeerUnavailable) as raised:
        Jobs(tmp_path / place)
    assert raised.value.code == "jobs_not_written"


def test_file_that_another_program_holds_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LOCK_S", 0.1)
    with Jobs(tmp_path / "jobs") as jobs, closing(sqlite3.connect(tmp_path / "jobs", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(PeerUnavailable, match="SQLITE_BUSY"):
            jobs.see([("1.2", 10)], now=0)
        other.execute("ROLLBACK")
        jobs.see([("1.2", 10)], now=0)
        assert jobs.count() == {"arriving": 1}


@needs_postgres
def test_watchers_of_one_table_take_each_study_once(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
    place, studies, taken = postgres.make_database(), 200, []
    start = threading.Barrier(4)

    def work() -> None:
        # All make the table, and list the same studies, at the same moment.
        start.wait()
        with Jobs(place) as jobs, jobs.hold():
            jobs.see([(f"1.2.{number}", 1) for number in range(studies)], now=0)
            start.wait()
            while (study := jobs.take_due(60, settle_s=60)) is not None:
                taken.append(study.uid)
                jobs.finish(jobs.begin(study, "source"), "answered")

    watchers = [threading.Thread(target=work) for _ in range(4)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert len(taken) == len(set(taken)) == studies
    with Jobs(place) as jobs:
        assert jobs.count() == {"answered": studies}


@needs_postgres
def test_database_that_is_away_says_so_without_the_password_and_is_asked_again(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
    with Jobs(postgres.make_database()) as jobs:
        jobs.see([("1.2", 10)], now=0)
        postgres.stop()
        for _ in range(2):
            with pytest.raises(PeerUnavailable) as caught:
                jobs.count()
            assert caught.value.code == "jobs_not_written"
        postgres.start()
        assert jobs.count() == {"arriving": 1}


@needs_postgres
def test_wrong_password_and_address_are_told_without_them(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGPASSFILE", raising=False)
    right, wrong = postgres.make_database(), "se%cret"
    for place in (
        right.replace("watcher@", f"watcher:{PASSWORD}@"),
        right.replace("watcher@", f"watcher:{wrong}@"),
        right.replace("watcher@", "watcher:se%25cret@"),
    ):
        with pytest.raises((PeerUnavailable, SetupInvalid)) as caught:
            Jobs(place)
        assert not any(secret in str(caught.value) for secret in (*PASSWORD.split("/"), wrong, "watcher"))


@needs_postgres
def test_table_that_another_program_locks_is_not_waited_for_without_end(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(postgres.password_file))
    monkeypatch.setattr(database, "_LOCK_S", 0.1)
    place = postgres.make_database()
    with Jobs(place) as jobs, psycopg.connect(place) as other:
        other.execute("LOCK TABLE studies")
        with pytest.raises(PeerUnavailable, match="SQLSTATE 55P03"):
            jobs.see([("1.2", 10)], now=0)
        other.rollback()
        jobs.see([("1.2", 10)], now=0)
        assert jobs.count() == {"arriving": 1}
