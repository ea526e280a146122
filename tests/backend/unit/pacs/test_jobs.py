"""The job table: what is due when, and what a restart finds."""

from collections.abc import Iterator
from pathlib import Path

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
