"""Compressed frames are decoded in a separate process, which may crash alone."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from pydicom.encaps import generate_frames
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import RLELossless

from tests.factories import make_dicom_dataset
from tumorscope.domain.errors import CorruptFile, Overloaded
from tumorscope.imaging.frame_decoder import FrameDecoderProcess, Frames, decode_here

_PIXELS = np.arange(600, dtype=np.uint16).reshape(20, 30)
_SANE = "sane"


def _frames(*pixels: NDArray[Any]) -> Frames:
    datasets = [make_dicom_dataset(one) for one in pixels or (_PIXELS,)]
    for dataset in datasets:
        dataset.compress(RLELossless)
    codestreams = tuple(next(generate_frames(dataset.PixelData)) for dataset in datasets)
    return Frames(str(RLELossless), codestreams, as_pixel_options(datasets[0]))


def _misbehave(frames: Frames) -> NDArray[Any]:
    """A decoder that does as its transfer syntax says."""
    match frames.transfer_syntax:
        case "crash":
            os.abort()
        case "hang":
            time.sleep(3600)
        case "fail":
            raise CorruptFile("damaged")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "no memory":
            raise MemoryError
    return np.array([os.getpid()])


@pytest.fixture(scope="module")
def process() -> Iterator[FrameDecoderProcess]:
    with FrameDecoderProcess() as decoder:
        yield decoder


def _call(decoder: FrameDecoderProcess, what: str) -> int:
    return int(decoder(Frames(what, (b"",), {}))[0])


def test_pixels_come_back_from_the_other_process(process: FrameDecoderProcess) -> None:
    np.testing.assert_array_equal(process(_frames())[0], _PIXELS)
    np.testing.assert_array_equal(process(_frames()), decode_here(_frames()))


def test_frames_keep_their_order_however_many(process: FrameDecoderProcess) -> None:
    # More than are sent at once.
    large = [np.full((2048, 1024), value, np.uint16) for value in range(5)]
    np.testing.assert_array_equal(process(_frames(*large)), large)


@pytest.mark.parametrize("codestream", [b"", bytes(40), _frames().codestreams[0][:-300]])
def test_damaged_frames_are_corrupt(process: FrameDecoderProcess, codestream: bytes) -> None:
    with pytest.raises(CorruptFile):
        process(replace(_frames(), codestreams=(codestream,)))
    np.testing.assert_array_equal(process(_frames())[0], _PIXELS)


def test_crash_or_hang_costs_one_call_and_the_process_is_replaced() -> None:
    with FrameDecoderProcess(deadline_s=5.0, decode=_misbehave) as decoder:
        first = _call(decoder, _SANE)
        assert first != os.getpid()
        assert _call(decoder, _SANE) == first
        for what in ("crash", "hang"):
            with pytest.raises(CorruptFile):
                _call(decoder, what)
            assert _call(decoder, _SANE) != first
        with pytest.raises(CorruptFile, match="damaged"):
            _call(decoder, "fail")


def test_process_that_was_killed_is_replaced_and_the_file_is_not_blamed() -> None:
    with FrameDecoderProcess(decode=_misbehave) as decoder:
        first = _call(decoder, _SANE)
        with pytest.raises(Overloaded):
            _call(decoder, "killed")
        second = _call(decoder, _SANE)
        assert second != first
        os.kill(second, signal.SIGKILL)
        # A zombie whose other threads still end cannot be waited for yet; left to be reaped by its owner.
        os.waitid(os.P_PID, second, os.WEXITED | os.WNOWAIT)
        assert _call(decoder, _SANE) != second


def test_want_of_memory_is_not_the_files_fault() -> None:
    with FrameDecoderProcess(decode=_misbehave) as decoder:
        first = _call(decoder, _SANE)
        with pytest.raises(MemoryError):
            _call(decoder, "no memory")
        assert _call(decoder, _SANE) == first


def test_calls_of_several_threads_take_turns() -> None:
    with FrameDecoderProcess(decode=_misbehave) as decoder, ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(lambda _: _call(decoder, _SANE), range(12)))) == 1


def test_process_ends_with_its_owner_and_never_starts_unasked() -> None:
    with FrameDecoderProcess(decode=_misbehave) as decoder:
        before = psutil.Process().children()
        child = psutil.Process(_call(decoder, _SANE))
        assert child in psutil.Process().children()
        assert child not in before
    assert child not in psutil.Process().children()
