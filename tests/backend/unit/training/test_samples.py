"""An epoch holds the real pictures, rare ones repeated, and counterfactuals with the labels that they earn."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.backend.unit.training.networks import BOX, make_sample
from tests.factories import make_phantom_file, make_picture
from tumorscope.datasets.example import Example, ImageFileReference, RelativeBox
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.scan import Plane
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.recipe import Mixture
from tumorscope.training.samples import (
    Sample,
    choose_hard_negatives,
    compose_epoch,
    mark_allowed,
    mark_tumor,
    prepare_samples,
)

_PARAMETERS = PreprocessingParameters(size=64)
_MIXTURE = Mixture(
    removal_max_share=1.0,
    lesions_inserted=6,
    tissue_inserted=4,
    skulls_stripped=8,
    repeats_of_unstated_kind=2,
    repeats_of_no_tumor=3,
)


def _pictures(folder: Path) -> list[Sample]:
    sick = draw_phantom(1, lesion=False, size=128)
    sick[50:62, 38:50] = 255
    for name, content in (("sick", make_picture(sick)), ("healthy", make_phantom_file(lesion=False, size=128))):
        (folder / f"{name}.png").write_bytes(content)
    box = RelativeBox(x_center=44 / 128, y_center=56 / 128, width=12 / 128, height=12 / 128)
    sick_image, healthy_image = ImageFileReference(folder / "sick.png"), ImageFileReference(folder / "healthy.png")
    examples = [
        Example(sick_image, "glioma", "p1", "a", box=box),
        Example(sick_image, "tumor", "p2", "b"),
        Example(healthy_image, "no_tumor", "p3", "b"),
    ]
    calls: list[None] = []
    prepared = prepare_samples(examples, _PARAMETERS, lambda: calls.append(None))
    assert len(calls) == 3
    return prepared


def _mix(pictures: list[Sample], mixture: Mixture = _MIXTURE, seed: int = 0) -> dict[str, list[Sample]]:
    return compose_epoch(pictures, mixture, np.random.default_rng(seed))


def test_prepared_pictures_keep_order_label_and_box(tmp_path: Path) -> None:
    glioma, unstated, healthy = _pictures(tmp_path)
    assert [p.label for p in (glioma, unstated, healthy)] == ["glioma", "tumor", "no_tumor"]
    # A grey slice's three channels are the same: one is kept.
    assert glioma.pixels.shape == (64, 64, 1)
    assert glioma.pixels.dtype == np.float16
    assert (unstated.box, healthy.box) == (None, None)
    assert glioma.box is not None
    marked, known = mark_tumor(glioma)
    assert known == 1
    assert glioma.grey[marked > 0].mean() > 0.9


def test_label_marks_its_classes() -> None:
    np.testing.assert_array_equal(mark_allowed("pituitary", DEFAULT_CLASS_NAMES), [0, 0, 0, 1])
    np.testing.assert_array_equal(mark_allowed("tumor", DEFAULT_CLASS_NAMES), [1, 1, 0, 1])
    assert mark_allowed("tumor", DEFAULT_CLASS_NAMES).dtype == np.float32


def test_place_is_known_without_a_tumour_and_unknown_for_a_tumour_without_box() -> None:
    for label, expected in (("no_tumor", 1.0), ("glioma", 0.0), ("tumor", 0.0)):
        marked, known = mark_tumor(make_sample(label))
        assert known == expected
        assert not marked.any()


def test_epoch_has_every_kind_in_its_number(tmp_path: Path) -> None:
    mixed = _mix(_pictures(tmp_path))
    # One more of the tumour of unstated kind, two more of the healthy slice.
    assert {kind: len(mixed[kind]) for kind in ("real", "repeated", "lesion_removed")} == {
        "real": 3,
        "repeated": 3,
        "lesion_removed": 1,
    }
    for kind, most in (("lesion_inserted", 6), ("tissue_inserted", 4), ("skull_stripped", 8)):
        assert 0 < len(mixed[kind]) <= most
    for one in (p for pictures in mixed.values() for p in pictures):
        assert one.pixels.shape == (64, 64, 1)
        assert one.pixels.min() >= 0
        assert one.pixels.max() <= 1


def test_counterfactuals_have_the_label_and_the_place_that_they_show(tmp_path: Path) -> None:
    mixed = _mix(_pictures(tmp_path))
    assert {(p.label, p.box) for p in mixed["lesion_removed"] + mixed["tissue_inserted"]} == {("no_tumor", None)}
    assert {p.label for p in mixed["lesion_inserted"]} == {"tumor"}
    assert all(p.box is not None for p in mixed["lesion_inserted"])
    assert {(p.label, p.box is None) for p in mixed["skull_stripped"]} <= {("glioma", False), ("no_tumor", True)}


def test_seed_decides_what_is_blended(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path)
    first, again, other = (_mix(pictures, seed=seed)["lesion_inserted"] for seed in (1, 1, 2))
    np.testing.assert_array_equal([p.pixels for p in first], [p.pixels for p in again])
    assert [p.box for p in first] != [p.box for p in other]


def test_nothing_is_blended_without_healthy_slices(tmp_path: Path) -> None:
    mixed = _mix(_pictures(tmp_path)[:2])
    assert {kind: len(pictures) for kind, pictures in mixed.items() if pictures} == {
        "real": 2,
        "repeated": 1,
        "lesion_removed": 1,
    }


def test_tumour_larger_than_the_mixture_says_is_not_removed(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path)
    assert pictures[0].box is not None
    share = 4 * pictures[0].box[2] * pictures[0].box[3] / 64**2
    assert len(_mix(pictures, Mixture(removal_max_share=share * 1.01))["lesion_removed"]) == 1
    assert _mix(pictures, Mixture(removal_max_share=share * 0.99))["lesion_removed"] == []


def test_plain_mixture_is_the_real_pictures_alone(tmp_path: Path) -> None:
    pictures = _pictures(tmp_path)
    mixed = _mix(pictures, Mixture())
    assert mixed["real"] == pictures
    assert sum(len(kind) for kind in mixed.values()) == 3


def test_slices_of_a_volume_are_shown_once() -> None:
    of_volume = Sample(make_sample("no_tumor").pixels, "no_tumor", position=0.5)
    assert _mix([of_volume])["repeated"] == []


def _slice_of_volume(label: str, position: float, group: str, plane: Plane = "axial") -> Sample:
    return Sample(make_sample(label).pixels, label, plane=plane, position=position, group=group)


def test_slices_of_volumes_without_tumour_are_drawn_evenly_by_group() -> None:
    many = [_slice_of_volume("no_tumor", 0.1, "a/t1/0") for _ in range(30)]
    few = [_slice_of_volume("no_tumor", 0.9, "b/t2/4")]
    others = [make_sample("no_tumor"), _slice_of_volume("glioma", 0.5, "a/t1/2")]
    real = _mix([*many, *few, *others], Mixture(volume_slices=400))["real"]
    assert real[:2] == others
    assert Counter(one.group for one in real[2:])["b/t2/4"] == pytest.approx(200, abs=40)


def test_hard_negatives_are_shown_once_more() -> None:
    samples = [make_sample("no_tumor"), make_sample("glioma")]
    mixed = compose_epoch(samples, Mixture(), np.random.default_rng(0), samples[:1])
    assert (mixed["real"], mixed["hard_negative"]) == (samples, samples[:1])


def test_only_slices_without_a_tumour_that_are_called_one_are_hard_negatives() -> None:
    samples = [make_sample(label) for label in ("no_tumor", "glioma", "no_tumor", "no_tumor")]
    probabilities = np.array([0.6, 0.9, 0.4, 0.8])
    assert choose_hard_negatives(samples, probabilities, 5) == [3, 0]
    assert choose_hard_negatives(samples, probabilities, 1) == [3]


def test_group_is_of_source_sequence_and_height(tmp_path: Path) -> None:
    image = ImageFileReference(tmp_path / "healthy.png")
    image.path.write_bytes(make_phantom_file(lesion=False, size=128))
    examples = [
        Example(image, "no_tumor", "p", "a", "axial", "t1", position=0.01),
        Example(image, "no_tumor", "p", "a", "axial", "t1", position=0.99),
        Example(image, "no_tumor", "p", "a", "sagittal", "t1", position=0.5),
        Example(image, "no_tumor", "p", "a"),
    ]
    groups = [one.group for one in prepare_samples(examples, _PARAMETERS, lambda: None)]
    assert groups == ["a/t1/0", "a/t1/4", "a/t1/sagittal", ""]


def test_no_lesion_is_blended_into_face_neck_or_vertex() -> None:
    located = make_sample("glioma", box=BOX)
    outer = [_slice_of_volume("no_tumor", position, "a") for position in (0.1, 0.9)]
    assert _mix([located, *outer])["lesion_inserted"] == []
    inner = _slice_of_volume("no_tumor", 0.5, "a", plane="sagittal")
    blended = _mix([located, inner], replace(_MIXTURE, lesions_inserted=30))["lesion_inserted"]
    assert blended
    assert max(one.box[0] for one in blended if one.box is not None) <= 0.6 * 32
