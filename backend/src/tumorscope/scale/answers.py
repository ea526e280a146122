"""Answers in, a folder of Parquet files out, which an interrupted run is continued from.

::

    OUTPUT/
    ├── model.json              the model and the notice
    ├── part=000001/            a folder is complete, or it is not there
    │   ├── studies.parquet     one row a study that was answered
    │   ├── findings.parquet    one row a finding
    │   └── failures.parquet    one row a study that could not be read
    └── part=000002/ …

What the system could not open (`UNREADABLE`) is tried again by the next run: its rows are taken out when that begins.
"""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel

from tumorscope import NOTICE
from tumorscope.domain.errors import InvalidRequest
from tumorscope.presentation.answer import FindingFigures, PredictionAnswer

TABLES = ("studies", "findings", "failures")

UNREADABLE = "unreadable"
"""The code of what is absent, forbidden or on a failing disk: of the place, not of the study."""

# Of the answer: what differs from run to run, what is the same for all studies, and what has a table of its own.
_LEFT_OUT = {"id", "timing_ms", "model", "notice", "explanation", "findings"}
# Within its fields: pictures, and what `message` says as well.
_LEFT_OUT_WITHIN = {"picture_png", "params", "patient_message"}
_NUMBERS: Mapping[type[Any], pa.DataType] = {int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
_KEY = [pa.field("study", pa.string())]
_FILES = [pa.field("files", pa.list_(pa.string()))]
_OBJECTS = [pa.field("dicom_files", pa.list_(pa.string()))]
_ORIGIN = [pa.field("model_version", pa.string()), pa.field("notice", pa.string())]

Row = Mapping[str, Any]
"""`study`, the key; `files`; and either the answer's fields, perhaps with `dicom_files`, or `error` with `code` and
`detail`."""


class AnswerFolder:
    """The answers of this run and of earlier ones; use `open`."""

    def __init__(self, path: Path, model: Mapping[str, Any], class_names: Sequence[str]) -> None:
        self._path = path
        self._version = model["version"]
        self._schemas = _make_schemas(model, class_names)
        self._parts = sorted(path.glob("part=*"))
        self.done = read_done(path)
        """Keys of the studies that need no more attention; see `read_done`."""

    @classmethod
    @contextmanager
    def open(cls, path: Path, model: Mapping[str, Any], class_names: Sequence[str]) -> "Iterator[AnswerFolder]":
        """Begin a folder, or continue one; what an interrupted run left unfinished is removed.

        Raises
        ------
        InvalidRequest
            The folder holds something else, or answers of another model, or a damaged part, or another run writes into
            it.
        OSError
            It cannot be written.
        """
        path.mkdir(parents=True, exist_ok=True)
        header = {"model": dict(model), "notice": NOTICE}
        with (path / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InvalidRequest("Another run writes into this folder.") from error
            stated = path / "model.json"
            if not stated.exists():
                if any(not one.name.startswith(".") for one in path.iterdir()):
                    raise InvalidRequest("The folder holds something else than answers; name another folder.")
                unfinished = path / ".model.json"
                _write_file(unfinished, json.dumps(header, indent=2).encode())
                unfinished.rename(stated)
            if stated.read_text(encoding="utf-8") != json.dumps(header, indent=2):
                raise InvalidRequest("The folder holds answers of another model or engine; name another folder.")
            for left in path.glob(".part=*"):
                shutil.rmtree(left)
            for part in path.glob("part=*"):
                if not part.name.removeprefix("part=").isdecimal():
                    raise InvalidRequest(f"{part.name} is no part that a run has written; remove it from the folder.")
                _forget_unreadable(part / "failures.parquet")
            yield cls(path, model, class_names)

    def write(self, rows: Sequence[Row]) -> None:
        """Write a part; once this returns, nothing loses it.

        Raises
        ------
        OSError
            The disk is full, or another fault of it; then nothing is kept of the part.
        """
        number = 1 + (int(self._parts[-1].name.removeprefix("part=")) if self._parts else 0)
        part = self._path / f"part={number:06}"
        unfinished = part.with_name(f".{part.name}")
        try:
            unfinished.mkdir()
            for name, content in zip(TABLES, self._arrange(rows), strict=True):
                _write_table(unfinished / f"{name}.parquet", pa.Table.from_pylist(content, self._schemas[name]))
            unfinished.rename(part)
            _flush_folder(self._path)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        self._parts.append(part)
        self.done.update(row["study"] for row in rows)

    def _arrange(self, rows: Sequence[Row]) -> tuple[Sequence[Row], Sequence[Row], Sequence[Row]]:
        """By table."""
        origin = {"model_version": self._version, "notice": NOTICE}
        answered = [row for row in rows if "error" not in row]
        findings = [
            {**finding, "study": row["study"], "rank": rank, **origin}
            for row in answered
            for rank, finding in enumerate(row["findings"], 1)
        ]
        failures = [{**row, **row["error"], **origin} for row in rows if "error" in row]
        return [{**row, **origin} for row in answered], findings, failures


def read_done(folder: Path) -> set[str]:
    """Read the keys of the studies that were answered, or failed for a reason that lasts.

    Raises
    ------
    InvalidRequest
        A part is damaged.
    """
    done: set[str] = set()
    for part in folder.glob("part=*"):
        done.update(_read_part(part / "studies.parquet", ["study"])["study"].to_pylist())
        failures = _read_part(part / "failures.parquet", ["study", "code"])
        done.update(_leave_out_unreadable(failures)["study"].to_pylist())
    return done


def read_table(folder: Path, name: str) -> pa.Table:
    """Read a table of `TABLES`, all parts of it."""
    return pa.concat_tables(pq.ParquetFile(file).read() for file in sorted(folder.glob(f"part=*/{name}.parquet")))


def _read_part(file: Path, columns: list[str] | None = None) -> pa.Table:
    try:
        return pq.ParquetFile(file).read(columns)
    except (FileNotFoundError, pa.ArrowInvalid) as error:
        raise InvalidRequest(
            f"{file.parent.name} is damaged. Remove it and run the command again: its studies are answered again."
        ) from error


def _leave_out_unreadable(failures: pa.Table) -> pa.Table:
    return failures.filter(pc.field("code") != UNREADABLE)


def _forget_unreadable(file: Path) -> None:
    failures = _read_part(file)
    lasting = _leave_out_unreadable(failures)
    if lasting.num_rows < failures.num_rows:
        unfinished = file.with_name(f".{file.name}")
        _write_table(unfinished, lasting)
        unfinished.rename(file)


def _make_schemas(model: Mapping[str, Any], class_names: Sequence[str]) -> dict[str, pa.Schema]:
    answer = _list_fields(PredictionAnswer, _LEFT_OUT, class_names)
    finding = _list_fields(FindingFigures, set(), class_names)
    failure = [pa.field("code", pa.string()), pa.field("detail", pa.string())]
    fields = {
        "studies": [*_KEY, *_FILES, *_OBJECTS, *answer],
        "findings": [*_KEY, pa.field("rank", pa.int64()), *finding],
        "failures": [*_KEY, *_FILES, *failure],
    }
    metadata = {"model": json.dumps(dict(model)), "notice": NOTICE}
    return {name: pa.schema([*fields[name], *_ORIGIN], metadata) for name in TABLES}


def _list_fields(model: type[BaseModel], left_out: set[str], class_names: Sequence[str]) -> list[pa.Field]:
    return [
        pa.field(name, _to_arrow(cast("type[Any]", field.annotation), class_names))
        for name, field in model.model_fields.items()
        if name not in left_out
    ]


def _to_arrow(kind: type[Any], class_names: Sequence[str]) -> pa.DataType:
    """The Arrow type of a field of the contract; figures by class become a struct with a field a class."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Annotated, Union, UnionType):
        # What may be None, or within bounds.
        return _to_arrow(arguments[0], class_names)
    if origin is dict:
        return pa.struct([(name, pa.float64()) for name in class_names])
    if origin in (list, tuple):
        return pa.list_(_to_arrow(arguments[0], class_names))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return pa.struct(_list_fields(kind, _LEFT_OUT_WITHIN, class_names))
    # Names of a fixed set are text, too.
    return _NUMBERS.get(kind, pa.string())


def _write_table(path: Path, table: pa.Table) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    _write_file(path, sink.getvalue())


def _write_file(path: Path, content: bytes) -> None:
    """Write it to the disk itself, before it is renamed."""
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot, and keep names without.
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(descriptor)
