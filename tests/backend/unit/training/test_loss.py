"""The loss of a sample whose label allows one class, or several."""

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.training.loss import attribution_loss, label_set_loss, tumor_map_loss

_LOGITS = np.array([[2.0, 1.0, 0.0, -1.0], [0.3, -4.0, 2.5, 0.1]], np.float32)
_PROBABILITIES = np.exp(_LOGITS) / np.exp(_LOGITS).sum(axis=1, keepdims=True)
_ONE = np.array([[0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
_SEVERAL = np.array([[1, 1, 0, 1], [0, 1, 1, 0]], np.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_one_class_gives_cross_entropy(smoothing: float) -> None:
    expected = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
    np.testing.assert_allclose(label_set_loss(smoothing)(_ONE, _LOGITS), expected(_ONE, _LOGITS), atol=1e-5)


def test_several_classes_give_minus_the_log_of_their_sum() -> None:
    expected = -np.log((_PROBABILITIES * _SEVERAL).sum(axis=1))
    np.testing.assert_allclose(label_set_loss(0.0)(_SEVERAL, _LOGITS), expected, atol=1e-5)


def test_every_class_allowed_costs_nothing() -> None:
    np.testing.assert_allclose(label_set_loss(0.0)(np.ones((2, 4), np.float32), _LOGITS), 0, atol=1e-6)


def test_huge_logits_give_a_finite_loss() -> None:
    losses = np.asarray(label_set_loss(0.03)(_ONE, _LOGITS * np.float32(1e4)))
    assert np.isfinite(losses).all()


def test_half_precision_logits_are_taken() -> None:
    losses = label_set_loss(0.0)(_ONE, keras.ops.cast(_LOGITS, "bfloat16"))
    np.testing.assert_allclose(np.asarray(losses), -np.log(_PROBABILITIES[[0, 1], [1, 0]]), atol=0.02)


def test_map_is_judged_by_its_cross_entropy() -> None:
    marked = np.array([[1.0, 0.0], [0.25, 0.0]], np.float32)
    logits = np.array([[2.0, -1.0], [0.5, 3.0]], np.float32)
    target = np.stack([marked, np.ones_like(marked)], axis=2)[None]
    shares = 1 / (1 + np.exp(-logits))
    expected = -(marked * np.log(shares) + (1 - marked) * np.log(1 - shares)).mean()
    np.testing.assert_allclose(tumor_map_loss(target, logits[None, :, :, None]), [expected], rtol=1e-5)


def test_unknown_place_of_a_tumour_costs_nothing() -> None:
    target = np.zeros((1, 2, 2, 2), np.float32)
    np.testing.assert_allclose(tumor_map_loss(target, np.full((1, 2, 2, 1), 9.0, np.float32)), [0.0])


def _evidence_target(marked: NDArray[np.float32], known: float, allowed: tuple[int, ...]) -> NDArray[np.float32]:
    cells = marked.shape[0]
    classes = np.broadcast_to(np.array(allowed, np.float32), (cells, cells, len(allowed)))
    return np.concatenate([marked[:, :, None], np.full((cells, cells, 1), known, np.float32), classes], axis=2)[None]


_MARKED = np.array([[1.0, 0.0], [0.0, 0.0]], np.float32)


def test_evidence_from_the_tumour_costs_less_than_evidence_from_elsewhere() -> None:
    target = _evidence_target(_MARKED, 1, (1, 0, 0, 0))
    losses = []
    for inside, outside in ((4.0, 0.0), (2.0, 2.0), (0.0, 4.0)):
        evidence = np.zeros((1, 2, 2, 4), np.float32)
        evidence[0, 0, 0, 0], evidence[0, 1, 1, 0] = inside, outside
        losses.append(float(np.asarray(attribution_loss(target, evidence))[0]))
    assert losses == sorted(losses)
    assert losses[0] < 0.1
    assert losses[1] == pytest.approx(np.log(2), abs=0.1)


def test_evidence_for_other_classes_and_against_the_class_costs_nothing() -> None:
    target = _evidence_target(_MARKED, 1, (1, 0, 0, 0))
    evidence = np.zeros((1, 2, 2, 4), np.float32)
    evidence[0, 0, 0, 0] = 4
    expected = np.asarray(attribution_loss(target, evidence))
    evidence[0, 1, 1] = (-3, 5, 5, 5)
    np.testing.assert_allclose(np.asarray(attribution_loss(target, evidence)), expected)


def test_evidence_is_not_asked_of_a_picture_without_a_tumour_at_a_known_place() -> None:
    evidence = np.random.default_rng(0).random((1, 2, 2, 4), np.float32)
    for target in (
        _evidence_target(np.zeros((2, 2), np.float32), 1, (0, 0, 1, 0)),
        _evidence_target(_MARKED, 0, (1, 0, 0, 0)),
    ):
        np.testing.assert_allclose(np.asarray(attribution_loss(target, evidence)), [0.0])
