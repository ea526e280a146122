"""PostgreSQL, as a process of its own on a free port, with a database for each test."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
# It does not run as root.
_USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

PASSWORD = "pass/word"  # noqa: S105  (of a server that lives for a test)

needs_postgres = pytest.mark.skipif(not _PROGRAMS, reason="PostgreSQL is absent; on Debian: apt-get install postgresql")


@dataclass(frozen=True)
class Postgres:
    """A server that asks for a password."""

    folder: Path
    port: int

    def make_database(self) -> str:
        """The address of a new one, without the password."""
        name = f"jobs_{uuid4().hex}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return f"postgresql://watcher@127.0.0.1:{self.port}/{name}"

    @property
    def password_file(self) -> Path:
        """What libpq reads where PGPASSFILE names it."""
        return self.folder / "pgpass"

    def start(self) -> None:
        self._control("start", "-o", f"-h 127.0.0.1 -p {self.port} -k {self.folder} -F")

    def stop(self) -> None:
        self._control("stop", "-m", "immediate")

    def _control(self, *command: str) -> None:
        data, log = self.folder / "data", self.folder / "log"
        _run("pg_ctl", "-D", str(data), "-l", str(log), "-w", *command)

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="watcher", password=PASSWORD, dbname="postgres", autocommit=True
        )


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Start a new one; it is ended with the context."""
    # Not a folder of pytest's: only their owner, perhaps root, enters those.
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            server = Postgres(folder, probe.getsockname()[1])
        (folder / "password").write_text(PASSWORD)
        server.password_file.write_text(f"*:*:*:watcher:{PASSWORD}\n")
        server.password_file.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        data, password = str(folder / "data"), str(folder / "password")
        _run("initdb", "-D", data, "-U", "watcher", "-A", "scram-sha-256", "--pwfile", password, "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _run(program: str, *options: str) -> None:
    user = _USER if os.geteuid() == 0 else None
    command = [str(_PROGRAMS[-1].with_name(program)), *options]
    # No pipe: the server would keep it open.
    subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)
