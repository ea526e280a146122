"""Short runs of the default recipe with one thing changed in each; two collections left out of all of them.

    .venv/bin/python -m scripts.ablate --data ../shared/data [NAME ...]

Br35H and Navoneel hold tumours and healthy slices of the same scanners. Left out of training, they show what a run has
learned of tumours, since neither the collection nor its scanners can tell. A finished run is not run again. Writes
docs/figures/ablation.json, which the model card shows.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from tumorscope.datasets.audit import find_leakage
from tumorscope.datasets.example import Example
from tumorscope.datasets.splits import Split, set_patients_aside, split_by_patient
from tumorscope.domain.labels import NO_TUMOR, TUMOR_OF_UNSTATED_KIND
from tumorscope.preprocessing.pipeline import PreprocessingParameters
from tumorscope.training.augmentation import SCANNER, STANDARD
from tumorscope.training.networks import build_plain, to_input
from tumorscope.training.recipe import Mixture, Recipe, Stage
from tumorscope.training.recipes.tumorscope_default import RECIPE
from tumorscope.training.run import run_recipe
from tumorscope.training.samples import prepare_samples

LEFT_OUT = ("Br35H", "Navoneel")
SIZE, EPOCHS = 64, 5
OUTPUT = Path("docs/figures/ablation.json")


def _change(recipe: Recipe, mixture: Mixture) -> Recipe:
    """The recipe with its one stage's mixture changed."""
    return replace(recipe, stages=(replace(recipe.stages[0], mixture=mixture),))


_FULL = replace(RECIPE.stages[0].mixture, removal_max_share=1.0)
_SMALL = replace(_FULL, removal_max_share=0.03)
_USUAL = replace(
    RECIPE,
    stages=(Stage(size=SIZE, epochs=EPOCHS, peak_learning_rate=1e-3, frozen_convolutions=4),),
    augmentations=STANDARD,
    tumor_map_weight=0.0,
)
_SCANNER = replace(_USUAL, augmentations=(*STANDARD, *SCANNER))
_BALANCED = _change(_SCANNER, Mixture(repeats_of_unstated_kind=3, repeats_of_no_tumor=3))
_REMOVED = _change(_BALANCED, Mixture(removal_max_share=1.0, repeats_of_unstated_kind=3, repeats_of_no_tumor=3))
_BLENDED = _change(_REMOVED, replace(_FULL, skulls_stripped=0))
_WHERE = replace(_BLENDED, tumor_map_weight=RECIPE.tumor_map_weight)
_STRIPPED = _change(_WHERE, _FULL)
VARIANTS: dict[str, tuple[str, Recipe]] = {
    "usual": ("standard recipe: real slices; rotation, scaling, flips, shifts", _USUAL),
    "scanner": ("+ contrast, bias field, noise, blur, resolution", _SCANNER),
    "balanced": ("+ rare classes three times", _BALANCED),
    "removed": ("+ counterfactual lesion removal", _REMOVED),
    "blended": ("+ counterfactual lesion insertion, anew each epoch", _BLENDED),
    "where": ("+ tumour map as an auxiliary output", _WHERE),
    "stripped": ("+ skull stripping", _STRIPPED),
    "small": ("the same, removing only lesions of up to 3 % of the slice", _change(_STRIPPED, _SMALL)),
    "kept": ("the same without lesion removal", _change(_STRIPPED, replace(_FULL, removal_max_share=0.0))),
}
_FIGURES = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "auc": "ROC area, held-out collections",
    "sensitivity": "sensitivity, held-out collections",
    "specificity": "specificity, held-out collections",
}


def main() -> None:
    """Run what was asked for, and write the table after each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(VARIANTS)}; default: all")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    arguments = parser.parse_args()
    examples = list(RECIPE.read_examples(arguments.data))
    held_out = tuple(example for example in examples if example.source in LEFT_OUT)
    split = _split_without(examples, held_out)
    weights = arguments.data / "weights" / "vgg16_imagenet_notop.npz"
    for name in arguments.names or VARIANTS:
        _, recipe = VARIANTS[name]
        folder = Path("runs/ablation") / name
        trained = run_recipe(recipe, split, folder, weights)
        figures = {
            **_judge_patients(_predict(recipe, trained.weights, split.validation), split.validation),
            **_judge_left_out(_predict(recipe, trained.weights, held_out), held_out),
        }
        (folder / "figures.json").write_text(json.dumps(figures), encoding="utf-8")
        _write_table()


def _split_without(examples: Sequence[Example], held_out: tuple[Example, ...]) -> Split:
    """A split without these collections, and without what other collections have copied from them."""
    left_out = set(held_out)
    others = tuple(example for example in examples if example not in left_out)
    copies = find_leakage(Split(held_out, others), lambda: None).validation_examples
    split = split_by_patient(
        [example for example in others if example not in copies], RECIPE.validation_share, RECIPE.seed
    )
    leaking = find_leakage(split, lambda: None).validation_examples
    return set_patients_aside(split, {example.patient_id for example in leaking})


def _predict(
    recipe: Recipe, weights: dict[str, NDArray[np.float32]], examples: Sequence[Example]
) -> NDArray[np.float64]:
    """Probabilities, shape (n, classes)."""
    network = build_plain(len(recipe.class_names), SIZE, 0, "float32")
    for variable in network.weights:
        variable.assign(weights[variable.path])
    pictures = prepare_samples(examples, PreprocessingParameters(size=SIZE), lambda: None)
    logits = network.predict(to_input(np.stack([picture.pixels for picture in pictures])), verbose=0)
    probabilities: NDArray[np.float64] = softmax(logits.astype(np.float64), axis=1)
    return probabilities


def _judge_patients(probabilities: NDArray[np.float64], examples: Sequence[Example]) -> dict[str, float]:
    known = np.array([example.label != TUMOR_OF_UNSTATED_KIND for example in examples])
    labels = np.array([example.label for example in examples])[known]
    called = np.array(RECIPE.class_names)[probabilities.argmax(axis=1)][known]
    return {
        "accuracy": accuracy_score(labels, called),
        "macro_f1": f1_score(labels, called, labels=RECIPE.class_names, average="macro", zero_division=0),
    }


def _judge_left_out(probabilities: NDArray[np.float64], examples: Sequence[Example]) -> dict[str, float]:
    tumor = np.array([example.label != NO_TUMOR for example in examples])
    tumor_probability = 1 - probabilities[:, RECIPE.class_names.index(NO_TUMOR)]
    return {
        "auc": roc_auc_score(tumor, tumor_probability),
        "sensitivity": float((tumor_probability[tumor] >= 0.5).mean()),
        "specificity": float((tumor_probability[~tumor] < 0.5).mean()),
        "slices": len(examples),
    }


def _write_table() -> None:
    rows: list[list[Any]] = []
    for name, (what, _) in VARIANTS.items():
        file = Path("runs/ablation") / name / "figures.json"
        if file.is_file():
            figures = json.loads(file.read_text(encoding="utf-8"))
            rows.append([what, *(f"{figures[key]:.3f}" for key in _FIGURES)])
    note = (
        f"Short runs, {EPOCHS} epochs at {SIZE}×{SIZE}, each one step beyond the one above it. Accuracy and macro-F1: "
        f"held-out patients. The others: tumour against no tumour in the held-out collections {' and '.join(LEFT_OUT)}."
        " One run each: differences below about 0.02 are within the noise."
    )
    table = {"title": "What each step brought", "note": note, "columns": ["step", *_FIGURES.values()], "rows": rows}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
