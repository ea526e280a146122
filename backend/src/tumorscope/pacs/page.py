"""The job table and the watcher's last troubles in, a page for its operator out, which tells nothing of a patient."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import get_args

from tumorscope import NOTICE
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
    "failed": "every attempt failed",
}
_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
main { overflow-x: auto; }
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; overflow-wrap: break-word; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; }
tr { border-bottom: 1px solid light-dark(#d0d4da, #444b55); }
code { background: light-dark(#eef0f3, #2a2f37); padding: .1rem .3rem; border-radius: .2rem; }
.alarm { border-left: .3rem solid light-dark(#b3261e, #ff8a80); padding-left: .8rem; }
footer { margin-top: 2rem; color: light-dark(#555, #aaa); }
"""


@dataclass(frozen=True, slots=True)
class Trouble:
    """An event of the watcher's log that has a code.

    Parameters
    ----------
    at : float
        Seconds since 1970.
    event : str
        Its name in the log.
    study : int or None
        The number of the study, where it is of one.
    code : str
        What went wrong.
    """

    at: float
    event: str
    study: int | None
    code: str


def write_page(jobs: Jobs, troubles: Iterable[Trouble]) -> str:
    """Write the page in HTML, without a script; it loads itself again.

    Parameters
    ----------
    jobs : Jobs
        See there for what it raises.
    troubles : iterable of Trouble
        The last ones of this watcher, the newest first.
    """
    counted, oldest, failed = jobs.count(), jobs.find_oldest_open(), jobs.find_failed()
    states = [(state, counted.get(state, 0), _MEANINGS[state]) for state in get_args(State)]
    parts = [_write_table(("State", "Studies", "Meaning"), states)]
    if oldest is None:
        parts.append("<p>Nothing waits.</p>")
    else:
        parts.append(f"<p>The oldest open study waits for {_write_duration(time.time() - oldest)}.</p>")
    if failed:
        rows = [(one.number, one.code, one.attempts) for one in failed[:_MOST_FAILED]]
        parts.append(
            f'<section class="alarm"><h2>{len(failed)} failed</h2>'
            "<p><code>tumorscope pacs retry</code> tries them again; <code>tumorscope pacs status</code> lists their "
            "UIDs. Both take the watcher's <code>--jobs</code>.</p>"
            f"{_write_table(('Study', 'Code', 'Attempts'), rows)}</section>"
        )
    parts.append("<h2>Last troubles of this watcher</h2>")
    events = [(_write_time(one.at), one.event, one.study or "", one.code) for one in troubles]
    parts.append(
        _write_table(("Time (UTC)", "Event", "Study", "Code"), events) if events else "<p>None since its start.</p>"
    )
    return _frame("".join(parts))


def write_unreadable(code: str) -> str:
    """Write the page for when the job table cannot be read now."""
    return _frame(f'<p class="alarm">The job table cannot be read: <code>{escape(code)}</code>.</p>')


def _frame(content: str) -> str:
    title = "Tumorscope: watcher of an archive"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="{_REFRESH_S}">'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{content}</main>"
        f"<footer>{_write_time(time.time())} UTC. Tumorscope {VERSION}. {NOTICE}</footer></body></html>"
    )


def _write_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _write_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _write_duration(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"
