"""Compressed frames are decoded in a process of their own: what happens to it there stays there."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import RLELossless

from tests.factories import make_dicom_dataset
from tumorscope.domain.errors import CorruptFile
from tumorscope.imaging.frame_decoder import FrameDecoderProcess, Frames, decode_here

_PIXELS = np.arange(600, dtype=np.uint16).reshape(20, 30)
_SANE = "sane"


def _frames(pixels: NDArray[Any] = _PIXELS, indices: tuple[int, ...] = (0,)) -> Frames:
    dataset = make_dicom_dataset(pixels)
    dataset.compress(RLELossless, pixels)
    return Frames(str(RLELossless), dataset.PixelData, as_pixel_options(dataset), indices)


def _misbehave(frames: Frames) -> NDArray[Any]:
    """A decoder that does as its transfer syntax says."""
    match frames.transfer_syntax:
        case "crash":
            os.abort()
        case "hang":
            time.sleep(600)
        case "fail":
            raise CorruptFile("damaged")
    return np.array([os.getpid()])


@pytest.fixture(scope="module")
def process() -> Iterator[FrameDecoderProcess]:
    with FrameDecoderProcess() as decoder:
        yield decoder


def _call(decoder: FrameDecoderProcess, what: str) -> int:
    return int(decoder(Frames(what, b"", {}, ()))[0])


def test_pixels_come_back_from_the_other_process(process: FrameDecoderProcess) -> None:
    np.testing.assert_array_equal(process(_frames())[0], _PIXELS)
    np.testing.assert_array_equal(process(_frames()), decode_here(_frames()))


def test_only_the_frames_that_are_wanted_come_back(process: FrameDecoderProcess) -> None:
    several = np.stack([_PIXELS, _PIXELS + 1, _PIXELS + 2])
    dataset = make_dicom_dataset(several, NumberOfFrames=3)
    dataset.compress(RLELossless, several)
    frames = Frames(str(RLELossless), dataset.PixelData, as_pixel_options(dataset), (2, 0))
    np.testing.assert_array_equal(process(frames), several[[2, 0]])


@pytest.mark.parametrize("data", [b"", b"\xfe\xff\x00\xe0" + bytes(40), _frames().data[:-300]])
def test_damaged_frames_are_corrupt(process: FrameDecoderProcess, data: bytes) -> None:
    with pytest.raises(CorruptFile):
        process(Frames(str(RLELossless), data, _frames().image, (0,)))
    np.testing.assert_array_equal(process(_frames())[0], _PIXELS)


def test_crash_or_hang_costs_one_call_and_the_process_is_replaced() -> None:
    with FrameDecoderProcess(deadline_s=1.0, decode=_misbehave) as decoder:
        first = _call(decoder, _SANE)
        assert first != os.getpid()
        assert _call(decoder, _SANE) == first
        for what in ("crash", "hang"):
            started = time.monotonic()
            with pytest.raises(CorruptFile):
                _call(decoder, what)
            assert time.monotonic() - started < 5
            assert _call(decoder, _SANE) != first
        with pytest.raises(CorruptFile, match="damaged"):
            _call(decoder, "fail")


def test_calls_of_several_threads_take_turns() -> None:
    with FrameDecoderProcess(decode=_misbehave) as decoder, ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda _: _call(decoder, _SANE), range(12)))) == 1


def test_process_ends_with_its_owner_and_never_starts_unasked() -> None:
    import psutil

    with FrameDecoderProcess(decode=_misbehave) as decoder:
        before = len(psutil.Process().children())
        number = _call(decoder, _SANE)
        assert psutil.pid_exists(number)
        assert len(psutil.Process().children()) > before
    assert not psutil.pid_exists(number) or psutil.Process(number).status() == psutil.STATUS_ZOMBIE
