"""NIfTI volumes with a label or a mask in, Examples of their slices out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tumorscope.datasets.example import Example, RelativeBox, VolumeReference, read_volume
from tumorscope.domain.errors import DatasetError
from tumorscope.domain.labels import NO_TUMOR
from tumorscope.domain.scan import Plane, Volume
from tumorscope.imaging.series.brats_case import SEQUENCES
from tumorscope.imaging.slices import PLANES, slice_volume
from tumorscope.preprocessing.spatial import find_bounding_box

INNER = (0.28, 0.78)
"""The span of slice axes within the brain; the outer quarters of a head hold neck, face and vertex."""
WHOLE = (0.02, 0.98)
"""The span of slice axes with neck, face and vertex."""

# A slice shows the head if this share of its voxels is brighter than a tenth of the volume's range.
_MIN_HEAD_SHARE = 0.01
_HEAD_LEVEL = 0.1
# Fewer voxels of tumour than this are not visible at the model's resolution.
_MIN_TUMOR_VOXELS = 150


def slice_labelled_volume(
    path: Path,
    label: str,
    patient_id: str,
    source: str,
    slices_per_plane: int = 7,
    span: tuple[float, float] = INNER,
) -> list[Example]:
    """List evenly spaced slices of a volume with one label, for example of a person without a tumour.

    Parameters
    ----------
    path : Path
        NIfTI, compressed or not; a name that ends in ``_flair``, ``_t1``, ``_t1ce`` or ``_t2`` states the sequence.
    label, patient_id, source : str
        Of every slice.
    slices_per_plane : int
        At most, in each of the three planes; slices of air are left out.
    span : (float, float)
        Of the slice axes, in 0..1.

    Raises
    ------
    DatasetError
        The file is missing.
    CorruptFile
        It cannot be decoded.
    """
    voxels = _read(path).voxels
    lowest, highest = float(voxels.min()), float(np.percentile(voxels, 99.5))
    is_head = voxels >= lowest + _HEAD_LEVEL * (highest - lowest)
    examples = []
    for axis, plane in enumerate(PLANES):
        length = voxels.shape[axis]
        shares = is_head.mean(axis=tuple(other for other in range(3) if other != axis))
        indices = np.unique(np.linspace(span[0] * length, span[1] * length, slices_per_plane).astype(int))
        examples += [
            _make_example(path, plane, int(index), length, label, patient_id, source)
            for index in indices
            if shares[index] >= _MIN_HEAD_SHARE
        ]
    return examples


def slice_masked_volume(
    path: Path,
    mask_path: Path,
    label: str,
    patient_id: str,
    source: str,
    planes: Sequence[Plane] = PLANES,
) -> list[Example]:
    """List the slices of a volume that show at least 150 voxels of a mask, with the mask's box.

    The other slices are left out: they are not slices of a healthy person.

    Parameters
    ----------
    path, label, patient_id, source
        See `slice_labelled_volume`.
    mask_path : Path
        NIfTI of the same shape; not zero inside.
    planes : sequence of {'sagittal', 'coronal', 'axial'}
        The planes of the slices.

    Raises
    ------
    DatasetError
        A file is missing, or the shapes differ.
    CorruptFile
        A file cannot be decoded.
    """
    mask = _read(mask_path)
    if mask.voxels.shape != _read(path).voxels.shape:
        raise DatasetError(f"{path} and its mask {mask_path.name} do not have the same shape.")
    inside = mask.voxels > 0
    marked = replace(mask, voxels=inside.astype(np.float32))
    examples = []
    for plane in planes:
        others = tuple(axis for axis in range(3) if axis != PLANES.index(plane))
        examples += [
            replace(
                _make_example(path, plane, int(index), inside.shape[PLANES.index(plane)], label, patient_id, source),
                box=find_box(slice_volume(marked, plane, int(index)).pixels > 0.5),
            )
            for index in np.flatnonzero(inside.sum(axis=others) >= _MIN_TUMOR_VOXELS)
        ]
    return examples


def find_healthy_slices(folder: Path, slices_per_plane: int = 7, span: tuple[float, float] = INNER) -> list[Example]:
    """List evenly spaced slices, in three planes, of people without a tumour: a folder each, with ``*.nii.gz``."""
    return [
        example
        for path in sorted(folder.glob("*/*.nii.gz"))
        for example in slice_labelled_volume(
            path, NO_TUMOR, f"healthy-{path.parent.name}", "healthy-volumes", slices_per_plane, span
        )
    ]


def find_masked_slices(folder: Path, label: str) -> list[Example]:
    """List axial slices through segmented tumours, from pairs ``NAME_Scan_T1.nii.gz`` and ``NAME_Mask.nii.gz``."""
    return [
        replace(example, sequence="t1")
        for path in sorted(folder.glob("*/*_Scan_T1.nii.gz"))
        for example in slice_masked_volume(
            path,
            path.with_name(path.name.replace("_Scan_T1", "_Mask")),
            label,
            f"{folder.name}-{path.parent.name}",
            folder.name,
            planes=("axial",),
        )
    ]


def _read(path: Path) -> Volume:
    if not path.is_file():
        raise DatasetError(f"{path} is absent.")
    return read_volume(path)


def _make_example(
    path: Path, plane: Plane, index: int, length: int, label: str, patient_id: str, source: str
) -> Example:
    reference, position = VolumeReference(path, plane, index), (index + 0.5) / length
    return Example(reference, label, patient_id, source, plane=plane, sequence=state_sequence(path), position=position)


def find_box(marked: NDArray[np.bool_]) -> RelativeBox | None:
    """The bounding box of what is marked, shape (height, width); None where nothing is."""
    box, (height, width) = find_bounding_box(marked), marked.shape
    if box is None:
        return None
    x, y = (box.left + box.width / 2) / width, (box.top + box.height / 2) / height
    return RelativeBox(x, y, box.width / width, box.height / height)


def state_sequence(path: Path) -> str | None:
    """The sequence at the end of a file name such as ``subj01_flair.nii.gz``; None for another ending."""
    ending = path.name.split(".")[0].rsplit("_", 1)[-1].lower()
    return ending if ending in SEQUENCES else None
