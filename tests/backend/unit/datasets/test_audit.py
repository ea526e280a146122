"""Images and patients on both sides of a split are found and reported."""

import json
from pathlib import Path

from tests.planting import COPIES
from tumorscope.datasets.audit import audit_split, find_leakage, to_json
from tumorscope.datasets.audit_report import write_report
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.datasets.splits import Split
from tumorscope.imaging.phantom import draw_phantom


def _write(folder: Path, name: str, seed: int, patient: str, label: str = "glioma", copy: str = "copied") -> Example:
    (folder / name).write_bytes(COPIES[copy](draw_phantom(seed, lesion=False, size=256)))
    return Example(ImageFileReference(folder / name), label, patient, "drawn")


def _nothing(_: float = 0) -> None:
    pass


def test_split_of_different_images_and_patients_does_not_leak(tmp_path: Path) -> None:
    split = Split((_write(tmp_path, "a", 1, "anna"),), (_write(tmp_path, "b", 2, "ben"),))
    leakage = find_leakage(split, _nothing)
    assert not leakage.found
    assert leakage.summary == "No patient and no image is on both sides of the split."


def test_copied_image_leaks(tmp_path: Path) -> None:
    one, other = _write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 2, "ben")
    copy = _write(tmp_path, "c", 1, "carl", copy="cropped-mirrored-jpeg")
    leakage = find_leakage(Split((one, other), (copy,)), _nothing)
    assert [(pair.first, pair.second) for pair in leakage.near_duplicates] == [(one, copy)]
    assert leakage.validation_examples == {copy}
    assert leakage.summary == "1 validation image has a near-duplicate in training."


def test_patient_on_both_sides_leaks(tmp_path: Path) -> None:
    one, other = _write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 2, "anna")
    leakage = find_leakage(Split((one,), (other,)), _nothing)
    assert (leakage.patients, leakage.near_duplicates) == (("anna",), ())
    assert leakage.validation_examples == {other}
    assert leakage.summary == "1 patient is on both sides."


def test_summary_counts_both_kinds(tmp_path: Path) -> None:
    training = (_write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 2, "ben"))
    validation = (_write(tmp_path, "c", 3, "anna"), _write(tmp_path, "d", 2, "dora"), _write(tmp_path, "e", 2, "emil"))
    summary = find_leakage(Split(training, validation), _nothing).summary
    assert summary == "1 patient is on both sides and 2 validation images have a near-duplicate in training."


def test_near_duplicates_on_one_side_do_not_leak(tmp_path: Path) -> None:
    copies = (_write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 1, "ben"))
    assert not find_leakage(Split(copies, (_write(tmp_path, "c", 2, "carl"),)), _nothing).found


def test_progress_counts_every_example(tmp_path: Path) -> None:
    ticks: list[None] = []
    split = Split((_write(tmp_path, "a", 1, "anna"),), (_write(tmp_path, "b", 2, "ben"),))
    find_leakage(split, lambda: ticks.append(None))
    assert len(ticks) == 2


def test_audit_tells_leaks_from_repeats_and_conflicts(tmp_path: Path) -> None:
    one, repeat = _write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 1, "ben", copy="mirrored")
    leak, other = _write(tmp_path, "c", 1, "carl", "pituitary", "rotated-90"), _write(tmp_path, "d", 2, "dora")
    audit = audit_split(Split((one, repeat), (leak, other)), _nothing, _nothing)
    assert {pair.first for pair in audit.leakage.near_duplicates} == {one, repeat}
    assert [(pair.first, pair.second) for pair in audit.repeats] == [(one, repeat)]
    assert {(pair.first, pair.second) for pair in audit.conflicts} == {(one, leak), (repeat, leak)}
    assert find_leakage(audit.split, _nothing) == audit.leakage


def test_similar_slices_of_one_patient_are_not_listed(tmp_path: Path) -> None:
    copies = (_write(tmp_path, "a", 1, "anna"), _write(tmp_path, "b", 1, "anna"))
    audit = audit_split(Split(copies, (_write(tmp_path, "c", 2, "carl"),)), _nothing, _nothing)
    assert (audit.repeats, audit.conflicts, audit.leakage.found) == ((), (), False)


def test_json_names_files_and_how_they_are_alike(tmp_path: Path) -> None:
    split = Split((_write(tmp_path, "a", 1, "anna"),), (_write(tmp_path, "b", 1, "ben", "pituitary", "mirrored"),))
    content = to_json(audit_split(split, _nothing, _nothing), tmp_path)
    (pair,) = json.loads(json.dumps(content))["leakage"]["pairs"]
    assert (pair["files"], pair["labels"]) == (["a", "b"], ["glioma", "pituitary"])
    assert pair["how"].startswith("mirrored, correlation ")
    assert content["leakage"]["validation_files"] == ["b"]
    assert content["label_conflicts"] == [pair]
    assert content["tables"]["source"] == {"drawn": {"glioma": 1, "pituitary": 1}}


def test_page_shows_the_pairs_and_needs_no_other_file(tmp_path: Path) -> None:
    split = Split((_write(tmp_path, "<a>", 1, "anna"),), (_write(tmp_path, "b", 1, "ben"),))
    page = write_report(audit_split(split, _nothing, _nothing), "mine", tmp_path)
    assert page.count('src="data:image/png;base64,') == 2
    assert page.count("src=") == 2
    assert "&lt;a&gt;" in page
    assert "1 validation image has a near-duplicate in training." in page
    assert "color-scheme: light dark" in page


def test_page_lists_patients_on_both_sides(tmp_path: Path) -> None:
    split = Split((_write(tmp_path, "a", 1, "anna"),), (_write(tmp_path, "b", 2, "anna"),))
    page = write_report(audit_split(split, _nothing, _nothing), "mine", tmp_path)
    assert "Patients on both sides" in page
    assert "anna" in page
