"""Whole studies are found by what the data's tables and folders say, and never of people who were trained on."""

from pathlib import Path

from tumorscope.evaluation.studies.find import find_studies


def _write(root: Path) -> Path:
    (root / "heads.csv").write_text(
        "file,label,person,source,sequence,content,licence,mask\n"
        "heads/a/1_t2.nii.gz,no_tumor,a:1,a,t2,,,\nheads/a/2_t1.nii.gz,no_tumor,a:2,a,t1,,,\n",
        encoding="utf-8",
    )
    files = [
        "volumes/healthy/subj01/subj01_flair.nii.gz",
        "volumes/brats2015/case/case_t1ce.nii.gz",
        "volumes/brats2015/case/case_seg.nii.gz",
        "volumes/brats2015/case/case_brainmask.nii.gz",
        "volumes/tcia_brain_tumor_progression/01/Pre_Scan_T1.nii.gz",
        "volumes/tcia_brain_tumor_progression/01/Pre_Mask.nii.gz",
        "field/healthy_sagittal_t1/002.dcm",
        "field/healthy_sagittal_t1/001.dcm",
        "field/mosaic/001.dcm",
    ]
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_studies_have_a_truth_a_person_a_source_and_a_sequence(tmp_path: Path) -> None:
    found = [
        (study.label, study.patient_id, study.source, study.sequence) for study in find_studies(_write(tmp_path), set())
    ]
    assert found == [
        ("no_tumor", "a:1", "a", "t2"),
        ("no_tumor", "a:2", "a", "t1"),
        ("glioma", "case", "brats2015", "t1ce"),
        ("no_tumor", "healthy-subj01", "healthy-volumes", "flair"),
        ("glioma", "tcia_brain_tumor_progression-01", "tcia_brain_tumor_progression", "t1"),
        ("no_tumor", "healthy_sagittal_t1", "healthy_sagittal_t1", "t1"),
    ]


def test_series_is_one_study_of_all_its_files(tmp_path: Path) -> None:
    series = find_studies(_write(tmp_path), set())[-1]
    assert [file.name for file in series.files] == ["001.dcm", "002.dcm"]


def test_people_who_were_trained_on_are_left_out(tmp_path: Path) -> None:
    trained_on = {"a:1", "healthy-subj01", "tcia_brain_tumor_progression-01"}
    left = {study.patient_id for study in find_studies(_write(tmp_path), trained_on)}
    assert left == {"a:2", "case", "healthy_sagittal_t1"}


def test_data_without_whole_studies_has_none(tmp_path: Path) -> None:
    assert find_studies(tmp_path, set()) == []
    assert find_studies(tmp_path / "table.csv", set()) == []
