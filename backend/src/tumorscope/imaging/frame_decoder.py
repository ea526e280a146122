"""Compressed DICOM frames in, pixels out; in a separate process, because their decoders are native code."""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.errors import CorruptFile, Overloaded
from tumorscope.imaging.wrap_errors import as_corrupt_file

_START_S = 60.0
# How long a process may take to end by itself.
_END_S = 1.0
_RETRY_AFTER_S = 1
# Signals of an operator, or of the kernel when memory runs out. Any other end is the decoder's fault.
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
# Sixteen frames of 512 x 512: about a second of JPEG 2000.
_PORTION_PIXELS = 16 * 512 * 512
_DAMAGED = "The compressed pixel data cannot be decoded."


@dataclass(frozen=True, slots=True)
class Frames:
    """Compressed pixel data and the attributes that its decoder needs.

    Parameters
    ----------
    transfer_syntax : str
        UID of a compressed transfer syntax.
    codestreams : tuple of bytes
        One for each frame; at least one.
    image : mapping of str to Any
        The Image Pixel module, by the option names of `pydicom.pixels` (``rows``, ``columns``, …).
    """

    transfer_syntax: str
    codestreams: tuple[bytes, ...]
    image: Mapping[str, Any]


class FrameDecoder(Protocol):
    """Decodes frames; shape (frames, rows, columns) or (frames, rows, columns, samples)."""

    def __call__(self, frames: Frames) -> NDArray[Any]:
        """Raise `CorruptFile` for damaged frames."""


def decode_here(frames: Frames) -> NDArray[Any]:
    """Decode frames of a trusted source in this process, which a crash of a decoder ends.

    Returns
    -------
    ndarray, shape (frames, rows, columns) or (frames, rows, columns, samples)
        As stored; colour as RGB.

    Raises
    ------
    CorruptFile
        No decoder can decode them.
    """
    from pydicom.encaps import encapsulate  # noqa: PLC0415  (the service imports this module before it needs pydicom)
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415
    from pydicom.uid import UID  # noqa: PLC0415

    decode = get_decoder(UID(frames.transfer_syntax))
    image = {**frames.image, "number_of_frames": 1}
    with as_corrupt_file(_DAMAGED), warnings.catch_warnings(action="ignore"):
        return np.stack(
            [
                decode.as_array(encapsulate([codestream]), index=0, raw=False, **image)[0]
                for codestream in frames.codestreams
            ]
        )


class FrameDecoderProcess:
    """Decodes in a separate process, which starts with the first frames and is replaced when it ends or hangs.

    Parameters
    ----------
    deadline_s : float
        For one frame, or several small ones together: a file that hangs fails soon, and a long file may take longer.
    decode : callable
        What the process runs; defined at the top level of a module.
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
            The decoder failed, crashed or exceeded the deadline.
        Overloaded
            The process was ended from outside, or did not start.
        MemoryError
            The process has not enough memory.
        """
        # Waiting for the process does not count towards the deadline.
        with self._lock:
            return np.concatenate([self._decode_in_time(portion) for portion in _divide(frames)])

    def _decode_in_time(self, frames: Frames) -> NDArray[Any]:
        if self._child is not None and not self._child.process.is_alive():
            self._end_child()
        if self._child is None:
            self._child = _start_child(self._decode)
        child = self._child
        try:
            child.connection.send(frames)
            if not child.connection.poll(self._deadline_s):
                child.process.kill()
                self._end_child()
                raise CorruptFile(_DAMAGED)
            answer: NDArray[Any] | Exception = child.connection.recv()
        except (EOFError, OSError) as error:
            if self._end_child() in _FROM_OUTSIDE:
                raise Overloaded("The process that decodes compressed DICOM was ended.", _RETRY_AFTER_S) from error
            raise CorruptFile(_DAMAGED) from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _end_child(self) -> int | None:
        """The exit code of the process; negative for the signal that ended it."""
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
        """Start nothing yet."""
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
    """Start a process and wait until it has imported its decoders, which does not count towards a file's deadline."""
    # A fork would copy locks that threads hold, and the network's memory.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, decode), daemon=True)
    try:
        with theirs:
            process.start()
        if not ours.poll(_START_S):
            raise TimeoutError
        ours.recv()
    except (EOFError, OSError) as error:
        ours.close()
        if process.pid is not None:
            process.kill()
            process.join()
        raise Overloaded("The process that decodes compressed DICOM does not start.", _RETRY_AFTER_S) from error
    return _Child(process, ours)


def _divide(frames: Frames) -> Iterator[Frames]:
    """Split frames into portions that decode well within the deadline."""
    count = max(1, _PORTION_PIXELS // max(1, frames.image.get("rows", 1) * frames.image.get("columns", 1)))
    for start in range(0, len(frames.codestreams), count):
        yield replace(frames, codestreams=frames.codestreams[start : start + count])


def _serve(connection: "Connection[Any, Frames]", decode: FrameDecoder) -> None:
    """Answer frames with pixels or an error, until the owner closes the connection; runs in the process."""
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
    # Ctrl-C reaches every process of a terminal; the owner ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Native libraries print messages about the file; the service's log is JSON and must not hold any.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    import pydicom.pixels  # noqa: F401, PLC0415
