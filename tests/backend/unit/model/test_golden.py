"""A golden slice survives its file."""

import numpy as np
import pytest

from tests.factories import make_phantom_file
from tumorscope.domain.errors import BundleInvalid
from tumorscope.domain.scan import Slice
from tumorscope.model.golden import encode_channels, read_golden


def test_image_is_decoded_like_an_upload() -> None:
    scan = read_golden("phantom.png", make_phantom_file())
    assert (scan.source_format, scan.channels) == ("png", None)


def test_several_sequences_come_back_with_their_names() -> None:
    pixels = np.random.default_rng(0).uniform(-5, 5, (20, 30, 3)).astype(np.float16).astype(np.float32)
    scan = Slice(pixels, "npz", channels=("flair", "t1", "t2"))
    back = read_golden("brain.npz", encode_channels(scan))
    assert back.channels == scan.channels
    np.testing.assert_array_equal(back.pixels, scan.pixels)


@pytest.mark.parametrize("name", ["phantom.png", "phantom.npz"])
@pytest.mark.parametrize("content", [b"", b"no picture", make_phantom_file()[:300]], ids=["empty", "text", "cut"])
def test_damage_is_the_bundles(name: str, content: bytes) -> None:
    with pytest.raises(BundleInvalid, match=name):
        read_golden(name, content)
