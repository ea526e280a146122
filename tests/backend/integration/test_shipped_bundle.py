"""The bundle that ships."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from tumorscope.api.settings import Settings
from tumorscope.datasets.audit import find_leakage
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.example import read_volume
from tumorscope.datasets.splits import read_split
from tumorscope.datasets.volumes import state_sequence
from tumorscope.evaluation.calibration.golden import draw_golden_files
from tumorscope.inference.classifier import SEQUENCES, Classifier, name_sequence, run_network, weigh
from tumorscope.inference.engines.choose import open_engine
from tumorscope.inference.study import choose_slices_to_read
from tumorscope.model.bundle import read_bundle
from tumorscope.preprocessing.pipeline import to_model_input
from tumorscope.training.recipes import load_recipe

_EXAMPLES = Path(__file__).parents[3] / "frontend" / "public" / "examples"


def test_bundle_is_small_enough_and_whole() -> None:
    folder = Settings().bundle
    bundle = read_bundle(folder)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 54 * 2**20
    assert {array.dtype.name for array in bundle.weights.values()} == {"float16"}


def test_golden_pictures_and_the_pages_examples_are_the_phantoms_drawn_here() -> None:
    drawn = draw_golden_files(None)
    golden = read_bundle(Settings().bundle).golden_files
    assert set(golden) == set(drawn)
    for name, content in drawn.items():
        # By checksum: pytest would take minutes to describe how two long files differ.
        example = (_EXAMPLES / name.replace("_", "-")).read_bytes()
        assert sha256(golden[name]).digest() == sha256(content).digest()
        assert sha256(example).digest() == sha256(content).digest()


def test_recipe_has_the_split_that_the_bundle_was_trained_on(data_folder: Path) -> None:
    training = read_bundle(Settings().bundle).manifest.training
    recipe = load_recipe(training["recipe"])
    examples = recipe.read_examples(data_folder)
    stored = read_split(Settings().bundle / "split.json", examples)
    assert stored.sha256 == training["split_sha256"]
    # It extends the split of the model before, so that whoever was held out stays so: it cannot be drawn at once.
    held_out, known = (
        {example.patient_id for example in part} for part in (stored.validation, [*stored.training, *stored.validation])
    )
    assert len(held_out) / len(known) == pytest.approx(recipe.validation_share, abs=0.05)
    assert not {example.patient_id for example in stored.training} & held_out
    assert not stored.unseen


def test_split_of_the_bundle_does_not_leak(data_folder: Path) -> None:
    examples = discover_examples(data_folder)
    leakage = find_leakage(read_split(Settings().bundle / "split.json", examples), lambda: None)
    assert not leakage.found, leakage.summary


def test_curves_in_the_manifest_are_those_of_its_figures() -> None:
    metrics = read_bundle(Settings().bundle).manifest.metrics
    curve = metrics["roc"]["tumor_against_none"]
    assert np.trapezoid(curve["tpr"], curve["fpr"]) == pytest.approx(metrics["figures"]["tumor_auc"]["value"], abs=5e-3)
    bins = metrics["calibration"]
    counts = np.array([one["n"] for one in bins])
    gaps = np.array([abs(one["confidence"] - one["accuracy"]) for one in bins])
    assert counts.sum() == metrics["figures"]["ece"]["n"]
    assert (counts * gaps).sum() / counts.sum() == pytest.approx(metrics["figures"]["ece"]["value"], abs=1e-3)


def test_manifest_is_readable_json_for_people() -> None:
    text = (Settings().bundle / "manifest.json").read_text()
    assert json.loads(text)["name"] == "tumorscope-vgg16"
    assert text.count("\n") > 50


def test_each_sequence_keeps_the_tumours_that_it_was_fitted_on() -> None:
    trust = read_bundle(Settings().bundle).manifest.trust
    assert trust is not None
    study = trust.study
    assert study is not None
    assert set(study.by_sequence) == {"flair", "t1", "t2"}
    for sequence in SEQUENCES:
        own = study.by_sequence.get(sequence)
        limit = study.kept_from["tumor"] if own is None else own.tumor_kept_from
        tumors = [one for one in study.readings if one.has_tumor and one.sequence == sequence]
        overlooked = [weigh(study, one.evidence, sequence) < limit for one in tumors]
        assert len(tumors) >= 30
        assert np.mean(overlooked) <= 0.06


def test_sequences_of_a_case_that_states_none_are_recognised(data_folder: Path) -> None:
    bundle = read_bundle(Settings().bundle)
    classifier = Classifier(bundle, open_engine(bundle).engine)
    volumes = sorted((data_folder / "volumes" / "tcga").glob("*/*_[tf]*.nii.gz"))
    found = {}
    for path in volumes:
        volume = replace(read_volume(path), sequence=None)
        axial = choose_slices_to_read(None, volume).planes[0]
        chosen = axial.indices[:: len(axial.indices) // 12]
        pixels = [to_model_input(axial.cut(index), classifier.preprocessing).pixels for index in chosen]
        shares = run_network(classifier, np.stack(pixels)).sequences
        assert shares is not None
        found[state_sequence(path)] = name_sequence(list(shares))
    assert found == {name: name for name in SEQUENCES}
