"""Statistics agree with scikit-learn's, round by round."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_fscore_support, roc_auc_score

from tests.backend.unit.evaluation.scores import make_random_scored
from tumorscope.evaluation.metrics.statistics import (
    area_under_roc,
    average_precision,
    calibration_error,
    count_pairs,
    precision_recall_f1,
    share,
)

_ROUNDS = np.random.default_rng(1).integers(0, 3, (4, 300)).astype(np.float64)


def test_areas_are_scikit_learns_with_ties_and_weights() -> None:
    scored = make_random_scored()
    scores, positive = scored.probabilities[:, 0], scored.labels == "glioma"
    for row, weights in enumerate(_ROUNDS):
        expected = roc_auc_score(positive, scores, sample_weight=weights)
        assert area_under_roc(scores, positive, _ROUNDS)[row] == pytest.approx(expected)
        expected = average_precision_score(positive, scores, sample_weight=weights)
        assert average_precision(scores, positive, _ROUNDS)[row] == pytest.approx(expected)


def test_precision_recall_and_f1_are_scikit_learns() -> None:
    scored = make_random_scored()
    names = scored.class_names
    found = precision_recall_f1(count_pairs(scored.labels, scored.predicted, names, _ROUNDS))
    for row, weights in enumerate(_ROUNDS):
        expected = precision_recall_fscore_support(
            scored.labels, scored.predicted, labels=names, sample_weight=weights, zero_division=0
        )
        for ours, theirs in zip(found, expected, strict=False):
            np.testing.assert_allclose(ours[row], theirs)


def test_area_without_a_negative_is_undefined() -> None:
    scores, everywhere, one_round = np.array([0.2, 0.7]), np.array([True, True]), np.ones((1, 2))
    assert np.isnan(area_under_roc(scores, everywhere, one_round)).all()
    assert np.isnan(average_precision(scores, everywhere, one_round)).all()


def test_class_that_is_never_predicted_has_precision_zero_and_an_absent_one_none() -> None:
    matrices = count_pairs(np.array(["a", "a"]), np.array(["b", "b"]), ("a", "b"), np.ones((1, 2)))
    precision, recall, f1 = precision_recall_f1(matrices)
    np.testing.assert_array_equal([precision[0], recall[0], f1[0]], [[0, np.nan]] * 3)


def test_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    confidence, weights = np.full(10, 0.7), np.ones((1, 10))
    assert calibration_error(confidence, np.arange(10) < 7, weights) == pytest.approx(0)
    assert calibration_error(confidence, np.ones(10, bool), weights) == pytest.approx(0.3)


def test_share_counts_a_slice_as_often_as_it_was_drawn() -> None:
    assert share(np.array([True, False]), np.array([[3.0, 1.0], [0.0, 2.0]])).tolist() == [0.75, 0]
