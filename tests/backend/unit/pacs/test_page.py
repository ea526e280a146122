"""The operator's page: what it says of the job table and of the last troubles."""

import re
import socket
import time
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest

from tumorscope import NOTICE
from tumorscope.pacs.jobs import Jobs
from tumorscope.pacs.metrics import WatcherMetrics
from tumorscope.pacs.page import Trouble, write_page

_ATTEMPTS = 6


def _fail(jobs: Jobs, code: str) -> None:
    """Fail the study that is due until it is a dead letter."""
    now = 60.0
    for _ in range(_ATTEMPTS):
        now += 1000
        study = jobs.take_due(now, settle_s=60)
        assert study is not None
        jobs.fail(jobs.begin(study, "source"), code, now)


def _read_text(page: str) -> str:
    pieces: list[str] = []
    parser = HTMLParser()
    parser.handle_data = pieces.append  # type: ignore[method-assign, assignment]
    parser.feed(page[page.index("<body>") :])
    return re.sub(r"\s+", " ", " ".join(pieces))


def test_page_counts_states_and_names_what_failed_by_number_and_code(tmp_path: Path) -> None:
    with Jobs(tmp_path / "jobs") as jobs:
        jobs.see([("1.2.77", 10)], now=0)
        _fail(jobs, "archive_http_500")
        jobs.see([("1.2.78", 10)], now=time.time() - 7200)
        page = write_page(jobs, [Trouble(0, "study_refused", 9, "<b>odd</b>")])
    text = _read_text(page)
    assert "failed 1 every attempt failed" in text
    assert "answered 0" in text
    assert "waits for 2 hours" in text
    assert "1 failed tumorscope pacs retry tries them again" in text
    assert f"1 archive_http_500 {_ATTEMPTS}" in text
    assert "1970-01-01 00:00:00 study_refused 9 <b>odd</b>" in text
    assert NOTICE in text
    assert "1.2.7" not in page
    assert "<script" not in page


def _read_unreadable(jobs: str) -> str:
    """Page and metrics of a table that cannot be read."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    WatcherMetrics(jobs).serve("127.0.0.1", port)
    answers = [httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False) for path in ("/", "/metrics")]
    assert [one.status_code for one in answers] == [503, 503]
    return "".join(one.text for one in answers)


def test_page_of_a_table_that_cannot_be_read_says_so(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # Nobody listens at that port.
    text = _read_unreadable("postgresql://watcher:secret@127.0.0.1:9/jobs")
    (tmp_path / "jobs").write_text("garbage" * 100)
    assert "jobs_not_written" in text
    assert "jobs_damaged" in _read_unreadable(str(tmp_path / "jobs"))
    written = capfd.readouterr()
    assert not any(private in text + written.out + written.err for private in ("secret", "Traceback", "127.0.0.1:9"))
