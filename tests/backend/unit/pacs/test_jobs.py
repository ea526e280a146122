"""The job table: what is due when, and what a restart finds."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tumorscope.domain.errors import SetupInvalid
from tumorscope.pacs.jobs import Jobs, Study


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    with Jobs(tmp_path / "jobs.sqlite") as table:
        yield table


def _take(jobs: Jobs, now: float) -> Study:
    study = jobs.find_due(now, settle_s=60)
    assert study is not None
    return study


def test_study_is_due_when_its_number_of_instances_has_settled(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.see([("1.2", 20)], now=50)
    jobs.see([("1.2", 20)], now=100)
    assert jobs.find_due(109, settle_s=60) is None
    assert _take(jobs, 110).uid == "1.2"
    assert jobs.count() == {"arriving": 1}


def test_answered_study_is_due_again_when_it_grows(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.finish(jobs.begin(_take(jobs, 60), "source"), "answered")
    jobs.see([("1.2", 10)], now=100)
    assert jobs.find_due(1000, settle_s=60) is None
    jobs.see([("1.2", 13)], now=1000)
    grown = _take(jobs, 1060)
    assert (grown.state, grown.source) == ("answered", "source")
    jobs.leave(grown)
    assert jobs.find_due(2000, settle_s=60) is None


def test_own_results_do_not_make_a_study_due_again_and_further_images_do(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.finish(jobs.begin(_take(jobs, 60), "source"), "answered", added=3)
    jobs.see([("1.2", 13)], now=100)
    assert jobs.find_oldest_open() is None
    jobs.see([("1.2", 14)], now=200)
    assert _take(jobs, 260).instances == 14


def test_what_was_begun_is_due_after_a_restart(jobs: Jobs, tmp_path: Path) -> None:
    jobs.see([("1.2", 10)], now=0)
    jobs.expect(jobs.begin(_take(jobs, 60), "source"), ["1.2.3"])
    with Jobs(tmp_path / "jobs.sqlite") as restarted:
        study = _take(restarted, 60)
    assert (study.state, study.source, study.results) == ("waiting", "source", ("1.2.3",))


def test_failed_attempts_wait_longer_each_time_and_end(jobs: Jobs) -> None:
    jobs.see([("1.2", 10)], now=0)
    now, waited = 60.0, []
    study = jobs.begin(_take(jobs, now), "source")
    while jobs.fail(study, "service_http_500", now) == "waiting":
        wait = next(seconds for seconds in range(1000) if jobs.find_due(now + seconds, settle_s=60))
        waited.append(wait)
        now += wait
        study = _take(jobs, now)
    assert waited == [10, 20, 40, 80, 160]
    assert [(one.uid, one.code, one.attempts) for one in jobs.find_failed()] == [("1.2", "service_http_500", 6)]
    assert jobs.find_due(now + 10**6, settle_s=60) is None
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


def test_file_is_its_owners_and_has_one_watcher(jobs: Jobs, tmp_path: Path) -> None:
    file = tmp_path / "jobs.sqlite"
    assert file.stat().st_mode & 0o777 == 0o600
    with jobs.hold(), Jobs(file) as other, pytest.raises(SetupInvalid, match="Another watcher"), other.hold():
        pass
    with jobs.hold():
        pass


def test_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("no table, but long enough to be none" * 10)
    with pytest.raises(SetupInvalid):
        Jobs(tmp_path / "other")
