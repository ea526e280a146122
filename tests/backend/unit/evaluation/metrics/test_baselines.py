"""Single-feature baselines find what their feature gives away, and nothing more."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_picture
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.evaluation.metrics.baselines import measure_baselines
from tumorscope.evaluation.metrics.bootstrap import Figure
from tumorscope.evaluation.metrics.scored import Scored
from tumorscope.preprocessing.pipeline import PreprocessingParameters


def _measure(training: list[Example], validation: list[Example]) -> dict[str, dict[str, Figure]]:
    flat = np.full((len(validation), 4), 0.25)
    reference = Scored.of(validation, flat, DEFAULT_CLASS_NAMES)
    return measure_baselines(training, validation, reference, PreprocessingParameters(size=32), lambda: None)


def _pictures(folder: Path, count: int = 80) -> list[Example]:
    """Half with a large bright area, as gliomas of one source; half with a small one, as no tumour of another."""
    examples = []
    for number in range(count):
        pixels = np.full((40, 40), 20, np.uint8)
        pixels[5 : 35 if number % 2 else 10, 5:35] = 200
        pixels[0, 0] = number
        path = folder / f"{number}.png"
        path.write_bytes(make_picture(pixels))
        label, source = ("glioma", "first") if number % 2 else ("no_tumor", "second")
        examples.append(Example(ImageFileReference(path), label, f"p{number}", source))
    return examples


def test_source_and_brightness_that_give_the_class_away_are_found(tmp_path: Path) -> None:
    examples = _pictures(tmp_path)
    measured = _measure(examples[:40], examples[40:])
    assert set(measured) == {"source", "mean_intensity"}
    assert measured["source"]["accuracy"]["value"] == 1
    assert measured["mean_intensity"]["accuracy"]["value"] == 1


def test_source_says_nothing_within_a_collection(tmp_path: Path) -> None:
    examples = [
        replace(example, source="both", label="tumor" if example.label == "glioma" else example.label)
        for example in _pictures(tmp_path)
    ]
    source = _measure(examples[:40], examples[40:])["source"]
    assert source["tumor_auc_within_collection"]["value"] == pytest.approx(0.5)
