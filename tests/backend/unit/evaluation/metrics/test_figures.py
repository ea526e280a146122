"""Figures of hand-made sets, whose answers are known."""

import numpy as np
import pytest

from tests.backend.unit.evaluation.scores import make_random_scored, make_scored
from tumorscope.datasets.shortcuts import UNSTATED
from tumorscope.evaluation.metrics.figures import (
    DEFINITIONS,
    HEADLINE,
    count_confusions,
    measure_classes,
    measure_figures,
)
from tumorscope.evaluation.metrics.summary import break_down


def test_figures_are_those_counted_by_hand() -> None:
    scored = make_scored(
        ["glioma", "glioma", "meningioma", "no_tumor", "no_tumor", "pituitary", "tumor"],
        ["glioma", "meningioma", "meningioma", "no_tumor", "glioma", "pituitary", "pituitary"],
    )
    figures = measure_figures(scored)
    assert figures["accuracy"]["value"] == pytest.approx(4 / 6, abs=1e-4)
    assert figures["macro_f1"]["value"] == pytest.approx((1 / 2 + 2 / 3 + 2 / 3 + 1) / 4, abs=1e-4)
    assert figures["macro_recall"]["value"] == pytest.approx((1 / 2 + 1 + 1 / 2 + 1) / 4)
    assert figures["macro_precision"]["value"] == pytest.approx((1 / 2 + 1 / 2 + 1 + 1) / 4)
    assert figures["tumor_kind_by_patient"] == {**figures["tumor_kind_by_patient"], "value": 0.75, "n": 4}
    assert figures["tumor_auc_same_collections"]["value"] == pytest.approx(0.75)
    assert count_confusions(scored) == [[1, 1, 0, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]
    meningioma = measure_classes(scored)["meningioma"]
    assert {name: meningioma[name]["value"] for name in ("precision", "recall", "f1")} == {
        "precision": 0.5,
        "recall": 1.0,
        "f1": 0.6667,
    }


def test_patient_votes_with_the_mean_of_the_slices() -> None:
    answers = np.array([[0.4, 0.1, 0.4, 0.1], [0.1, 0.8, 0.0, 0.1], [0.3, 0.2, 0.5, 0.0]])
    scored = make_scored(["meningioma", "meningioma", "glioma"], answers, patients=["a", "a", "b"])
    assert measure_figures(scored)["tumor_kind_by_patient"]["value"] == 1


def test_same_collections_are_those_with_healthy_slices_and_tumors_of_unstated_kind() -> None:
    scored = make_scored(
        ["no_tumor", "tumor", "no_tumor", "glioma", "tumor"],
        ["no_tumor", "glioma", "glioma", "glioma", "glioma"],
        sources=["both", "both", "sorted", "sorted", "tumors"],
    )
    assert measure_figures(scored)["tumor_auc_same_collections"] == {
        **measure_figures(scored)["tumor_auc_same_collections"],
        "value": 1.0,
        "n": 2,
    }


@pytest.mark.parametrize(
    ("class_names", "absent"),
    [
        (("HGG", "LGG"), [name for name in DEFINITIONS if name.startswith(("tumor_auc", "tumor_av"))]),
        (("no_tumor", "tumor"), ["tumor_kind_by_patient"]),
    ],
)
def test_model_of_two_classes_has_the_figures_that_apply(class_names: tuple[str, ...], absent: list[str]) -> None:
    figures = measure_figures(make_random_scored(class_names=class_names))
    assert {"accuracy", "macro_f1", "macro_auc", "ece"} <= set(figures)
    assert not set(absent) & set(figures)
    assert ("tumor_auc" in figures) == ("no_tumor" in class_names)


def test_class_that_does_not_occur_makes_no_figure_undefined() -> None:
    scored = make_scored(["glioma", "no_tumor"], ["glioma", "pituitary"])
    figures = measure_figures(scored)
    assert not any(np.isnan(figure["value"]) for figure in figures.values())
    assert figures["macro_f1"]["value"] == 0.5
    assert set(measure_classes(scored)) == {"glioma", "no_tumor"}


def test_only_tumors_of_unstated_kind_have_no_threshold_figure() -> None:
    assert measure_figures(make_scored(["tumor", "tumor"], ["glioma", "no_tumor"])) == {}
    assert count_confusions(make_scored(["tumor"], ["glioma"])) == [[0] * 4] * 4


def test_breakdown_names_the_group_that_no_source_states() -> None:
    scored = make_scored(
        ["glioma", "no_tumor", "glioma"],
        ["glioma", "no_tumor", "no_tumor"],
        sequences=["t1ce", "", "t1ce"],
        planes=["axial", "axial", "coronal"],
    )
    groups = break_down(scored)
    assert list(groups["sequence"]) == ["t1ce", UNSTATED]
    assert groups["sequence"]["t1ce"]["figures"]["accuracy"]["value"] == 0.5
    assert groups["plane"]["coronal"]["labels"] == {"glioma": 1}


def test_every_figure_says_what_it_means_and_the_manifests_are_among_them() -> None:
    assert all(definition.title and definition.meaning.endswith(".") for definition in DEFINITIONS.values())
    assert set(HEADLINE) >= {"accuracy", "macro_f1", "tumor_auc_same_collections", "tumor_kind_by_patient", "ece"}


def test_area_within_a_collection_compares_no_two_collections() -> None:
    probability = np.array([0.9, 0.8, 0.2, 0.1])
    answers = np.stack([probability, 0 * probability, 1 - probability, 0 * probability], axis=1)
    scored = make_scored(["tumor", "no_tumor", "tumor", "no_tumor"], answers, sources=["a", "a", "b", "b"])
    figures = measure_figures(scored)
    assert figures["tumor_auc_within_collection"]["value"] == 1
    assert figures["tumor_auc_same_collections"]["value"] == 0.75
