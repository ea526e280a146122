"""What a process answers is described in JSON: a forged answer is refused and runs nothing."""

import json

import numpy as np
import pytest

from tumorscope.domain.errors import CorruptFile
from tumorscope.domain.scan import ScanWarning, Slice
from tumorscope.imaging.decoder_channel import allocate, pack, unpack


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
