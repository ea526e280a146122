"""``tumorscope evaluate`` and ``tumorscope card``, from class folders to report and card."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.factories import make_phantom_file, write_tiny_bundle
from tumorscope.cli import app
from tumorscope.domain.errors import EvaluationError
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES

_FOLDERS = {
    DEFAULT_CLASS_NAMES: ("glioma", "meningioma", "notumor", "pituitary"),
    ("no_tumor", "tumor"): ("no", "yes"),
    ("HGG", "LGG"): ("HGG", "LGG"),
}


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.output


def _write_tree(root: Path, folders: tuple[str, ...], pictures: int = 3) -> Path:
    """Class folders of phantoms."""
    for place, folder in enumerate(folders):
        (root / folder).mkdir(parents=True)
        for number in range(pictures):
            seed = 1 + place * pictures + number
            picture = make_phantom_file(seed=seed, lesion=folder not in {"no", "notumor"}, size=96)
            (root / folder / f"{number}.png").write_bytes(picture)
    return root


def _read_metrics(output: Path) -> dict[str, Any]:
    text = (output / "metrics.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    content: dict[str, Any] = json.loads(text)
    return content


@pytest.mark.parametrize("class_names", list(_FOLDERS))
def test_models_of_four_and_of_two_classes_are_evaluated(class_names: tuple[str, ...], tmp_path: Path) -> None:
    bundle = write_tiny_bundle(tmp_path / "bundle", class_names)
    data = _write_tree(tmp_path / "data", _FOLDERS[class_names])
    _run("evaluate", bundle, data, "--output", tmp_path / "out")
    metrics = _read_metrics(tmp_path / "out")
    assert metrics["class_names"] == list(class_names)
    assert metrics["data"]["slices"] == 3 * len(class_names)
    assert metrics["data"]["part"] == "all"
    assert metrics["command"] == "tumorscope evaluate bundle data --part all"
    assert sum(map(sum, metrics["confusion_matrix"])) == 3 * len(class_names)
    assert ("tumor_auc" in metrics["figures"]) == ("no_tumor" in class_names)
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
    assert (tmp_path / "out" / "roc.png").is_file()


def test_held_out_part_of_a_split_file_is_judged_beside_baselines(tmp_path: Path) -> None:
    from tumorscope.datasets.discover import discover_examples
    from tumorscope.datasets.splits import split_by_patient, write_split

    data = _write_tree(tmp_path / "data", ("glioma", "notumor"), pictures=6)
    split = split_by_patient(discover_examples(data), 0.5, seed=1)
    write_split(split, tmp_path / "split.json")
    bundle = write_tiny_bundle(tmp_path / "bundle")
    _run("evaluate", bundle, data, "--split", tmp_path / "split.json", "--output", tmp_path / "out")
    metrics = _read_metrics(tmp_path / "out")
    assert metrics["data"]["part"] == "validation"
    assert metrics["data"]["split_sha256"] == split.sha256
    assert metrics["data"]["slices"] == len(split.validation)
    assert set(metrics["baselines"]) == {"source", "mean_intensity"}
    # One source says nothing of the class.
    assert metrics["baselines"]["source"]["tumor_auc"]["value"] == 0.5

    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\nold\n<!-- /figures -->\nafter\n", encoding="utf-8")
    card, measured = tmp_path / "MODEL_CARD.md", tmp_path / "out" / "metrics.json"
    _run("card", bundle, "--metrics", measured, "--output", card, "--readme", page)
    accuracy = metrics["figures"]["accuracy"]
    assert f"| Accuracy | {round(accuracy['value'] * accuracy['n'])} of {accuracy['n']} |" in card.read_text(
        encoding="utf-8"
    )
    assert "![ROC curves](out/roc.png)" in card.read_text(encoding="utf-8")
    renewed = page.read_text(encoding="utf-8")
    assert "| slices, held-out patients | tumour |" in renewed
    assert "old" not in renewed
    assert renewed.endswith("<!-- /figures -->\nafter\n")


def test_held_out_part_without_a_split_is_refused(tmp_path: Path) -> None:
    data = _write_tree(tmp_path / "data", ("glioma",), pictures=1)
    with pytest.raises(EvaluationError, match="no split"):
        _run("evaluate", write_tiny_bundle(tmp_path / "bundle"), data, "--part", "validation")


def test_label_that_the_model_does_not_know_is_named(tmp_path: Path) -> None:
    data = _write_tree(tmp_path / "data", ("glioma", "metastasis"), pictures=1)
    with pytest.raises(EvaluationError, match="metastasis"):
        _run("evaluate", write_tiny_bundle(tmp_path / "bundle"), data, "--output", tmp_path / "out")


def test_card_of_another_models_figures_is_refused(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.json"
    metrics.write_text(json.dumps({"model": {"sha256": "0" * 64}}), encoding="utf-8")
    with pytest.raises(EvaluationError, match="another model"):
        _run("card", write_tiny_bundle(tmp_path / "bundle"), "--metrics", metrics)
