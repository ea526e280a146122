"""Compressed DICOM frames in, pixels out; in a process of their own, since their decoders are native code."""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Event, Lock, Timer
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import CorruptFile, Overloaded

_START_S = 60.0
# For one that has been told to end.
_END_S = 1.0
_RETRY_AFTER_S = 1
# What ends a process from outside: an operator, or the kernel when memory runs out. Any other end is the decoder's own.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
# Sixteen frames of 512 x 512: about a second of JPEG 2000.
_PORTION_PIXELS = 16 * 512 * 512
_DAMAGED = "The compressed pixel data cannot be decoded."


@dataclass(frozen=True, slots=True)
class Frames:
    """Compressed pixel data, and what its decoder must be told.

    Parameters
    ----------
    transfer_syntax : str
        UID of a compressed transfer syntax.
    codestreams : tuple of bytes
        Of one frame each; at least one.
    image : mapping of str to Any
        The Image Pixel module, by the names that `pydicom.pixels` gives its options (``rows``, ``columns``, …).
    """

    transfer_syntax: str
    codestreams: tuple[bytes, ...]
    image: Mapping[str, Any]


class FrameDecoder(Protocol):
    """Decodes frames; shape (frames, rows, columns) or (frames, rows, columns, samples)."""

    def __call__(self, frames: Frames) -> NDArray[Any]:
        """Raise `CorruptFile` where that is not possible."""


def decode_here(frames: Frames) -> NDArray[Any]:
    """Decode in this process.

    Parameters
    ----------
    frames : Frames
        From a source that is trusted, for a fault of a decoder ends the process.

    Returns
    -------
    ndarray, shape (frames, rows, columns) or (frames, rows, columns, samples)
        As stored; colours as RGB.

    Raises
    ------
    CorruptFile
        No decoder can.
    MemoryError
        There is not enough.
    """
    from pydicom.encaps import encapsulate  # noqa: PLC0415  (the service imports this module before it needs that)
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415
    from pydicom.uid import UID  # noqa: PLC0415

    decode = get_decoder(UID(frames.transfer_syntax))
    image = {**frames.image, "number_of_frames": 1}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            decoded = [
                decode.as_array(encapsulate([codestream]), index=0, raw=False, **image)[0]
                for codestream in frames.codestreams
            ]
        return np.stack(decoded)
    except MemoryError:
        raise
    # pydicom raises whatever its plug-ins meet (RuntimeError, ValueError, EOFError, …).
    except Exception as error:
        raise CorruptFile(_DAMAGED) from error


class FrameDecoderProcess:
    """Decodes in another process, which starts with the first frames and is replaced when it ends or hangs.

    Parameters
    ----------
    deadline_s : float
        What one frame may take, or several small ones together; the answer to a file that hangs has to come soon,
        and a long file may take longer.
    decode : callable
        What the process runs; of a module's top level.
    """

    def __init__(self, deadline_s: float = 3.0, decode: FrameDecoder = decode_here) -> None:
        self._deadline_s = deadline_s
        self._decode = decode
        self._child: _Child | None = None
        self._lock = Lock()

    def __call__(self, frames: Frames) -> NDArray[Any]:
        """See `FrameDecoder`.

        Raises
        ------
        CorruptFile
            The decoder cannot, crashed or was not done in time.
        Overloaded
            The process was ended from outside, or does not start.
        MemoryError
            It has not enough.
        """
        # Those that wait for the process wait here, not on their own deadline's time.
        with self._lock:
            return np.concatenate([self._decode_soon(portion) for portion in _divide(frames)])

    def _decode_soon(self, frames: Frames) -> NDArray[Any]:
        if self._child is not None and not self._child.process.is_alive():
            self._end_child()
        if self._child is None:
            self._child = _start_child(self._decode)
        child = self._child
        with _deadline(child.process, self._deadline_s) as expired:
            try:
                child.connection.send(frames)
                answer: NDArray[Any] | Exception | None = child.connection.recv()
            except (EOFError, OSError):
                answer = None
        if answer is None or expired.is_set():
            # Nothing is kept of what it may have been in the middle of.
            exit_code = self._end_child()
            if answer is None and exit_code in _FROM_OUTSIDE and not expired.is_set():
                raise Overloaded("The process that decodes compressed DICOM was ended.", _RETRY_AFTER_S)
        if answer is None:
            raise CorruptFile(_DAMAGED)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _end_child(self) -> int | None:
        """Its exit code; negative for the signal that ended it."""
        assert self._child is not None  # noqa: S101  (called where there is one)
        child, self._child = self._child, None
        child.connection.close()
        child.process.join(_END_S)
        child.process.kill()
        child.process.join()
        exit_code = child.process.exitcode
        child.process.close()
        return exit_code

    def __enter__(self) -> Self:
        """Nothing starts yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        with self._lock:
            if self._child is not None:
                self._end_child()


@dataclass(frozen=True, slots=True)
class _Child:
    process: SpawnProcess
    connection: "Connection[Frames, Any]"


def _start_child(decode: FrameDecoder) -> _Child:
    """One that has imported what it needs: that is none of a file's time.

    Raises
    ------
    Overloaded
        There is no room for one.
    """
    # A fork would take the threads' locks and the network's memory with it.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, decode), daemon=True)
    try:
        with theirs:
            process.start()
        with _deadline(process, _START_S):
            ours.recv()
    except (EOFError, OSError) as error:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()
        raise Overloaded("The process that decodes compressed DICOM does not start.", _RETRY_AFTER_S) from error
    return _Child(process, ours)


@contextmanager
def _deadline(process: SpawnProcess, seconds: float) -> Iterator[Event]:
    """Kill the process when it is over, which ends whatever waits for it; the event says so."""
    expired = Event()

    def expire() -> None:
        expired.set()
        process.kill()

    timer = Timer(seconds, expire)
    timer.daemon = True
    timer.start()
    try:
        yield expired
    finally:
        timer.cancel()
        # It may be in the middle of it.
        timer.join()


def _divide(frames: Frames) -> Iterator[Frames]:
    """Into what is decoded well within the deadline."""
    count = max(1, _PORTION_PIXELS // max(1, frames.image.get("rows", 1) * frames.image.get("columns", 1)))
    for start in range(0, len(frames.codestreams), count):
        yield replace(frames, codestreams=frames.codestreams[start : start + count])


def _serve(connection: "Connection[Any, Frames]", decode: FrameDecoder) -> None:
    """In the other process: answer frames with pixels or an error until the owner closes the connection."""
    _prepare_process()
    connection.send("ready")
    while True:
        try:
            frames = connection.recv()
        except EOFError:
            return
        try:
            connection.send(decode(frames))
        except (CorruptFile, MemoryError) as error:
            connection.send(error)


def _prepare_process() -> None:
    # An interrupt at a terminal reaches every process; the owner ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The native libraries write what they think of a file; a service's log is JSON, and has nothing of a file in it.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    import pydicom.pixels  # noqa: F401, PLC0415
