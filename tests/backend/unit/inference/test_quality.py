"""What makes an answer less certain than its number is said beside it."""

from dataclasses import replace

import numpy as np
import pytest

from tests.factories import make_slice, make_trust
from tumorscope.domain.scan import SequenceName, Slice
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.quality import find_quality_warnings
from tumorscope.model.manifest import TrustManifest
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_TRUST = make_trust().model_copy(update={"tumor_sequences": ["t1ce"]})


def _codes(scan: Slice, trust: TrustManifest | None = _TRUST) -> list[str]:
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    return [warning.code for warning in find_quality_warnings(scan, geometry, trust)]


def test_nothing_is_said_of_a_good_slice() -> None:
    assert _codes(make_slice()) == []
    assert _codes(replace(make_slice(), sequence="t1ce", plane="axial")) == []


def test_head_of_fewer_pixels_than_the_model_looks_at_is_said_with_its_size() -> None:
    assert _codes(make_slice(size=96)) == ["low_resolution"]
    scan = make_slice(size=96)
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    (warning,) = find_quality_warnings(scan, geometry, None)
    assert str(geometry.square_side) in warning.message


def test_brightness_that_was_cut_off_is_said() -> None:
    pixels = draw_phantom(1, lesion=False).astype(np.float32)
    assert _codes(Slice(np.minimum(pixels, np.percentile(pixels, 99)), "png")) == []
    assert _codes(Slice(np.minimum(pixels, np.percentile(pixels, 85)), "png")) == ["clipped_intensities"]


@pytest.mark.parametrize("sequence", ["flair", "t1", "t2"])
def test_sequence_that_tumours_were_hardly_learned_in_is_said_by_its_name(sequence: SequenceName) -> None:
    assert _codes(replace(make_slice(), sequence=sequence)) == ["sequence_hardly_seen"]


@pytest.mark.parametrize("trust", [None, make_trust()], ids=["not calibrated", "sequences not known"])
def test_model_that_does_not_say_what_it_learned_from_warns_of_no_sequence(trust: TrustManifest | None) -> None:
    assert _codes(replace(make_slice(), sequence="flair"), trust) == []


def test_oblique_slice_is_said() -> None:
    assert _codes(replace(make_slice(), plane="oblique")) == ["plane_hardly_seen"]
