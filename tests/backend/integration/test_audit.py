"""The audit of a folder as collections are published, made of real slices with copies and patients planted in it."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.planting import COPIES
from tumorscope.cli import app
from tumorscope.datasets.example import Example, read_example
from tumorscope.datasets.folder import read_slice_table
from tumorscope.domain.errors import TrainingError

_FOLDERS = {"no_tumor": "notumor", "tumor": "yes"}
# A collection whose patients are known: slices of one kind, neighbours in anatomy, and no copies of each other.
_KNOWN_PATIENTS = "figshare-1512427"


@dataclass(frozen=True)
class Planted:
    """A folder with Training and Testing; planted copies, by their names; planted patients; the others in Testing."""

    root: Path
    copies: set[str]
    patients: set[str]
    other_count: int


def _place(example: Example, root: Path, part: str, name: str = "", content: bytes = b"") -> str:
    """Put a picture, or a copy of it, into its class folder."""
    label = _FOLDERS.get(example.label, example.label)
    file = root / part / label / (name or example.image.path.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content or example.image.path.read_bytes())
    return file.relative_to(root).as_posix()


@pytest.fixture(scope="module")
def planted(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    root = tmp_path_factory.mktemp("collection")
    rng = np.random.default_rng(1)
    examples = read_slice_table(data_folder / "slices.csv")
    by_patient: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if example.source == _KNOWN_PATIENTS:
            by_patient[example.patient_id].append(example)
    patients = [by_patient[name] for name in rng.permutation(sorted(by_patient))[:60]]
    training, testing = patients[:40], patients[40:]
    # Of the other collections, which do hold copies of each other, on one side only.
    rest = [example for example in examples if example.source != _KNOWN_PATIENTS]
    others = [rest[index] for index in rng.permutation(len(rest))[:40]]
    leaking = [slices for slices in training if len(slices) > 3][:3]
    moved = [slices[0] for slices in leaking]
    owners = {_place(example, root, "Training"): example.patient_id for example in others}
    for slices in training:
        owners |= {_place(one, root, "Testing" if one in moved else "Training"): one.patient_id for one in slices}
    for slices in testing:
        owners |= {_place(one, root, "Testing"): one.patient_id for one in slices}
    copies = set()
    for number, (how, copy) in enumerate(COPIES.items()):
        for example in (training[number][-1], others[2 * number], others[2 * number + 1]):
            pixels = read_example(example).pixels
            content = copy(np.asarray(pixels, np.uint8))
            copies.add(_place(example, root, "Testing", f"{how}-{example.image.path.name}", content))
    rows = [f"{file},{patient}" for file, patient in owners.items()]
    (root / "patients.csv").write_text("\n".join(["file,patient_id", *rows]) + "\n", encoding="utf-8")
    return Planted(root, copies, {one.patient_id for one in moved}, sum(map(len, testing)))


def test_every_planted_copy_and_patient_is_found_and_hardly_anything_else(planted: Planted, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", str(planted.root), "--output", str(tmp_path)])
    assert result.exit_code == 1
    leakage = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["leakage"]
    flagged = {pair["files"][1] for pair in leakage["pairs"]}
    assert planted.copies <= flagged
    assert set(leakage["patients"]) == planted.patients
    assert len(flagged - planted.copies) < 0.01 * planted.other_count


def test_training_refuses_the_planted_folder(planted: Planted, tmp_path: Path) -> None:
    arguments = ["train", "vgg16_transfer", "--data", str(planted.root), "--run-folder", str(tmp_path / "run")]
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, TrainingError)
    assert str(result.exception).startswith("The split leaks:")
    assert not (tmp_path / "run").exists()
