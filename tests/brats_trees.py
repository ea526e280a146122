"""Folders as BraTS publishes them: of drawn heads of 24 voxels a side, or of the real cases of the data folder."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import nibabel
import numpy as np
from numpy.typing import NDArray

MODALITIES = ("flair", "t1", "t1ce", "t2")
SIDE = 24
# As BraTS stores them: from the patient's left to the right, and from anterior to posterior.
AFFINE = np.array([[-1.0, 0, 0, 0], [0, -1, 0, 239], [0, 0, 1, 0], [0, 0, 0, 1]])
TUMOR_SLICES = range(8, 14)
"""Positions of the slices through the drawn tumour's body, of 64 voxels each; the two beside it have 9."""


def write_volume(path: Path, voxels: NDArray[np.float32], affine: NDArray[np.float64] = AFFINE) -> None:
    """Store a volume as whole numbers, as BraTS does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(voxels.astype(np.int16), affine), path)


def draw_modality(seed: int) -> NDArray[np.float32]:
    """A ball of brain with texture and a brighter tumour, zero around it."""
    rng = np.random.default_rng(seed)
    grid = np.indices((SIDE,) * 3) - (SIDE - 1) / 2
    brain = np.linalg.norm(grid, axis=0) < 10
    voxels = 300 + 60 * rng.standard_normal((SIDE,) * 3) + 200 * (draw_segmentation() > 0)
    return np.where(brain, np.clip(voxels, 1, None), 0).astype(np.float32)


def draw_segmentation() -> NDArray[np.float32]:
    """Values 1, 2 and 4; see `TUMOR_SLICES`."""
    segmentation = np.zeros((SIDE,) * 3, np.float32)
    segmentation[6:14, 6:14, TUMOR_SLICES.start : TUMOR_SLICES.stop] = 2
    segmentation[8:10, 8:12, TUMOR_SLICES.start : TUMOR_SLICES.stop] = 1
    segmentation[10:12, 8:12, TUMOR_SLICES.start : TUMOR_SLICES.stop] = 4
    segmentation[8:11, 8:11, [TUMOR_SLICES.start - 1, TUMOR_SLICES.stop]] = 2
    return segmentation


def write_case(
    folder: Path, name: str, modalities: Iterable[str] = MODALITIES, *, suffix: str = ".nii.gz", segmented: bool = True
) -> Path:
    """One drawn case in a folder of its own; gives the folder."""
    case = folder / name
    for number, modality in enumerate(modalities):
        write_volume(case / f"{name}_{modality}{suffix}", draw_modality(number))
    if segmented:
        write_volume(case / f"{name}_seg{suffix}", draw_segmentation())
    return case


def write_grades(folder: Path, grades: Mapping[str, str]) -> None:
    """A ``name_mapping.csv`` as that of 2020, of these cases."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "name_mapping.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["Grade", "BraTS_2019_subject_ID", "BraTS_2020_subject_ID"])
        writer.writerows([grade, "NA", name] for name, grade in grades.items())


def write_real_tree(volumes: Path, folder: Path) -> list[str]:
    """The three real cases with a segmentation as cases of BraTS-2020; gives their names.

    Their intensities are z-scores with the background at the lowest: shifted to begin at 1, background 0. The two
    sequences that they lack are filled with the ones that they have. Value 3 of the segmentation is part of 1 in 2020.
    """
    names = {"brats_2013_pat0003_1": "001", "brats_2013_pat0005_1": "002", "brats_2013_pat0006_1": "270"}
    for source, number in names.items():
        name = f"BraTS20_Training_{number}"
        image = nibabel.load(volumes / "brats2015" / source / f"{source}_brainmask.nii.gz")
        brain = np.asanyarray(image.dataobj) > 0.5
        for modality, stand_in in (("flair", "t2"), ("t1ce", "t1")):
            file = volumes / "brats2015" / source / f"{source}_{modality}.nii.gz"
            scores = nibabel.load(file).get_fdata(dtype=np.float32)
            voxels = np.where(brain, 100 * (scores - scores[brain].min()) + 1, 0)
            for written in (modality, stand_in):
                write_volume(folder / name / f"{name}_{written}.nii.gz", voxels, image.affine)
        file = volumes / "brats2015" / source / f"{source}_seg.nii.gz"
        segmentation = nibabel.load(file).get_fdata(dtype=np.float32)
        segmentation[segmentation == 3] = 1
        write_volume(folder / name / f"{name}_seg.nii.gz", segmentation, image.affine)
    return [f"BraTS20_Training_{number}" for number in names.values()]
