"""The job table: one row a study of the archive, in a SQLite file, so that a restart at any point loses nothing."""

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

from tumorscope.domain.errors import SetupInvalid

State = Literal["arriving", "waiting", "answered", "refused", "skipped", "failed"]
"""Its images still come; its answer is due; its results are in the archive; it is out of scope or cannot be read; no
series of it is asked for; every attempt failed."""

_MOST_ATTEMPTS = 6
_FIRST_WAIT_S = 10
# A writer waits for the other one, `tumorscope pacs retry`, at most this long.
_LOCK_S = 30

_TABLE = """
CREATE TABLE IF NOT EXISTS studies (
    number INTEGER PRIMARY KEY,
    uid TEXT NOT NULL UNIQUE,
    instances INTEGER NOT NULL,
    changed_at REAL NOT NULL,
    looked_at_instances INTEGER,
    state TEXT NOT NULL DEFAULT 'arriving',
    source TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    results TEXT NOT NULL DEFAULT '[]'
)
"""
_OPEN = "(state = 'waiting' OR instances IS NOT looked_at_instances)"
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
    """The table in a file.

    Parameters
    ----------
    file : Path
        It is made, for its owner alone, where there is none.
    """

    def __init__(self, file: Path) -> None:
        file.touch(mode=0o600)
        self._file = file
        # Each statement is a transaction of its own.
        self._connection = sqlite3.connect(file, timeout=_LOCK_S, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        try:
            self._connection.execute(_TABLE)
            self._connection.execute(_INDEX)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise SetupInvalid("The file of jobs cannot be used; name another one.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other watchers from these jobs.

        Raises
        ------
        SetupInvalid
            There is another one.
        """
        # Not the table's file: SQLite has locks of its own on that.
        with self._file.with_name(f"{self._file.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SetupInvalid("Another watcher works on these jobs.") from error
            yield

    def see(self, studies: Iterable[tuple[str, int]], now: float) -> None:
        """Note what the archive holds: the UID of each study, and the number of its instances."""
        rows = [(uid, count, now) for uid, count in studies]
        self._connection.execute("BEGIN IMMEDIATE")
        with self._connection:
            self._connection.executemany(
                "INSERT INTO studies (uid, instances, changed_at) VALUES (?, ?, ?) ON CONFLICT (uid) DO UPDATE SET "
                "instances = excluded.instances, changed_at = excluded.changed_at "
                "WHERE instances <> excluded.instances",
                rows,
            )

    def find_due(self, now: float, settle_s: float) -> Study | None:
        """Find the study that is due for longest: a waiting one, or one whose number of instances has settled."""
        due = self._select(
            f"WHERE {_OPEN} AND due_at <= :now AND (state = 'waiting' OR changed_at <= :settled) "
            "ORDER BY due_at, changed_at LIMIT 1",
            {"now": now, "settled": now - settle_s},
        )
        return due[0] if due else None

    def find_failed(self) -> list[Study]:
        """List the dead letters."""
        return self._select("WHERE state = 'failed' ORDER BY number", {})

    def count(self) -> dict[str, int]:
        """Count studies by state."""
        counted = self._connection.execute("SELECT state, count(*) FROM studies GROUP BY state ORDER BY state")
        return {str(state): int(number) for state, number in counted}

    def find_oldest_open(self) -> float | None:
        """When the last image came of the study that has been open for longest; None where all are done."""
        oldest = self._connection.execute(f"SELECT min(changed_at) FROM studies WHERE {_OPEN}").fetchone()[0]  # noqa: S608  (ours)
        return None if oldest is None else float(oldest)

    def find_next_due(self, settle_s: float) -> float | None:
        """When the next study is due, as it is known now; None where all are done."""
        due_at = f"CASE WHEN state = 'waiting' THEN due_at ELSE max(due_at, changed_at + {settle_s:f}) END"
        due = self._connection.execute(f"SELECT min({due_at}) FROM studies WHERE {_OPEN}").fetchone()[0]  # noqa: S608  (ours)
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
        self._update(study, "looked_at_instances = ?", study.instances)

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

    def fail(self, study: Study, code: str, now: float) -> State:
        """Count a failed attempt: it is tried again, later each time, or becomes a dead letter."""
        attempts = study.attempts + 1
        state: State = "failed" if attempts >= _MOST_ATTEMPTS else "waiting"
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
        changed = self._connection.execute(
            "UPDATE studies SET state = 'waiting', attempts = 0, due_at = 0 WHERE state = 'failed'"
        )
        return changed.rowcount

    def _select(self, condition: str, values: dict[str, float]) -> list[Study]:
        columns = "number, uid, instances, state, source, attempts, code, results"
        rows = self._connection.execute(f"SELECT {columns} FROM studies {condition}", values).fetchall()  # noqa: S608  (ours)
        return [Study(**{**dict(row), "results": tuple(json.loads(row["results"]))}) for row in rows]

    def _update(self, study: Study, assignments: str, *values: str | float) -> None:
        self._connection.execute(
            f"UPDATE studies SET {assignments} WHERE number = ?",  # noqa: S608  (ours)
            (*values, study.number),
        )
