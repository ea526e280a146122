"""Compressed DICOM frames in, pixels out; in a process of their own, since their decoders are native code."""

import multiprocessing
import os
import signal
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pebble import ProcessExpired, ProcessPool

from tumorscope.domain.errors import CorruptFile

_START_S = 60.0
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
    # pydicom raises whatever its plug-ins meet (RuntimeError, ValueError, EOFError, …).
    except Exception as error:
        raise CorruptFile(_DAMAGED) from error


class FrameDecoderProcess:
    """Decodes in another process, which starts with the first frames and is replaced when it crashes or hangs.

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
        self._pool: ProcessPool | None = None
        self._lock = Lock()

    def __call__(self, frames: Frames) -> NDArray[Any]:
        """See `FrameDecoder`.

        Raises
        ------
        CorruptFile
            The decoder cannot, crashed or was not done in time.
        """
        # Those that wait for the process wait here, not on their own deadline's time.
        with self._lock:
            return np.concatenate([self._decode_soon(portion) for portion in _divide(frames)])

    def _decode_soon(self, frames: Frames) -> NDArray[Any]:
        if self._pool is None:
            # A fork would take the threads' locks and the network's memory with it.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(max_workers=1, initializer=_prepare_process, context=context)
        # Counted from when the process takes the frames; what it imports before is none of a file's time.
        future = self._pool.schedule(self._decode, args=(frames,), timeout=self._deadline_s)
        try:
            decoded: NDArray[Any] = future.result(_START_S + self._deadline_s)
        except (TimeoutError, ProcessExpired) as error:
            raise CorruptFile(_DAMAGED) from error
        return decoded

    def __enter__(self) -> Self:
        """Nothing starts yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """End the process."""
        with self._lock:
            if self._pool is not None:
                self._pool.stop()  # type: ignore[no-untyped-call]
                self._pool.join()
                self._pool = None


def _divide(frames: Frames) -> Iterator[Frames]:
    """Into what is decoded well within the deadline."""
    count = max(1, _PORTION_PIXELS // max(1, frames.image.get("rows", 1) * frames.image.get("columns", 1)))
    for start in range(0, len(frames.codestreams), count):
        yield replace(frames, codestreams=frames.codestreams[start : start + count])


def _prepare_process() -> None:
    # pebble's handler runs between two instructions of Python: never, while a native decoder hangs.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # The native libraries write what they think of a file; a service's log is JSON, and has nothing of a file in it.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    import pydicom.pixels  # noqa: F401, PLC0415
