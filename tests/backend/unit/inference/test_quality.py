"""What makes an answer less reliable than its probability gives a warning."""

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


def _params(scan: Slice) -> dict[str, str | int | float]:
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    (warning,) = find_quality_warnings(scan, geometry, _TRUST)
    return dict(warning.params)


def test_good_slice_gives_no_warning() -> None:
    assert _codes(make_slice()) == []
    assert _codes(replace(make_slice(), sequence="t1ce", plane="axial")) == []


def test_head_smaller_than_the_input_is_warned_of_with_both_sizes() -> None:
    scan = make_slice(size=96)
    assert _codes(scan) == ["low_resolution"]
    geometry = to_model_input(scan, PreprocessingParameters(size=128)).geometry
    assert _params(scan) == {"head_px": geometry.square_side, "model_px": 128}


def test_clipped_intensities_are_warned_of_with_their_share() -> None:
    pixels = draw_phantom(1, lesion=False).astype(np.float32)
    assert _codes(Slice(np.minimum(pixels, np.percentile(pixels, 99)), "png")) == []
    clipped = Slice(np.minimum(pixels, np.percentile(pixels, 85)), "png")
    assert _codes(clipped) == ["clipped_intensities"]
    assert 0.05 < float(_params(clipped)["share"]) < 1


@pytest.mark.parametrize("sequence", ["flair", "t1", "t2"])
def test_sequence_with_few_training_tumours_is_warned_of_by_name(sequence: SequenceName) -> None:
    scan = replace(make_slice(), sequence=sequence)
    assert _codes(scan) == ["sequence_hardly_seen"]
    assert _params(scan) == {"sequence": sequence, "trained": "t1ce"}


@pytest.mark.parametrize("trust", [None, make_trust()], ids=["not calibrated", "sequences not known"])
def test_model_of_unknown_training_sequences_warns_of_none(trust: TrustManifest | None) -> None:
    assert _codes(replace(make_slice(), sequence="flair"), trust) == []


def test_oblique_slice_is_warned_of() -> None:
    assert _codes(replace(make_slice(), plane="oblique")) == ["plane_hardly_seen"]
