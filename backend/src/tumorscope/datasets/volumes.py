"""Folders of NIfTI volumes in, Examples of their slices out."""

from pathlib import Path

import numpy as np

from tumorscope.datasets.example import Example, VolumeReference, read_volume
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.imaging.slices import Plane

SEQUENCES = ("flair", "t1", "t1ce", "t2")
_PLANES: tuple[Plane, ...] = ("sagittal", "coronal", "axial")
# The outer quarters of a head hold neck, face and vertex.
_INNER = (0.28, 0.78)
# Fewer voxels of tumour than this are not visible at the model's resolution.
_MIN_TUMOR_VOXELS = 150


def find_healthy_slices(folder: Path, slices_per_plane: int = 7) -> list[Example]:
    """Evenly spaced slices, in three planes, of people without a tumour.

    Parameters
    ----------
    folder : Path
        One folder a person, holding ``*.nii.gz``.
    slices_per_plane : int
        Of each volume.

    Returns
    -------
    list of Example
        Labelled ``no_tumor``; empty where the folder is absent.
    """
    examples = []
    for path in sorted(folder.glob("*/*.nii.gz")):
        shape = read_volume(path).voxels.shape
        for axis, plane in enumerate(_PLANES):
            indices = np.linspace(_INNER[0] * shape[axis], _INNER[1] * shape[axis], slices_per_plane).astype(int)
            patient = f"healthy-{path.parent.name}"
            examples += [
                Example(
                    VolumeReference(path, plane, int(index)),
                    NO_TUMOR,
                    patient,
                    "healthy-volumes",
                    plane=plane,
                    sequence=_sequence_of(path),
                )
                for index in indices
            ]
    return examples


def find_masked_slices(folder: Path, label: str) -> list[Example]:
    """Axial slices through a segmented tumour.

    A slice without mask is left out: it is not a healthy slice.

    Parameters
    ----------
    folder : Path
        One folder a patient, holding pairs ``NAME_Scan_T1.nii.gz`` and ``NAME_Mask.nii.gz``.
    label : str
        Of every tumour in the folder.

    Returns
    -------
    list of Example
        Empty where the folder is absent.
    """
    examples = []
    for path in sorted(folder.glob("*/*_Scan_T1.nii.gz")):
        mask = read_volume(path.with_name(path.name.replace("_Scan_T1", "_Mask"))).voxels > 0
        patient = f"{folder.name}-{path.parent.name}"
        examples += [
            Example(
                VolumeReference(path, "axial", int(index)), label, patient, folder.name, plane="axial", sequence="t1"
            )
            for index in np.flatnonzero(mask.sum(axis=(0, 1)) >= _MIN_TUMOR_VOXELS)
        ]
    return examples


def _sequence_of(path: Path) -> str | None:
    """The sequence that a file name ends in, as ``subj01_flair.nii.gz`` does; None for another ending."""
    ending = path.name.split(".")[0].rsplit("_", 1)[-1].lower()
    return ending if ending in SEQUENCES else None
