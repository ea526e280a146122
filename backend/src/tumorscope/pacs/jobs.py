"""The job table: one row a study, in SQLite or PostgreSQL, so that a restart at any point loses nothing."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from tumorscope.domain.errors import JobsDamaged, SetupInvalid
from tumorscope.pacs.database import Value, is_database, open_database

State = Literal["arriving", "waiting", "answered", "refused", "skipped", "failed"]
"""Its images still come; its answer is due; its results are in the archive; it is out of scope or cannot be read; no
series of it is asked for; every attempt failed, or another one is vain."""

_MOST_ATTEMPTS = 6
_FIRST_WAIT_S = 10
# Longer than anything is put off: what lies farther ahead was written by a clock that has been set back since.
_FARTHEST_S = 3600.0
_TABLE = """
CREATE TABLE IF NOT EXISTS studies (
    number {number},
    uid TEXT NOT NULL UNIQUE,
    instances INTEGER NOT NULL,
    changed_at DOUBLE PRECISION NOT NULL,
    looked_at_instances INTEGER,
    state TEXT NOT NULL DEFAULT 'arriving',
    source TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    results TEXT NOT NULL DEFAULT '[]'
)
"""
_OPEN = "(state = 'waiting' OR looked_at_instances IS NULL OR instances <> looked_at_instances)"
# In the order of `Study`.
_COLUMNS = "number, uid, instances, state, source, attempts, code, results"
# So that a study that is due costs the same, however many are done.
_INDEX = f"CREATE INDEX IF NOT EXISTS open_studies ON studies (due_at, changed_at) WHERE {_OPEN}"


@dataclass(frozen=True, slots=True)
class Study:
    """A row.

    Parameters
    ----------
    number : int
        Its name in the log, which says nothing of the patient.
    uid : str
        Study Instance UID.
    instances : int
        As the archive counted last.
    state : State
        See there.
    source : str
        Hash of the series that were read, and of the number of their images.
    attempts : int
        Failed ones to answer this source.
    code : str
        Why it was refused or failed.
    results : tuple of str
        UIDs of the instances that answer this source, from before they are stored.
    """

    number: int
    uid: str
    instances: int
    state: State
    source: str
    attempts: int
    code: str
    results: tuple[str, ...]


class Jobs:
    """The table.

    Its functions raise `PeerUnavailable`, ``jobs_not_written``, where it cannot be read or written now, and
    `JobsDamaged` where it is damaged.

    Parameters
    ----------
    place : Path or str
        A file of SQLite, which is made, for its owner alone, where there is none; or a ``postgresql://`` address, whose
        table several watchers may share.

    Raises
    ------
    SetupInvalid
        The file or address cannot be used.
    """

    def __init__(self, place: Path | str) -> None:
        self._database = open_database(str(place))
        try:
            self._database.create([_TABLE.format(number=self._database.number), _INDEX])
        except BaseException:
            self._database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def hold(self) -> AbstractContextManager[None]:
        """Keep other watchers from the jobs of a file; those of PostgreSQL are shared.

        Raises
        ------
        SetupInvalid
            There is another one.
        """
        return self._database.hold()

    def see(self, studies: Iterable[tuple[str, int]], now: float) -> None:
        """Note what the archive holds: the UID of each study, and the number of its instances.

        A study that a clock was wrong about, which has been set back since, starts to settle now.
        """
        # Listed before: the archive must not be waited for in a transaction. Sorted: two watchers lock in one order.
        rows = sorted((uid, count, now) for uid, count in studies)
        self._database.execute_many(
            "INSERT INTO studies (uid, instances, changed_at) VALUES (?, ?, ?) ON CONFLICT (uid) DO UPDATE SET "
            "instances = excluded.instances, changed_at = excluded.changed_at "
            "WHERE studies.instances <> excluded.instances",
            rows,
        )
        self._database.execute(
            f"UPDATE studies SET due_at = 0, changed_at = ? WHERE {_OPEN} AND (due_at > ? OR changed_at > ?)",  # noqa: S608  (ours)
            (now, now + _FARTHEST_S, now + _FARTHEST_S),
        )

    def take_due(self, now: float, settle_s: float) -> Study | None:
        """Take the study that is due for longest: a waiting one, or one whose number of instances has settled.

        No other watcher takes it until its work has ended, or ten minutes have passed.
        """
        due = (
            f"SELECT number FROM studies WHERE {_OPEN} AND due_at <= ? AND (state = 'waiting' OR changed_at <= ?) "  # noqa: S608  (ours)
            f"ORDER BY due_at, changed_at LIMIT 1 {self._database.lock}"
        )
        rows = self._database.execute(
            f"UPDATE studies SET due_at = ? WHERE number = ({due}) RETURNING {_COLUMNS}",  # noqa: S608
            (now + self._database.taken_s, now, now - settle_s),
        )
        return _read(rows[0]) if rows else None

    def find_failed(self) -> list[Study]:
        """List the dead letters."""
        rows = self._database.execute(f"SELECT {_COLUMNS} FROM studies WHERE state = 'failed' ORDER BY number")  # noqa: S608  (ours)
        return [_read(row) for row in rows]

    def count(self) -> dict[str, int]:
        """Count studies by state."""
        counted = self._database.execute("SELECT state, count(*) FROM studies GROUP BY state ORDER BY state")
        return {str(state): int(number) for state, number in counted}

    def find_oldest_open(self) -> float | None:
        """When the last image came of the study that has been open for longest; None where all are done."""
        ((oldest,),) = self._database.execute(f"SELECT min(changed_at) FROM studies WHERE {_OPEN}")  # noqa: S608  (ours)
        return None if oldest is None else float(oldest)

    def find_next_due(self, settle_s: float) -> float | None:
        """When the next study is due, as it is known now; None where all are done."""
        due_at = "CASE WHEN state = 'waiting' OR due_at > changed_at + ? THEN due_at ELSE changed_at + ? END"
        rows = self._database.execute(f"SELECT min({due_at}) FROM studies WHERE {_OPEN}", (settle_s, settle_s))  # noqa: S608  (ours)
        ((due,),) = rows
        return None if due is None else float(due)

    def begin(self, study: Study, source: str) -> Study:
        """Note that it is worked on; of other images than before, the work starts over."""
        self._update(study, "state = 'waiting', looked_at_instances = ?", study.instances)
        if source == study.source:
            return study
        self._update(study, "source = ?, attempts = 0, code = '', results = '[]'", source)
        return replace(study, source=source, attempts=0, results=())

    def leave(self, study: Study) -> None:
        """Note that its new instances are none to read: its state stays."""
        self._update(study, "due_at = 0, looked_at_instances = ?", study.instances)

    def expect(self, study: Study, results: Iterable[str]) -> None:
        """Note the UIDs of its results before they are stored."""
        self._update(study, "results = ?", json.dumps(list(results)))

    def finish(self, study: Study, state: State, code: str = "", added: int = 0) -> None:
        """Note how it ended, and how many results were added to its instances, which are none to look at again."""
        instances = study.instances + added
        self._update(
            study,
            "state = ?, code = ?, due_at = 0, instances = ?, looked_at_instances = ?",
            *(state, code, instances, instances),
        )

    def fail(
        self, study: Study, code: str, now: float, at_last: State = "failed", *, is_lasting: bool = False
    ) -> State:
        """Count a failed attempt: it is tried again, later each time, and at last, or where that is vain, given up."""
        attempts = study.attempts + 1
        state: State = at_last if is_lasting or attempts >= _MOST_ATTEMPTS else "waiting"
        due_at = now + _FIRST_WAIT_S * 2**study.attempts
        self._update(
            study,
            "state = ?, code = ?, attempts = ?, due_at = ?, looked_at_instances = ?",
            *(state, code, attempts, due_at, study.instances),
        )
        return state

    def postpone(self, study: Study, due_at: float) -> None:
        """Try it again later, without counting the attempt."""
        self._update(study, "due_at = ?", due_at)

    def retry_failed(self) -> int:
        """Make the dead letters due again, and count them."""
        changed = self._database.execute(
            "UPDATE studies SET state = 'waiting', attempts = 0, due_at = 0 WHERE state = 'failed' RETURNING number"
        )
        return len(changed)

    def _update(self, study: Study, assignments: str, *values: Value) -> None:
        self._database.execute(
            f"UPDATE studies SET {assignments} WHERE number = ?",  # noqa: S608  (ours)
            (*values, study.number),
        )


def open_jobs(place: str) -> Jobs:
    """Open the table of a watcher.

    Raises
    ------
    SetupInvalid
        There is none.
    """
    if not is_database(place) and not Path(place).exists():
        raise SetupInvalid(f"There is no job table at {place}; --jobs names that of the watcher.")
    return Jobs(place)


def _read(row: tuple[Any, ...]) -> Study:
    try:
        return replace(Study(*row), results=tuple(json.loads(row[-1])))
    except (ValueError, TypeError) as error:
        raise JobsDamaged from error
