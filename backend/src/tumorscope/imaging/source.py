"""The files of one request, and the limits of decoding them."""

from collections.abc import Callable
from dataclasses import dataclass

from tumorscope.domain.scan import SequenceName

Reserve = Callable[[int], None]
"""Told how many bytes decoding and preparing are about to take; may wait for them, or raise."""


def allow_all(_size: int) -> None:
    """Reserve without a limit: for the user's own files."""


PREFERRED: tuple[SequenceName, ...] = ("t1ce", "t1", "flair", "t2")
"""Of several sequences, the one that a model of single slices has seen most tumours in."""


@dataclass(frozen=True, slots=True)
class SeriesWish:
    """Which series is read: the one with this UID, or the sequence of a case by its name; else by their order."""

    uid: str | None = None
    preferred: tuple[SequenceName, ...] = PREFERRED


ANY_SERIES = SeriesWish()
"""The series that suits best."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a request.

    Parameters
    ----------
    name : str
        As uploaded, perhaps empty. Used for the sequence of a volume, and to find the image of a header.
    data : bytes
        The whole file.
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The upper limits of decoding, checked before memory is allocated.

    Parameters
    ----------
    pixels : int
        Of one image or frame: width x height.
    expanded_bytes : int
        Of everything in the request, unpacked and decoded.
    files : int
        In an archive.
    reserve : callable
        Told how much decoding and preparing take, a measured bound; by default it allows everything.
    """

    pixels: int
    expanded_bytes: int
    files: int
    reserve: Reserve = allow_all


FROM_DISK = DecodeLimits(pixels=64_000_000, expanded_bytes=8 * 2**30, files=100_000)
"""For the user's own files: only stops an absurd header."""
