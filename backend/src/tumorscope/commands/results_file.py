"""Answers in, a file of them out, a line each, which an interrupted run is continued from."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from tumorscope import NOTICE
from tumorscope.domain.errors import InvalidRequest


class ResultsFile:
    """The answers of this run and, where there is a file, of earlier ones; use `open`.

    Parameters
    ----------
    path : Path or None
        None keeps them in memory.
    stream : TextIO or None
        The file, open for appending.
    done : set of str
        Absolute paths of the files that were read.
    """

    def __init__(self, path: Path | None, stream: TextIO | None, done: set[str]) -> None:
        self._path = path
        self._stream = stream
        self._done = done
        self._rows: list[dict[str, Any]] = []

    @classmethod
    @contextmanager
    def open(cls, path: Path | None, model: Mapping[str, Any]) -> "Iterator[ResultsFile]":
        """Begin a file, or continue one.

        Parameters
        ----------
        path : Path or None
            NDJSON; its first line names the model. A line that an interruption cut is taken off.
        model : mapping of str to object
            The model that answers, as the contract describes it.

        Yields
        ------
        ResultsFile
            Of an open file.

        Raises
        ------
        InvalidRequest
            The file holds something else, or answers of another model, or is not a regular file.
        OSError
            It cannot be written.
        """
        if path is None:
            yield cls(None, None, set())
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        header = {"model": dict(model), "notice": NOTICE}
        done: set[str] = set()
        if path.exists() and not path.is_file():
            raise InvalidRequest("The results file is not a regular file; name another file.")
        if path.exists() and path.stat().st_size:
            _cut_torn_line(path)
            lines = _read_lines(path)
            if next(lines, None) != header:
                raise InvalidRequest("The results file is not one of this model's; name another file.")
            done = {_identify(file) for row in lines for file in row["files"]}
        with path.open("a", encoding="utf-8") as stream:
            if not path.stat().st_size:
                _write_line(stream, header)
            yield cls(path, stream, done)

    def is_done(self, file: Path) -> bool:
        """Whether an earlier run read a file."""
        return _identify(str(file)) in self._done

    def add(self, row: dict[str, Any]) -> None:
        """Keep an answer; once this returns, an interruption does not lose it."""
        if self._stream is None:
            self._rows.append(row)
        else:
            _write_line(self._stream, row)

    def read(self) -> Iterator[dict[str, Any]]:
        """All answers, those of earlier runs first."""
        if self._path is None:
            yield from self._rows
            return
        lines = _read_lines(self._path)
        next(lines)
        yield from lines


def _identify(file: str) -> str:
    return str(Path(file).absolute())


def _write_line(stream: TextIO, content: dict[str, Any]) -> None:
    stream.write(json.dumps(content, ensure_ascii=False) + "\n")
    stream.flush()


def _cut_torn_line(path: Path) -> None:
    with path.open("rb+") as stream:
        end = 0
        for line in stream:
            end += len(line) if line.endswith(b"\n") else 0
        stream.truncate(end)


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                content = json.loads(line)
            except ValueError:
                content = None
            if not isinstance(content, dict) or not ("model" in content or isinstance(content.get("files"), list)):
                raise InvalidRequest("The results file holds something else than results; name another file.")
            yield content
