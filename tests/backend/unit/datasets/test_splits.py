"""No patient is ever on both sides of a split, and every label and source is."""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.splits import (
    Split,
    extend_split,
    fold_by_patient,
    leave_source_out,
    read_split,
    set_patients_aside,
    split_by_patient,
    write_split,
)
from tumorscope.domain.errors import DatasetError


def _example(label: str, patient: str, source: str = "a") -> Example:
    return Example(ImageFileReference(Path("x")), label, patient, source)


_EXAMPLES = [
    _example(label, f"{source}-{label}-{patient}", source)
    for label, source in (("glioma", "a"), ("no_tumor", "a"), ("no_tumor", "b"))
    for patient in range(20)
    for _ in range(3)
]


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_on_both_sides(seed: int) -> None:
    split = split_by_patient(_EXAMPLES, 0.2, seed)
    assert not {e.patient_id for e in split.training} & {e.patient_id for e in split.validation}
    assert Counter([*split.training, *split.validation]) == Counter(_EXAMPLES)


@pytest.mark.parametrize(("share", "pictures"), [(0.2, 12), (0.5, 30), (0.0, None)])
def test_every_label_and_source_is_held_out_in_its_share(share: float, pictures: int | None) -> None:
    counts = Counter((e.label, e.source) for e in split_by_patient(_EXAMPLES, share, seed=1).validation)
    strata = (("glioma", "a"), ("no_tumor", "a"), ("no_tumor", "b"))
    assert counts == (dict.fromkeys(strata, pictures) if pictures else {})


@pytest.mark.parametrize("seed", range(5))
def test_patient_with_several_labels_stays_whole(seed: int) -> None:
    both = [*_EXAMPLES, _example("meningioma", "a-glioma-3"), _example("no_tumor", "a-glioma-3", "b")]
    split = split_by_patient(both, 0.3, seed)
    sides = [sum(e.patient_id == "a-glioma-3" for e in part) for part in (split.training, split.validation)]
    assert sorted(sides) == [0, 5]


def test_seed_decides_the_split() -> None:
    first, again, other = (split_by_patient(_EXAMPLES, 0.2, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.sha256 != other.sha256


def test_order_of_the_examples_does_not_decide_who_is_held_out() -> None:
    there, back = split_by_patient(_EXAMPLES, 0.2, 1), split_by_patient(_EXAMPLES[::-1], 0.2, 1)
    assert there.sha256 == back.sha256


def test_hash_is_of_the_sorted_patients_held_out() -> None:
    validation = (_example("glioma", "p2"), _example("glioma", "p10"), _example("no_tumor", "p2"))
    assert Split((), validation).sha256 == hashlib.sha256(b"p10\np2").hexdigest()
    assert Split((_example("glioma", "p3"),), validation[::-1]).sha256 == Split((), validation).sha256


def test_every_patient_is_held_out_by_one_fold() -> None:
    folds = fold_by_patient(_EXAMPLES, 5, seed=1)
    held_out = [{e.patient_id for e in fold.validation} for fold in folds]
    assert Counter(p for patients in held_out for p in patients) == Counter({e.patient_id for e in _EXAMPLES})
    for fold in folds:
        assert Counter([*fold.training, *fold.validation]) == Counter(_EXAMPLES)
        assert not {e.patient_id for e in fold.training} & {e.patient_id for e in fold.validation}


def test_folds_have_the_same_share_of_each_label_and_source() -> None:
    for fold in fold_by_patient(_EXAMPLES, 5, seed=1):
        counts = Counter((e.label, e.source) for e in fold.validation)
        assert counts == dict.fromkeys((("glioma", "a"), ("no_tumor", "a"), ("no_tumor", "b")), 12)


@pytest.mark.parametrize("folds", [0, 1, 61])
def test_patients_cannot_be_spread_over_that_many_folds(folds: int) -> None:
    with pytest.raises(DatasetError, match="60 patients"):
        fold_by_patient(_EXAMPLES, folds, seed=1)


def test_source_that_is_left_out_is_held_out_whole() -> None:
    split = leave_source_out(_EXAMPLES, "b")
    assert {e.source for e in split.training} == {"a"}
    assert {e.source for e in split.validation} == {"b"}
    with pytest.raises(DatasetError, match="a, b"):
        leave_source_out(_EXAMPLES, "c")


def test_split_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    split = split_by_patient(_EXAMPLES, 0.2, seed=3)
    write_split(split, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json", _EXAMPLES) == split


def test_split_of_other_data_is_refused(tmp_path: Path) -> None:
    write_split(split_by_patient(_EXAMPLES, 0.2, seed=3), tmp_path / "split.json")
    with pytest.raises(DatasetError, match="other data"):
        read_split(tmp_path / "split.json", _EXAMPLES[:30])


_NO_LIST = '{"validation_patients": 3, "set_aside_patients": [], "sha256": ""}'


@pytest.mark.parametrize("content", [None, "", "[]", "{}", _NO_LIST])
def test_file_that_is_no_split_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "split.json").write_text(content)
    with pytest.raises(DatasetError, match="no split file"):
        read_split(tmp_path / "split.json", _EXAMPLES)


def test_patients_set_aside_are_in_neither_part_and_stay_out_in_the_file(tmp_path: Path) -> None:
    whole = split_by_patient(_EXAMPLES, 0.2, seed=3)
    aside = {whole.validation[0].patient_id, whole.validation[-1].patient_id}
    split = set_patients_aside(whole, aside)
    assert split.training == whole.training
    assert len(split.validation) == len(whole.validation) - 6
    assert not aside & {e.patient_id for e in (*split.training, *split.validation)}
    assert split.sha256 != whole.sha256
    write_split(split, tmp_path / "split.json")
    assert read_split(tmp_path / "split.json", _EXAMPLES) == split


def test_patients_that_came_after_the_split_are_unseen(tmp_path: Path) -> None:
    split = split_by_patient(_EXAMPLES, 0.2, seed=1)
    write_split(split, tmp_path / "split.json")
    later = _example("glioma", "c-1", "c")
    read = read_split(tmp_path / "split.json", [*_EXAMPLES, later])
    assert read.unseen == (later,)
    assert (read.training, read.validation) == (split.training, split.validation)


def test_file_that_does_not_say_who_was_trained_on_leaves_nobody_unseen(tmp_path: Path) -> None:
    split = split_by_patient(_EXAMPLES, 0.2, seed=1)
    write_split(split, tmp_path / "split.json")
    content = json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    del content["training_patients"]
    (tmp_path / "split.json").write_text(json.dumps(content), encoding="utf-8")
    later = _example("glioma", "c-1", "c")
    read = read_split(tmp_path / "split.json", [*_EXAMPLES, later])
    assert read.unseen == ()
    assert read.training == (*split.training, later)


def test_unseen_sources_are_divided_where_the_split_is_extended(tmp_path: Path) -> None:
    write_split(split_by_patient(_EXAMPLES, 0.2, seed=1), tmp_path / "split.json")
    later = [_example("glioma", f"c-{number}", "c") for number in range(10)]
    extended = extend_split(read_split(tmp_path / "split.json", [*_EXAMPLES, *later]), 0.2, seed=1)
    assert sum(example.source == "c" for example in extended.validation) == 2
    assert sum(example.source == "c" for example in extended.training) == 8
    assert extended.unseen == ()
