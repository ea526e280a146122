"""Paths in, the parts of a form out, whose files are read while they are sent."""

import os
from collections.abc import Iterable
from io import SEEK_END
from os import PathLike
from pathlib import Path
from typing import IO, cast

Parts = list[tuple[str, tuple[str, IO[bytes]]]]


def open_parts(paths: Iterable[str | PathLike[str]]) -> Parts:
    """Make the parts of a study: of each file, and of each file below a folder that is not hidden.

    Raises
    ------
    FileNotFoundError
        A path is absent, or there is no file.
    """
    files = [file for path in paths for file in _list_files(Path(path))]
    if not files:
        raise FileNotFoundError("There is no file to send.")
    return [("file", (_name(file), cast("IO[bytes]", _LazyFile(file)))) for file in files]


def _name(file: Path) -> str:
    """As text, which not every name on a disk is."""
    return os.fsencode(file.name).decode(errors="replace")


def _list_files(path: Path) -> list[Path]:
    if not path.is_dir():
        path.stat()
        return [path]
    below = (one for one in path.rglob("*") if one.is_file())
    return sorted(one for one in below if not any(part.startswith(".") for part in one.relative_to(path).parts))


class _LazyFile:
    """A file that is open only while it is read: a series has more files than a process may open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: IO[bytes] | None = None

    def tell(self) -> int:
        return 0

    def seek(self, _offset: int, whence: int = 0) -> int:
        """Back to the start; to the end only to ask for the size, which httpx does."""
        self._close()
        return self._path.stat().st_size if whence == SEEK_END else 0

    def read(self, size: int = -1) -> bytes:
        if self._open is None:
            self._open = self._path.open("rb")
        content = self._open.read(size)
        if not content:
            self._close()
        return content

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
