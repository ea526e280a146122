"""Files of one study in, their Scan out, read in a process that can be killed: an attack on a parser ends with it."""

import os
import signal
import socket
import subprocess
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import wait
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Self

from tumorscope.domain import errors
from tumorscope.domain.errors import CorruptFile, InputError, Overloaded, TumorscopeError
from tumorscope.domain.scan import Scan
from tumorscope.imaging.decode import Upload, decode_upload
from tumorscope.imaging.decoder_channel import (
    DAMAGED,
    Channel,
    Watch,
    allocate,
    open_shared,
    pack,
    receive,
    receive_arrays,
    send,
    unpack,
    watch_nothing,
)
from tumorscope.imaging.decoder_process import EXIT_CODE_BYTES, Decode
from tumorscope.imaging.source import DecodeLimits, Reserve

_START_S = 60.0
# How long a process may take to end by itself.
_END_S = 1.0
# How often a call looks whether it is still wanted.
_POLL_S = 0.1
_RETRY_AFTER_S = 1
# Seconds of a core for each MiB of files, besides those of the pool, and at most: a proxy waits for a minute.
_CPU_S_PER_MIB = 0.5
_MOST_CPU_S = 40.0
# Signals of an operator, or of the kernel when memory runs out; none where all its processes were ended.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM, None)
# Processes that wait for the next file, and the memory for one file from which on they are not kept: the allocator may
# hold some of it, which no budget counts.
_KEPT = 4
_KEPT_BYTES = 256 * 2**20
# Of a small DICOM file at once, by its size: what an uncompressed one takes. Another question costs a turn of both.
_GRANTED_TIMES, _GRANTED_BYTES = 20, 16 * 2**20
# Pictures of up to 4 megapixels.
_LITTLE_BYTES = 80 * 2**20
_AGAIN = "Send the file again in a moment."


class _NotLittle(TumorscopeError):
    """A picture takes more memory than is decoded outside the pool."""


@dataclass(frozen=True, slots=True)
class _Server:
    """What the processes are forked from: it has only imported the parsers, and a fork takes milliseconds."""

    process: subprocess.Popen[bytes]
    control: socket.socket


@dataclass(frozen=True, slots=True)
class _Worker:
    pid: int
    channel: Channel
    report: int


class DecoderPool:
    """Decodes in processes of their own, one for each call at a time; small plain pictures in the caller's.

    Parameters
    ----------
    address_bytes : int, optional
        Address space that a process may take besides what it starts with; by default not limited.
    cpu_s : float
        Processor time for a small file; larger ones have half a second more for each MiB, 40 s at most.
    patience_s : float
        How long a process may stand still besides: it was stopped, or the machine has too much to do.
    decode : callable
        What the processes run; defined at the top level of a module.
    """

    def __init__(
        self,
        address_bytes: int | None = None,
        cpu_s: float = 10.0,
        patience_s: float = 20.0,
        decode: Decode = decode_upload,
    ) -> None:
        self._address_bytes = address_bytes
        self._cpu_s = cpu_s
        self._patience_s = patience_s
        self._decode = decode
        self._lock = Lock()
        # None before the first file, else the one.
        self._servers: list[_Server] = []
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        # No process outlives a pool that nobody closed.
        weakref.finalize(self, _end_all, self._servers, self._idle, self._busy)

    def decode(
        self,
        upload: Upload,
        limits: DecodeLimits,
        watch: Watch = watch_nothing,
        meanwhile: Callable[[], object] = watch_nothing,
    ) -> Scan:
        """`imaging.decode.decode_upload`, within time and memory; may be called from several threads.

        `meanwhile` is called once a process has the files, if one gets them, and does what else needs a core.

        Raises
        ------
        InputError
            A file cannot be read, which includes that its parser crashes or takes too long.
        Overloaded
            The process was stopped or ended from outside, does not start, or hardly runs.
        MemoryError
            The process has not enough memory.
        """
        if upload.is_plain_picture:
            with suppress(_NotLittle):
                return decode_upload(upload, replace(limits, reserve=partial(_reserve_little, limits.reserve)))
        worker = self._take()
        reserved = 0

        def reserve(size: int) -> None:
            nonlocal reserved
            limits.reserve(size)
            reserved += size

        try:
            answer = self._ask(worker, upload, replace(limits, reserve=reserve), watch, meanwhile)
        except (EOFError, OSError) as error:
            exit_code = self._end(worker)
            if exit_code in _FROM_OUTSIDE:
                raise Overloaded(
                    f"The service was interrupted while it read the file. {_AGAIN}", _RETRY_AFTER_S
                ) from error
            late = exit_code == -signal.SIGPROF
            raise CorruptFile(
                "The file takes longer to read than any scan does. Export it again." if late else DAMAGED
            ) from error
        except BaseException:
            _kill(worker)
            self._end(worker)
            raise
        if reserved <= _KEPT_BYTES:
            self._give_back(worker)
        else:
            self._end(worker)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ask(
        self, worker: _Worker, upload: Upload, limits: DecodeLimits, watch: Watch, meanwhile: Callable[[], object]
    ) -> Scan | Exception:
        size = sum(len(file.data) for file in upload.files)
        cpu_s = min(self._cpu_s + _CPU_S_PER_MIB * size / 2**20, max(self._cpu_s, _MOST_CPU_S))
        deadline = monotonic() + cpu_s + self._patience_s
        is_instance = upload.kind == "dicom" and len(upload.files) == 1
        granted = min(_GRANTED_TIMES * size, _GRANTED_BYTES) if is_instance else 0

        def watch_time() -> None:
            watch()
            if monotonic() > deadline:
                raise Overloaded(f"The service has too much to do to read the file. {_AGAIN}", _RETRY_AFTER_S)

        job = {
            "upload": pack(replace(upload, files=()))[0],
            "files": [(file.name, len(file.data)) for file in upload.files],
            "limits": (limits.pixels, limits.expanded_bytes, limits.files),
            "cpu_s": cpu_s,
            "granted": granted,
        }
        # The process holds a copy of the files, and for a moment one of what comes back.
        limits.reserve(size + granted)
        send(worker.channel, job, [file.data for file in upload.files], watch_time)
        started = monotonic()
        meanwhile()
        deadline += monotonic() - started
        while True:
            watch_time()
            match receive(worker.channel, watch_time):
                case {"reserve": int(wanted)} if wanted >= 0:
                    asked = monotonic()
                    limits.reserve(wanted)
                    deadline += monotonic() - asked
                    send(worker.channel, "reserved", (), watch_time)
                case {"scan": packed, "arrays": described}:
                    arrays = [allocate(dtype, shape) for dtype, shape in described]
                    limits.reserve(sum(array.nbytes for array in arrays))
                    receive_arrays(worker.channel, arrays, watch_time)
                    scan = unpack(packed, arrays)
                    if not isinstance(scan, Scan):
                        raise CorruptFile(DAMAGED)
                    return scan
                case {"error": str(name), "message": str(message), "cause": cause}:
                    return _make_error(name, message, cause)
                case _:
                    raise CorruptFile(DAMAGED)

    def _take(self) -> _Worker:
        with self._lock:
            while self._idle:
                worker = self._idle.pop()
                # A channel from which something could be read has lost its process.
                if not wait([worker.channel.end], 0):
                    self._busy.append(worker)
                    return worker
                _end_worker(worker)
        worker = self._start_worker()
        with self._lock:
            self._busy.append(worker)
        return worker

    def _start_worker(self) -> _Worker:
        """Start a process and wait until it can decode, which does not count as a file's time.

        Raises
        ------
        Overloaded
            It does not start.
        """
        deadline = monotonic() + _START_S

        def watch() -> None:
            if monotonic() > deadline:
                raise TimeoutError

        memory: list[int] = []
        try:
            ours, theirs = socket.socketpair()
            memory = open_shared()
            channel = Channel.join(ours, memory)
            report, reported = os.pipe()
        except OSError as error:
            for descriptor in memory:
                os.close(descriptor)
            raise Overloaded(
                f"The service has too many files open to read another. {_AGAIN}", _RETRY_AFTER_S
            ) from error
        try:
            try:
                with self._lock:
                    descriptors = [reported, theirs.fileno(), *memory]
                    socket.send_fds(self._require_server().control, [b"1"], descriptors)
            finally:
                theirs.close()
                for descriptor in (reported, *memory):
                    os.close(descriptor)
            ours.settimeout(_POLL_S)
            return _Worker(receive(channel, watch)["pid"], channel, report)
        except (EOFError, OSError) as error:
            ours.close()
            os.close(report)
            raise Overloaded(f"The service cannot start to read files. {_AGAIN}", _RETRY_AFTER_S) from error

    def _require_server(self) -> "_Server":
        if self._servers and self._servers[0].process.poll() is not None:
            self._servers.pop().control.close()
        if not self._servers:
            ours, theirs = socket.socketpair()
            what = [str(theirs.fileno()), self._decode.__module__, self._decode.__name__, str(self._address_bytes or 0)]
            command = [sys.executable, "-m", "tumorscope.imaging.decoder_process", *what]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
            with theirs:
                process = subprocess.Popen(command, pass_fds=[theirs.fileno()], env=environment)  # noqa: S603
            self._servers.append(_Server(process, ours))
        return self._servers[0]

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if len(self._idle) < _KEPT:
                self._busy.remove(worker)
                self._idle.append(worker)
                return
        self._end(worker)

    def _end(self, worker: _Worker) -> int | None:
        """The exit code of the process; negative for the signal that ended it."""
        with self._lock:
            self._busy.remove(worker)
            return _end_worker(worker)

    def __enter__(self) -> Self:
        """Start what the processes are forked from, without waiting for it."""
        with self._lock:
            self._require_server()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the processes, with whatever they read."""
        with self._lock:
            _end_all(self._servers, self._idle, self._busy)


def _reserve_little(reserve: Reserve, size: int) -> None:
    if size > _LITTLE_BYTES:
        raise _NotLittle
    reserve(size)


def _end_all(servers: list[_Server], idle: list[_Worker], busy: list[_Worker]) -> None:
    for worker in busy:
        _kill(worker)
    while idle:
        worker = idle.pop()
        _kill(worker)
        _end_worker(worker)
    while servers:
        server = servers.pop()
        server.control.close()
        server.process.kill()
        server.process.wait()


def _end_worker(worker: _Worker) -> int | None:
    worker.channel.end.close()
    if not wait([worker.report], _END_S):
        _kill(worker)
    stated = os.read(worker.report, EXIT_CODE_BYTES)
    os.close(worker.report)
    return int.from_bytes(stated, signed=True) if stated else None


def _kill(worker: _Worker) -> None:
    # Once its exit code is reported, the number may be another process's.
    if not wait([worker.report], 0):
        with suppress(ProcessLookupError):
            os.kill(worker.pid, signal.SIGKILL)


def _make_error(name: str, message: str, cause: object) -> Exception:
    """The error that the process states, if it is one of a file."""
    if name == MemoryError.__name__:
        return MemoryError()
    kind = getattr(errors, name, None)
    error = kind(message) if isinstance(kind, type) and issubclass(kind, InputError) else CorruptFile(DAMAGED)
    if isinstance(cause, str) and cause.isidentifier():
        # For the log, which has types only.
        error.__cause__ = type(cause, (Exception,), {})()
    return error
