"""The place of the job table in, statements run on it out: all that SQLite and PostgreSQL do differently."""

import fcntl
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tumorscope.domain.errors import JobsDamaged, PeerUnavailable, SetupInvalid

if TYPE_CHECKING:
    import psycopg

# A statement waits for another program's at most this long.
_LOCK_S = 30.0
_CONNECT_S = 10
# Longer than any study takes: the service answers within 330 s.
_TAKEN_S = 600.0
# Only one watcher makes the table; any number that no other program is likely to lock.
_TABLE_LOCK = 20_240_700
_NOT_WRITTEN = "jobs_not_written"
# No SQLite file, pages that do not fit each other, other columns than ours.
_DAMAGED = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)

Value = str | float | None


class Database(Protocol):
    """A connection whose statements are transactions of their own; question marks stand for values.

    Its functions raise `PeerUnavailable`, ``jobs_not_written``, where a disk is full or a server is out of reach, and
    `JobsDamaged` where a file is damaged, or another program's.
    """

    number: str
    """Type of a column that numbers its rows."""
    lock: str
    """What ends a query for a row that no other watcher may take at the same moment."""
    taken_s: float
    """For how long a row that was taken is not due for other watchers."""

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        """Run a statement; its rows."""

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run a statement for each row of values, in one transaction."""

    def create(self, statements: Iterable[str]) -> None:
        """Make what is not there yet."""

    def hold(self) -> AbstractContextManager[None]:
        """Keep other watchers from the table, where they could not share it."""

    def close(self) -> None:
        """End the connection."""


def open_database(place: str) -> Database:
    """Open the database at ``postgresql://…``, or the file of SQLite of any other name.

    Raises
    ------
    SetupInvalid
        It cannot be used.
    PeerUnavailable
        The server cannot be reached.
    """
    return _Postgres(place) if is_database(place) else _Sqlite(Path(place))


def is_database(place: str) -> bool:
    """Whether a place is on a server, and no file."""
    return place.startswith(("postgresql://", "postgres://"))


class _Sqlite:
    """A file, for its owner alone, which one watcher works on."""

    number = "INTEGER PRIMARY KEY"
    lock = ""
    taken_s = 0.0

    def __init__(self, file: Path) -> None:
        try:
            # One that is there may be read where it cannot be written.
            if not file.exists():
                file.touch(mode=0o600)
        except OSError as error:
            raise PeerUnavailable(f"The file of jobs cannot be opened: {error.strerror}.", _NOT_WRITTEN) from error
        self._file = file
        with self._writing():
            self._connection = sqlite3.connect(file, timeout=_LOCK_S, isolation_level=None)

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        with self._writing():
            return self._connection.execute(statement, values).fetchall()

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        with self._writing():
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:
                self._connection.executemany(statement, rows)

    def create(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self.execute(statement)

    @contextmanager
    def hold(self) -> Iterator[None]:
        # Not the table's file: SQLite has locks of its own on that.
        with self._file.with_name(f"{self._file.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SetupInvalid("Another watcher works on these jobs.") from error
            except OSError as error:
                raise SetupInvalid(f"The folder of the jobs takes no locks: {error.strerror}.") from error
            yield

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            # Text that is no UTF-8 has none. The lower byte is the kind of error, the others say more of it.
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _DAMAGED:
                raise JobsDamaged from error
            raise PeerUnavailable(
                f"The file of jobs cannot be written ({error.sqlite_errorname}).", _NOT_WRITTEN
            ) from error


class _Postgres:
    """A database on a server, which several watchers share; a lost connection is opened again.

    Messages of the driver are not passed on: they may quote parts of the address, and so the password.
    """

    number = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    lock = "FOR UPDATE SKIP LOCKED"
    taken_s = _TAKEN_S

    def __init__(self, url: str) -> None:
        # Imported here: it is an extra of its own.
        import psycopg  # noqa: PLC0415

        self._psycopg = psycopg
        self._url = url
        with self._reaching():
            self._connection = self._connect()

    def execute(self, statement: str, values: Sequence[Value] = ()) -> list[tuple[Any, ...]]:
        with self._reaching():
            cursor = self._connected().execute(_mark(statement), values)
            return cursor.fetchall() if cursor.description else []

    def execute_many(self, statement: str, rows: Iterable[Sequence[Value]]) -> None:
        with self._reaching(), (connection := self._connected()).transaction():
            connection.cursor().executemany(_mark(statement), rows)

    def create(self, statements: Iterable[str]) -> None:
        with self._reaching(), self._connection.transaction():
            self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLE_LOCK,))
            for statement in statements:
                self._connection.execute(_mark(statement))

    @contextmanager
    def hold(self) -> Iterator[None]:
        yield

    def close(self) -> None:
        self._connection.close()

    def _connected(self) -> "psycopg.Connection":
        if self._connection.closed:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> "psycopg.Connection":
        try:
            connection = self._psycopg.connect(
                self._url, autocommit=True, connect_timeout=_CONNECT_S, tcp_user_timeout=round(_LOCK_S * 1000)
            )
        except self._psycopg.ProgrammingError as error:
            raise SetupInvalid("The address of the database of jobs is malformed.") from error
        connection.execute("SELECT set_config('lock_timeout', %s, false)", (f"{_LOCK_S * 1000:.0f}",))
        return connection

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
            raise PeerUnavailable(f"The database of jobs cannot be used{state}.", _NOT_WRITTEN) from error


def _mark(statement: str) -> bytes:
    """Write placeholders as PostgreSQL's driver takes them; statements are ours, and hold no other question mark."""
    return statement.replace("?", "%s").encode()
