"""A manifest has valid values and no unknown fields."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from tests.factories import make_manifest
from tumorscope.model.manifest import Manifest
from tumorscope.preprocessing.pipeline import PreprocessingParameters


def _manifest_with(**changes: object) -> Manifest:
    content: dict[str, Any] = {**make_manifest().model_dump(), **changes}
    return Manifest.model_validate_json(json.dumps(content))


def test_manifest_survives_its_file() -> None:
    assert _manifest_with() == make_manifest()


_STEPS = {"lower_percentile": 0.5, "upper_percentile": 99.5, "head_margin": 0.02}
_WRONG: dict[str, dict[str, object]] = {
    "name with a space": {"name": "Tumour scope"},
    "version that is no version": {"version": "1.0"},
    "one class": {"class_names": ["glioma"]},
    "size that five poolings do not divide": {"input": {"size": 100}},
    "size of nothing": {"input": {"size": 0}},
    "grey input": {"input": {"size": 32, "channels": 1}},
    "temperature of nothing": {"temperature": 0},
    "temperature that is no number": {"temperature": float("nan")},
    "threshold above 1": {"tumor_threshold": 1.1},
    "tolerance that checks nothing": {"golden_tolerance": 1.0},
    "probability that is no number": {"golden": [{"file": "a.png", "probabilities": {"glioma": float("nan")}}]},
    "percentiles the wrong way round": {"preprocessing": {**_STEPS, "lower_percentile": 99.5}},
    "step nobody knows": {"preprocessing": {**_STEPS, "equalise": True}},
    "checksum that is none": {"files": {"weights.npz": "abc"}},
}


@pytest.mark.parametrize("name", _WRONG)
def test_what_makes_no_sense_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        _manifest_with(**_WRONG[name])


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", ".hidden", "a\\b", "", "x\n"])
def test_files_have_plain_names(name: str) -> None:
    with pytest.raises(ValidationError):
        _manifest_with(files={name: "0" * 64})


def test_preprocessing_takes_its_size_from_the_input() -> None:
    steps = {"lower_percentile": 1, "upper_percentile": 98, "head_margin": 0.1}
    manifest = _manifest_with(input={"size": 64}, preprocessing=steps)
    assert manifest.preprocessing_parameters == PreprocessingParameters(64, (1, 98), 0.1)
