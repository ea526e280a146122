"""A model is judged on people who were not trained on, whoever's split it is."""

from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_manifest, make_picture, make_trust
from tumorscope.datasets.discover import discover_examples
from tumorscope.datasets.splits import split_by_patient, write_split
from tumorscope.domain.errors import EvaluationError
from tumorscope.evaluation.data import choose_data
from tumorscope.model.manifest import Manifest

_HEADER = "file,label,patient_id,source\n"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten people of one collection."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "slice.png").write_bytes(make_picture(np.zeros((8, 8), np.uint8)))
    rows = [f"slice.png,{'glioma' if number % 2 else 'no_tumor'},p{number},a\n" for number in range(10)]
    (folder / "slices.csv").write_text(_HEADER + "".join(rows), encoding="utf-8")
    return folder


def _write_split(data: Path, bundle: Path) -> Manifest:
    split = split_by_patient(discover_examples(data), 0.4, seed=1)
    bundle.mkdir()
    write_split(split, bundle / "split.json")
    return make_manifest().model_copy(update={"training": {"split_sha256": split.sha256}, "trust": make_trust()})


def test_held_out_patients_chose_the_calibration_of_the_bundle_whose_split_it_is(data: Path, tmp_path: Path) -> None:
    manifest = _write_split(data, tmp_path / "bundle")
    own = choose_data(tmp_path / "bundle", manifest, data, None, None)
    assert (own.part_name, len(own.part), len(own.fitted_on), own.chose_calibration) == ("validation", 4, 6, True)
    other = manifest.model_copy(update={"training": {}})
    assert not choose_data(tmp_path / "bundle", other, data, None, None).chose_calibration
    without = manifest.model_copy(update={"trust": None})
    assert not choose_data(tmp_path / "bundle", without, data, None, None).chose_calibration


def test_people_that_the_split_does_not_know_are_external(data: Path, tmp_path: Path) -> None:
    manifest = _write_split(data, tmp_path / "bundle")
    with (data / "slices.csv").open("a", encoding="utf-8") as table:
        table.write("slice.png,glioma,later,b\n")
    chosen = choose_data(tmp_path / "bundle", manifest, data, None, None)
    assert [example.patient_id for example in chosen.external] == ["later"]
    assert "later" not in {example.patient_id for example in (*chosen.part, *chosen.fitted_on)}


def test_without_a_split_all_is_judged_and_no_part_can_be_asked_for(data: Path, tmp_path: Path) -> None:
    chosen = choose_data(tmp_path / "bundle", make_manifest(), data, None, None)
    assert (chosen.part_name, len(chosen.part), chosen.studies) == ("all", 10, ())
    with pytest.raises(EvaluationError, match="no split"):
        choose_data(tmp_path / "bundle", make_manifest(), data, None, "validation")
