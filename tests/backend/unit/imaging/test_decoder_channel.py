"""What a process answers is described in JSON: a forged answer is refused and runs nothing."""

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.errors import CorruptFile
from tumorscope.domain.scan import ScanWarning, Slice
from tumorscope.imaging.decoder_channel import (
    Channel,
    allocate,
    open_shared,
    pack,
    receive,
    receive_arrays,
    send,
    unpack,
    watch_nothing,
)


def test_what_was_packed_goes_through_json() -> None:
    scan = Slice(np.ones((2, 3), np.float32)[::-1], "png", (0.5, 0.25), warnings=(ScanWarning("a", "b", {"n": 3}),))
    packed, arrays = pack(scan)
    found = unpack(json.loads(json.dumps(packed)), arrays)
    assert (found.spacing_mm, found.warnings, found.pixels.strides) == (
        scan.spacing_mm,
        scan.warnings,
        scan.pixels.strides,
    )


@pytest.mark.parametrize("dtype", ["O", "V8", "U4", "M8[s]", "nonsense", "f4,O"])
def test_arrays_hold_numbers_alone(dtype: str) -> None:
    with pytest.raises(CorruptFile):
        allocate(dtype, [2])


@pytest.mark.parametrize(
    "packed",
    [
        {"type": "Popen", "members": {"args": "true"}},
        {"type": "Slice", "members": {"nonsense": 1}},
        {"type": "Slice", "members": {"pixels": [1], "source_format": "png"}},
        {"array": 5, "order": [0], "reversed": []},
        {"array": 0, "order": [7, 7], "reversed": [9]},
        {"type": ["Slice"], "members": {}},
    ],
)
def test_forged_descriptions_are_refused(packed: object) -> None:
    with pytest.raises(CorruptFile):
        unpack(packed, [np.zeros((2, 2))])


@pytest.mark.parametrize("size", [0, 1000, 3 * 2**20])
def test_contents_of_any_size_arrive(size: int) -> None:
    sent: list[NDArray[Any]] = [np.arange(size, dtype=np.uint8), np.ones((2, 3), np.float32)]
    memory = open_shared()
    one, other = socket.socketpair()
    ends = Channel.join(one, memory), Channel.join(other, memory)
    with one, other, ThreadPoolExecutor() as threads:
        sending = threads.submit(send, ends[0], "arrays", [array.data.cast("B") for array in sent])
        assert receive(ends[1]) == "arrays"
        received = [np.empty_like(array) for array in sent]
        receive_arrays(ends[1], received, watch_nothing)
        sending.result()
    assert [array.tolist() for array in received] == [array.tolist() for array in sent]
    for descriptor in memory:
        os.close(descriptor)


def test_shared_memory_cannot_be_cut_off() -> None:
    for descriptor in open_shared():
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, 0)
        os.close(descriptor)
