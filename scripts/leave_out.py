"""Each collection left out of training in turn: short runs of the default recipe, judged on what was left out.

    .venv/bin/python -m scripts.leave_out --data ../shared/data [NAME ...]

A run trains at 96×96 from ImageNet's weights, fits its trust layer and its model of studies on held-out people of the
other collections, and answers the left-out one as it would be served. Interrupted, it goes on where it stopped; what is
finished is not done again. Half an hour to an hour a run on two cores. Writes docs/figures/left_out.json, which the
model card shows.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tumorscope.datasets.audit import find_leakage
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.splits import Split, read_split, write_split
from tumorscope.model.bundle import SPLIT_FILE
from tumorscope.model.store import DEFAULT_BUNDLE
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.recipes.tumorscope_default import RECIPE as DEFAULT

LEFT_OUT: dict[str, tuple[str, ...]] = {
    "figshare": ("figshare-1512427",),
    # They copied from each other.
    "Kaggle": ("Br35H", "Navoneel", "Nickparvar", "SARTAJ"),
    "TCGA-LGG": ("TCGA-LGG",),
    "CBICA": ("healthy-volumes",),
    "ds000011": ("ds000011",),
    "ds002748, stripped": ("ds002748_stripped",),
    "Ljubljana": ("ljubljana_ms",),
    "MASS": ("mass",),
}
_SIZE, _EPOCHS = 96, 4
# What `tumorscope train` is given this file for.
RECIPE = replace(
    DEFAULT,
    name="leave_out",
    preprocessing=PreprocessingParameters(size=_SIZE),
    stages=(replace(DEFAULT.stages[0], size=_SIZE, epochs=_EPOCHS),),
    averaged_stages=(),
)
OUTPUT = Path("docs/figures/left_out.json")
_COLUMNS = ("left out", "with a tumour", "without", "area", "accuracy", "answered", "right of these", "ECE", "studies")


def main() -> None:
    """Run what was asked for, and write the table after each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(LEFT_OUT)}; default: all")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, default=Path("runs/left_out"), help="a folder for each run is made here")
    arguments = parser.parse_args()
    for name in arguments.names or LEFT_OUT:
        _leave_out(LEFT_OUT[name], arguments.runs / name, arguments.data)
        _write_table(arguments.runs)


def _leave_out(sources: tuple[str, ...], folder: Path, data: Path) -> None:
    """Train without these collections, and judge on them."""
    folder.mkdir(parents=True, exist_ok=True)
    trained_on, judged_on, bundle = folder / "trained_on.json", folder / "judged_on.json", folder / "bundle"
    if not judged_on.is_file():
        _write_splits(sources, data, trained_on, judged_on)
    if not (bundle / SPLIT_FILE).is_file():
        run = folder / "run"
        resumed = ["--resume"] if (run / "settings.json").is_file() else []
        train = ["train", __file__, "--data", data, "--split", trained_on, "--set-leaks-aside"]
        _call(*train, "--run-folder", run, "--output", bundle, *resumed)
    if not (folder / "calibrated").is_file():
        _call("calibrate", bundle, data)
        (folder / "calibrated").touch()
    if not (folder / "evaluation" / "metrics.json").is_file():
        _call("evaluate", bundle, data, "--split", judged_on, "--output", folder / "evaluation")


def _call(*arguments: object) -> None:
    subprocess.run([sys.executable, "-m", "tumorscope", *map(str, arguments)], check=True)  # noqa: S603  (our own command)


def _write_splits(sources: tuple[str, ...], data: Path, trained_on: Path, judged_on: Path) -> None:
    """Who is trained and calibrated on, and who is judged; nobody, and no copy of a picture, is in both."""
    examples = list(RECIPE.read_examples(data))
    usual = read_split(DEFAULT_BUNDLE / SPLIT_FILE, discover_examples(data))
    left_out = {one.patient_id for one in examples if one.source in sources}
    calibrated_on = {one.patient_id for one in usual.validation} - left_out
    aside = usual.set_aside - left_out
    judged = tuple(one for one in examples if one.patient_id in left_out)
    others = tuple(one for one in examples if one.patient_id not in left_out | aside)
    copied = {one.patient_id for one in find_leakage(Split(others, judged), lambda: None).validation_examples}
    training = tuple(one for one in others if one.patient_id not in calibrated_on)
    held_out = tuple(one for one in others if one.patient_id in calibrated_on)
    write_split(Split(training, held_out, frozenset(left_out | aside)), trained_on)
    judged = tuple(one for one in judged if one.patient_id not in copied)
    write_split(Split(training, judged, frozenset(calibrated_on | aside | copied)), judged_on)


def _write_table(runs: Path) -> None:
    rows = []
    for name, sources in LEFT_OUT.items():
        file = runs / name / "evaluation" / "metrics.json"
        if file.is_file():
            rows.append([name, *_summarise(json.loads(file.read_text(encoding="utf-8")), sources)])
    note = (
        f"Short runs from ImageNet's weights, {_EPOCHS} epochs at {_SIZE}×{_SIZE}: the model that ships has learned "
        "longer and at 128×128. In each, one collection is left out of training and of everything that is fitted, and "
        "answered as served. Slices with and without a tumour, and its studies, none of which shows a tumour: answered "
        "`tumor`/`no_tumor`/`uncertain`/refused. Area: tumour against none. Accuracy and ECE: slices of known class."
    )
    table = {"title": "Collections left out", "note": note, "columns": _COLUMNS, "rows": rows}
    OUTPUT.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _summarise(metrics: Mapping[str, Any], sources: tuple[str, ...]) -> list[str]:
    decisions, figures = metrics["decisions"], metrics["figures"]
    every = [row for row in decisions["slices"] if row["name"] == "held-out patients"]
    slices = {row["truth"]: _count(row) for row in every}
    studies = [row for row in decisions["studies"] if row["by"] == "source" and row["name"] in sources]
    answered = sum(row["tumor"] + row["no_tumor"] for row in every)
    right = sum(row["right"] for row in every)

    def show(name: str) -> str:
        return f"{figures[name]['value']:.3f}" if name in figures else ""

    return [
        slices.get("tumor", ""),
        slices.get("no_tumor", ""),
        show("tumor_auc"),
        show("accuracy"),
        f"{answered / sum(row['count'] for row in every):.3f}",
        f"{right / answered:.3f}" if answered else "",
        show("ece"),
        "; ".join(_count(row) for row in studies),
    ]


def _count(row: Mapping[str, Any]) -> str:
    return "/".join(str(row[answer]) for answer in ("tumor", "no_tumor", "uncertain", "refused"))


if __name__ == "__main__":
    main()
