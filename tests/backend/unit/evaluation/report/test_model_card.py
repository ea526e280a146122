"""The model card states what the bundle and its figures say, and nothing else."""

import re
from typing import Any

import pytest

from tests.backend.unit.evaluation.scores import make_decisions, make_random_scored
from tumorscope import NOTICE
from tumorscope.api.settings import Settings
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.metrics.figures import DEFINITIONS, measure_figures
from tumorscope.evaluation.metrics.summary import summarise
from tumorscope.evaluation.report.model_card import replace_figures, write_model_card
from tumorscope.model.bundle import read_bundle
from tumorscope.model.manifest import Manifest

_TABLE = {
    "title": "What each step brought",
    "note": "One run each.",
    "columns": ["step", "area"],
    "rows": [["a|b", "0.9"]],
}


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return read_bundle(Settings().bundle).manifest


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    scored = make_random_scored()
    return {
        **summarise(scored, "validation"),
        "baselines": {"source": measure_figures(scored, ["accuracy"])},
        "decisions": make_decisions(),
        "chose_calibration": True,
        "engine": "ncnn-float32",
    }


def _card(manifest: Manifest, metrics: dict[str, Any]) -> str:
    return write_model_card(manifest, "ab" * 32, metrics, [_TABLE], "docs/evaluation")


def test_card_opens_with_hugging_faces_fields(manifest: Manifest, metrics: dict[str, Any]) -> None:
    _, header, _ = _card(manifest, metrics).split("---\n", 2)
    fields = dict(re.findall(r"^(\w+):(.*)$", header, re.MULTILINE))
    assert fields["license"].strip() == manifest.license.lower()
    assert {"library_name", "pipeline_tag", "tags", "metrics"} <= set(fields)


def test_every_figure_is_in_the_card_with_its_interval(manifest: Manifest, metrics: dict[str, Any]) -> None:
    card = _card(manifest, metrics)
    for name, figure in metrics["figures"].items():
        assert f"| {DEFINITIONS[name].title} | {figure['value']:.3f} | " in card


def test_card_states_data_with_licences_limits_checksum_and_notice(manifest: Manifest, metrics: dict[str, Any]) -> None:
    card = _card(manifest, metrics)
    for collection in manifest.data:
        assert f"| {collection.name} | {collection.license} | {collection.used_for} |" in card
    for words in (*manifest.limits, manifest.intended_use, "ab" * 32, NOTICE, manifest.version):
        assert words in card


def test_tables_of_other_runs_are_shown_with_their_cells_escaped(manifest: Manifest, metrics: dict[str, Any]) -> None:
    assert "## What each step brought\n\nOne run each.\n\n| step | area |\n| --- | --- |\n| a\\|b | 0.9 |" in _card(
        manifest, metrics
    )


def test_card_of_a_leaking_split_says_so(manifest: Manifest, metrics: dict[str, Any]) -> None:
    leaking = manifest.model_copy(update={"training": {**manifest.training, "leakage_allowed": True}})
    assert "The split leaks" in _card(leaking, metrics)
    assert "The split leaks" not in _card(manifest, metrics)


def test_decisions_stand_before_the_threshold_figures(manifest: Manifest, metrics: dict[str, Any]) -> None:
    card = _card(manifest, metrics)
    row = (
        "| held-out patients | tumour | 100 | 60 | 80.0 % (70.0 to 90.0) | 1.0 % (0.0 to 2.0) | "
        "19.0 % (10.0 to 30.0) | 0.0 % (0.0 to 0.0) | 96.3 % (90.0 to 100.0) |"
    )
    assert row in card
    assert "| external data | no tumour | 3 | 3 | 1 of 3 | 0 of 3 | 2 of 3 | 0 of 3 | 0 of 1 |" in card
    assert "| heads | no tumour | 3 | 3 | 1 of 3 |" in card
    assert card.index("## What it answers") < card.index("## Threshold figures")


def test_table_of_a_page_is_renewed_between_its_marks() -> None:
    page = replace_figures("a\n<!-- figures -->\nold\n<!-- /figures -->\nb\n", make_decisions())
    assert page.startswith("a\n<!-- figures -->\n|  | truth |")
    assert "| slices, held-out patients | tumour | 100 | 60 | 80.0 % | 1.0 % | 19.0 % | 0.0 % | 96.3 % |" in page
    assert "| whole studies, external data | no tumour | 3 | 3 | 1 of 3 | 0 of 3 |" in page
    assert "old" not in page
    assert replace_figures(page, make_decisions()) == page


def test_page_without_marks_is_refused() -> None:
    with pytest.raises(EvaluationError, match="marks"):
        replace_figures("no marks", make_decisions())
