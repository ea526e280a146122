"""The job table and the watcher's last troubles in, a page for its operator out, which tells nothing of a patient."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import get_args

from tumorscope import NOTICE
from tumorscope.html_page import STYLE, write_table
from tumorscope.html_page import write_page as write_html
from tumorscope.pacs.jobs import Jobs, State
from tumorscope.version import VERSION

_REFRESH_S = 10
_MOST_FAILED = 50
_MEANINGS: dict[State, str] = {
    "arriving": "its images may still come",
    "waiting": "it is worked on, or tried again later",
    "answered": "the archive lists its results",
    "refused": "out of scope, or unreadable; no report is made",
    "skipped": "no series of it is asked for",
    "failed": "every attempt failed, or another one is vain",
}
_HEAD = f"""<meta http-equiv="refresh" content="{_REFRESH_S}"><style>{STYLE}
.alarm {{ border-left: 0.3rem solid #d3302f; padding-left: 0.8rem }}
</style>"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event of the watcher's log that has a code; `at` is in seconds since 1970."""

    at: float
    event: str
    study: int | None
    code: str


def write_page(jobs: Jobs, troubles: Iterable[Trouble]) -> str:
    """Write the page in HTML, without a script; it loads itself again. The newest trouble comes first."""
    counted, oldest, failed = jobs.count(), jobs.find_oldest_open(), jobs.find_failed()
    states = [(state, str(counted.get(state, 0)), _MEANINGS[state]) for state in get_args(State)]
    parts = [write_table(("State", "Studies", "Meaning"), states)]
    if oldest is None:
        parts.append("<p>Nothing waits.</p>")
    else:
        parts.append(f"<p>The oldest open study waits for {_write_duration(time.time() - oldest)}.</p>")
    if failed:
        rows = [(str(one.number), escape(one.code), str(one.attempts)) for one in failed[:_MOST_FAILED]]
        parts.append(
            f'<section class="alarm"><h2>{len(failed)} failed</h2>'
            "<p><code>tumorscope pacs retry</code> tries them again; <code>tumorscope pacs status</code> lists their "
            "UIDs. Both take the watcher's <code>--jobs</code>.</p>"
            f"{write_table(('Study', 'Code', 'Attempts'), rows)}</section>"
        )
    parts.append("<h2>Last troubles of this watcher</h2>")
    events = [(_write_time(one.at), one.event, str(one.study or ""), escape(one.code)) for one in troubles]
    parts.append(write_table(("Time (UTC)", "Event", "Study", "Code"), events) or "<p>None since its start.</p>")
    return _write_page(parts)


def write_unreadable(code: str, reason: str) -> str:
    """Write the page for when the job table cannot be read now."""
    text = f"The job table cannot be read: <code>{escape(code)}</code>. {escape(reason)}"
    return _write_page([f'<p class="alarm">{text}</p>'])


def _write_page(parts: Iterable[str]) -> str:
    footer = f"<p>{_write_time(time.time())} UTC. Tumorscope {VERSION}. {NOTICE}</p>"
    return write_html("Tumorscope: watcher of an archive", [*parts, footer], _HEAD)


def _write_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _write_duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
