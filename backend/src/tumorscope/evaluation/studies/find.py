"""A data folder and who was trained on in, the whole studies of other people out."""

import csv
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from tumorscope.datasets.folder import HEADS_TABLE
from tumorscope.datasets.volumes import state_sequence
from tumorscope.domain.labels import NO_TUMOR

# Folders of `volumes` with one glioma case a folder.
_GLIOMA_CASES = ("brats2015", "brats_gli", "tcga")
_PROGRESSION = "tcia_brain_tumor_progression"
_NO_SCANS = ("_seg.nii.gz", "mask.nii.gz")


@dataclass(frozen=True, slots=True)
class Study:
    """Files that are sent together, one NIfTI volume or the instances of a DICOM series, and what is known of them."""

    files: tuple[Path, ...]
    label: str
    patient_id: str
    source: str
    sequence: str | None


def find_studies(data: Path, left_out: Set[str]) -> list[Study]:
    """Every whole study that the data has of other people, in an order that depends on the data alone."""
    if not data.is_dir():
        return []
    every = [*_find_heads(data), *_find_volumes(data / "volumes"), *_find_series(data / "field")]
    return [study for study in every if study.patient_id not in left_out]


def _find_heads(data: Path) -> Iterator[Study]:
    if not (data / HEADS_TABLE).is_file():
        return
    with (data / HEADS_TABLE).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield Study((data / row["file"],), row["label"], row["person"], row["source"], row["sequence"])


def _find_volumes(folder: Path) -> Iterator[Study]:
    for path in sorted(folder.glob("*/*/*.nii.gz")):
        source, case = path.relative_to(folder).parts[:2]
        if path.name.lower().endswith(_NO_SCANS):
            continue
        sequence = state_sequence(path)
        if source == "healthy":
            yield Study((path,), NO_TUMOR, f"healthy-{case}", "healthy-volumes", sequence)
        elif source == _PROGRESSION:
            yield Study((path,), "glioma", f"{source}-{case}", source, sequence)
        elif source in _GLIOMA_CASES:
            yield Study((path,), "glioma", case, source, sequence)


def _find_series(folder: Path) -> Iterator[Study]:
    """A healthy volunteer's series, as it came from the scanner."""
    files = tuple(sorted((folder / "healthy_sagittal_t1").glob("*.dcm")))
    if files:
        yield Study(files, NO_TUMOR, "healthy_sagittal_t1", "healthy_sagittal_t1", "t1")
