"""From a BraTS folder to a served model: prepared, trained for an epoch, evaluated, and asked over HTTP."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.brats_trees import write_case, write_grades, write_real_tree
from tests.factories import make_phantom_file
from tests.waiting import wait_for_state
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.datasets.brats_cache import CacheSettings, claim_cache
from tumorscope.datasets.brats_layout import find_cases
from tumorscope.datasets.brats_prepare import prepare_case
from tumorscope.datasets.example import read_example
from tumorscope.datasets.splits import Split, split_by_patient
from tumorscope.evaluation.calibration.release import release
from tumorscope.inference.classifier import Classifier
from tumorscope.inference.engines.tensorflow import TensorFlowEngine
from tumorscope.inference.golden import check_golden_answers
from tumorscope.inference.pipeline import predict_scan
from tumorscope.model.bundle import read_bundle, write_bundle
from tumorscope.training.recipe import Stage
from tumorscope.training.recipes import load_recipe
from tumorscope.training.run import describe, run_recipe

_CHANNELS = ("flair", "t1ce", "t2")
_TINY = (Stage(size=32, epochs=1, peak_learning_rate=1e-3),)


@dataclass(frozen=True)
class _Released:
    """A bundle, and the split that it was trained on."""

    bundle: Path
    split: Split


def _prepare(tree: Path, cache: Path) -> Path:
    claim_cache(cache, CacheSettings(channels=_CHANNELS))
    for case in find_cases(tree):
        prepare_case(case, _CHANNELS, cache)
    return cache


def _train(recipe_name: str, cache: Path, folder: Path, every: int) -> _Released:
    """One epoch over some of the slices, at the smallest size."""
    recipe = replace(load_recipe(recipe_name), stages=_TINY, batch_norm=False)
    split = split_by_patient(recipe.read_examples(cache)[::every], 0.5, recipe.seed)
    trained = run_recipe(recipe, split, folder / "run", None)
    manifest, golden_files = release(
        describe(recipe, trained, "0.1.0"), trained.weights, split.validation, TensorFlowEngine, lambda: None
    )
    write_bundle(folder / "bundle", manifest, trained.weights, golden_files)
    return _Released(folder / "bundle", split)


@pytest.fixture(scope="module")
def real_cache(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three real cases, prepared."""
    if not (data_folder / "volumes" / "brats2015").is_dir():
        pytest.skip("the real volumes are absent: the data folder holds no volumes/brats2015")
    folder = tmp_path_factory.mktemp("real")
    write_real_tree(data_folder / "volumes", folder / "tree")
    shutil.copy(data_folder / "brats2020" / "name_mapping.csv", folder / "tree")
    return _prepare(folder / "tree", folder / "cache")


@pytest.fixture(scope="module", params=["brats_presence", "brats_grade"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> _Released:
    """Of four drawn cases."""
    folder = tmp_path_factory.mktemp(request.param)
    grades = {f"BraTS20_Training_00{number}": "HGG" if number < 2 else "LGG" for number in range(4)}
    for name in grades:
        write_case(folder / "tree", name)
    write_grades(folder / "tree", grades)
    return _train(request.param, _prepare(folder / "tree", folder / "cache"), folder, every=1)


@pytest.mark.parametrize("recipe", ["brats_presence", "brats_grade"])
def test_real_cases_are_prepared_trained_on_and_evaluated(recipe: str, real_cache: Path, tmp_path: Path) -> None:
    released = _train(recipe, real_cache, tmp_path, every=3)
    manifest = read_bundle(released.bundle).manifest
    assert manifest.metrics["figures"]["accuracy"]["n"] == len(released.split.validation)
    assert manifest.training["training_patients"] + manifest.training["validation_patients"] == 3


def test_bundle_reproduces_its_golden_answers_and_reads_what_it_was_trained_on(drawn: _Released) -> None:
    bundle = read_bundle(drawn.bundle)
    classifier = Classifier(bundle, TensorFlowEngine(bundle))
    check_golden_answers(classifier)
    prediction = predict_scan(classifier, read_example(drawn.split.validation[0])).prediction
    assert list(prediction.probabilities) == bundle.manifest.class_names
    assert (prediction.tumor_probability is None) == ("no_tumor" not in bundle.manifest.class_names)


def test_single_picture_is_answered_with_what_is_missing(drawn: _Released) -> None:
    with TestClient(create_app(Settings(bundle=drawn.bundle))) as client:
        wait_for_state(client, "ready")
        answer = client.post("/predict", files={"file": make_phantom_file()})
    assert (answer.status_code, answer.json()["code"]) == (422, "missing_modality")
    assert "flair, t1ce, t2" in answer.json()["detail"]
