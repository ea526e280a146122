"""The scope gate passes brain MRI, and refuses other images with a reason."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.factories import make_manifest, make_slice, make_trust
from tumorscope.domain.errors import BundleInvalid
from tumorscope.domain.prediction import Decision
from tumorscope.domain.scan import ScanWarning, Slice, Volume
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.engine import Outputs
from tumorscope.inference.pipeline import predict_scan
from tumorscope.inference.scope import describe_slices, looks_like_ct, measure_distance
from tumorscope.model.bundle import Bundle
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_FEATURES = 6
_THUMBNAIL = 64
# One slice, which has the first feature alone.
_SCOPE = {"reference": np.eye(1, _FEATURES + _THUMBNAIL, dtype=np.float32)}
# Beside so much the thumbnail counts little.
_LENGTH = 1e3


class _Engine:
    """Features as told: the n-th slice lies at the n-th distance; sure that there is no tumour."""

    name, device = "told", "cpu"

    def __init__(self, *distances: float) -> None:
        self._distances = list(distances)

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        distances = [self._distances.pop(0) if len(self._distances) > 1 else self._distances[0] for _ in batch]
        # A chord of the unit circle is as long as the distance.
        along = 1 - np.square(distances) / 2
        features = np.zeros((len(batch), _FEATURES), np.float32)
        features[:, 0], features[:, 1] = (_LENGTH * along) ** 2, _LENGTH**2 * (1 - along**2)
        logits = np.tile(np.array([0, 0, 9, 0], np.float32), (len(batch), 1))
        return Outputs(logits, features, np.zeros((len(batch), 2, 2, 4), np.float32))


def _classifier(*distances: float) -> Classifier:
    manifest = make_manifest(size=128).model_copy(update={"trust": make_trust(0.2, 0.3)})
    return Classifier(Bundle(manifest, "", {}, {}, _SCOPE), _Engine(*distances))


def _codes(classifier: Classifier, scan: Slice) -> list[str]:
    prediction = predict_scan(classifier, scan).prediction
    assert (prediction.decision is Decision.OUT_OF_SCOPE) == bool(prediction.reasons)
    return [reason.code for reason in prediction.reasons]


def _draw_ct(bone: float = 1.0) -> NDArray[np.uint8]:
    """A closed rim of bone around brain of one grey, with dark ventricles."""
    rows, columns = np.mgrid[-1:1:256j, -1:1:256j]
    radius = np.hypot(rows / 0.9, columns / 0.75)
    grey = np.where(radius < 1, bone, 0) * (radius >= 0.9) + np.where(radius < 0.9, 0.4, 0)
    grey = np.where(np.hypot(rows / 0.3, columns / 0.12) < 1, 0.2, grey)
    noise = np.random.default_rng(0).normal(0, 0.02, grey.shape)
    drawn: NDArray[np.uint8] = np.clip((grey + noise * (radius < 1)) * 255, 0, 255).astype(np.uint8)
    return drawn


def test_distance_is_that_to_the_nearest_of_the_reference() -> None:
    features = np.zeros((3, _FEATURES), np.float32)
    features[0, 0], features[1, 1], features[2, :2] = 4, 9, (16, 9)
    described = describe_slices(features, np.zeros((3, 32, 32, 3), np.float32))
    bundle = replace(_classifier(0).bundle, scope={"reference": described[:2]})
    distances = measure_distance(bundle, described)
    assert distances is not None
    np.testing.assert_allclose(distances, [0, 0, (2 - 2 * 0.8) ** 0.5], atol=1e-3)
    assert measure_distance(replace(bundle, scope=None), described) is None


def test_brightness_and_contrast_of_the_features_do_not_count() -> None:
    rng = np.random.default_rng(0)
    features, pixels = rng.random((2, _FEATURES)).astype(np.float32), np.zeros((2, 32, 32, 3), np.float32)
    np.testing.assert_allclose(describe_slices(features, pixels), describe_slices(9 * features, pixels), rtol=1e-5)
    assert not describe_slices(0 * features, pixels).any()


def test_slices_are_compared_by_their_layout_too() -> None:
    pixels = np.zeros((1, 32, 32, 3), np.float32)
    pixels[0, 4:8, 28:] = 0.5
    described = describe_slices(np.array([[4.0, 0.0]], np.float32), pixels)
    assert described.shape == (1, 2 + _THUMBNAIL)
    length = (2**2 + 0.5**2) ** 0.5
    np.testing.assert_allclose(described[0, :2], [2 / length, 0], rtol=1e-6)
    assert described[0, 2:].reshape(8, 8)[1, 7] == pytest.approx(0.5 / length)
    assert described[0, 2:].sum() == pytest.approx(0.5 / length)


def test_gate_of_another_version_is_refused() -> None:
    with pytest.raises(BundleInvalid, match="calibrate"):
        measure_distance(_classifier(0).bundle, np.zeros((1, _FEATURES), np.float32))


def test_slice_beyond_the_limit_is_refused() -> None:
    assert _codes(_classifier(0.19), make_slice()) == []
    assert _codes(_classifier(0.21), make_slice()) == ["not_brain_mri"]


def test_slice_that_an_mr_file_holds_may_lie_further_off() -> None:
    assert _codes(_classifier(0.29), replace(make_slice(), modality="MR")) == []
    assert _codes(_classifier(0.31), replace(make_slice(), modality="MR")) == ["not_brain_mri"]
    assert _codes(_classifier(0.29), replace(make_slice(), source_format="nifti")) == []


def test_bundle_without_a_gate_refuses_nothing() -> None:
    classifier = _classifier(1.4)
    plain = classifier.bundle.manifest.model_copy(update={"trust": None})
    ungated = replace(classifier.bundle, manifest=plain, scope=None)
    assert _codes(replace(classifier, bundle=ungated), make_slice()) == []


@pytest.mark.parametrize(
    ("pixels", "code"),
    [
        (np.zeros((64, 64), np.uint8), "constant"),
        (np.full((64, 64), 900, np.uint16), "constant"),
        (np.full((20, 20), 7, np.uint8), "too_small"),
        (np.tile(np.arange(40, dtype=np.uint8), (300, 1)), "too_narrow"),
        ((np.random.default_rng(0).random((200, 200)) < 0.1).astype(np.uint8) * 255, "few_grey_levels"),
        (255 - (np.random.default_rng(0).random((200, 200)) < 0.1).astype(np.uint8) * 255, "few_grey_levels"),
    ],
)
def test_impossible_scan_is_refused_whatever_its_features(pixels: NDArray[np.uint8], code: str) -> None:
    assert _codes(_classifier(0), Slice(pixels, "png")) == [code]


def test_grid_of_heads_is_refused() -> None:
    sheet = np.block([[make_slice(seed).pixels for seed in (1, 2)], [make_slice(seed).pixels for seed in (3, 4)]])
    assert _codes(_classifier(0), Slice(sheet, "png")) == ["tiled_image"]


def test_photograph_in_colour_is_refused() -> None:
    photo = replace(make_slice(), warnings=(ScanWarning("mostly_coloured", "…"),))
    assert _codes(_classifier(0), photo) == ["coloured"]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("lesion", [True, False])
def test_head_with_dark_bone_is_no_ct(seed: int, lesion: bool) -> None:
    prepared = to_model_input(Slice(draw_phantom(seed, lesion), "png"), PreprocessingParameters())
    assert not looks_like_ct(prepared.pixels[:, :, 0])


def test_rim_of_bone_is_a_ct() -> None:
    prepared = to_model_input(Slice(_draw_ct(), "png"), PreprocessingParameters())
    assert looks_like_ct(prepared.pixels[:, :, 0])
    assert _codes(_classifier(0), Slice(_draw_ct(), "png")) == ["like_ct"]


def test_rim_that_is_open_or_no_brighter_than_its_contents_is_no_ct() -> None:
    opened = _draw_ct()
    opened[200:] = 0
    for pixels in (opened, _draw_ct(bone=0.5)):
        prepared = to_model_input(Slice(pixels, "png"), PreprocessingParameters())
        assert not looks_like_ct(prepared.pixels[:, :, 0])
    assert not looks_like_ct(np.zeros((128, 128), np.float32))


def _volume(slices: int) -> Volume:
    head = draw_phantom(1, lesion=False, size=64).astype(np.float32)
    return Volume(np.repeat(head[:, :, None], slices, axis=2), (1.0, 1.0, 1.0))


def test_study_is_refused_if_most_of_its_slices_are() -> None:
    result = predict_scan(_classifier(*[0.9] * 11, *[0] * 9), _volume(20))
    assert result.prediction.decision is Decision.OUT_OF_SCOPE
    assert [reason.code for reason in result.prediction.reasons] == ["most_slices_refused", "not_brain_mri"]
    assert result.prediction.reasons[0].params == {"refused": 11, "read": 20}


def test_few_refused_slices_are_left_out_of_the_study() -> None:
    result = predict_scan(_classifier(*[0.9] * 9, *[0] * 11), _volume(20))
    assert result.prediction.decision is Decision.NO_TUMOR
    refused = [one.prediction.decision is Decision.OUT_OF_SCOPE for one in result.slices]
    assert refused == [True] * 9 + [False] * 11
    assert result.shown.index >= 9
