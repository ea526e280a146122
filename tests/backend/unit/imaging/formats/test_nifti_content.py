"""A NIfTI file that holds no anatomical MR is refused, by its header or its voxels; real MR volumes are not."""

import os
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from tumorscope.domain.errors import InputError, NotAnAnatomicalImage, NotAnMrImage
from tumorscope.imaging.formats.nifti import decode_nifti, decode_nifti_scan
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.imaging.source import FROM_DISK

_RNG = np.random.default_rng(0)
_HEAD = np.stack([draw_phantom(seed, False, 64) for seed in range(6)], axis=2).astype(np.float32)
_BRAIN = np.where(_HEAD > 40, _HEAD, 0)
_INSIDE = _BRAIN > 0
_SIGNED = _RNG.normal(0, 2.5, _HEAD.shape)
_RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def _write(voxels: NDArray[Any], intent: int = 0, description: str = "") -> bytes:
    image = nibabel.Nifti1Image(voxels, np.eye(4))
    image.header["intent_code"], image.header["descrip"] = intent, description.encode()
    data: bytes = image.to_bytes()
    return data


def _colour(red: NDArray[Any], green: NDArray[Any], blue: NDArray[Any]) -> bytes:
    voxels = np.empty(_HEAD.shape, _RGB)
    voxels["R"], voxels["G"], voxels["B"] = red, green, blue
    return _write(voxels)


def _vectors() -> bytes:
    directions = _RNG.normal(size=(*_HEAD.shape, 3))
    directions /= np.linalg.norm(directions, axis=3, keepdims=True)
    return _write((directions * _INSIDE[..., None]).astype(np.float32))


_HOUNSFIELD = np.where(_INSIDE, _HEAD - 60, -1000 + _RNG.normal(0, 8, _HEAD.shape)).astype(np.int16)
_REGIONS = (np.indices(_HEAD.shape) // [[[[8]]], [[[8]]], [[[3]]]]).astype(np.int16)

_OTHERS = {
    "a mask": _write(_INSIDE.astype(np.uint8)),
    "a mask of few voxels": _write((np.arange(_HEAD.size).reshape(_HEAD.shape) < 3).astype(np.float32)),
    "a parcellation": _write((1000 + 100 * _REGIONS[0] + 10 * _REGIONS[1] + _REGIONS[2]) * _INSIDE),
    "labels by the header": _write(_HEAD, 1002),
    "a t-map by the header": _write(_HEAD, 3),
    "a map of SPM": _write(_HEAD, 0, "SPM{T_[57.0]} - contrast 1: faces"),
    "a thresholded map": _write(np.where(_INSIDE & (np.abs(_SIGNED) > 3.1), _SIGNED, 0).astype(np.float32)),
    "vectors": _vectors(),
    "vectors by the header": _write(_HEAD, 1007),
    "colours": _colour(_HEAD, _HEAD * 0.3, _HEAD[::-1]),
}

_SCANS = {
    "whole": _HEAD,
    "skull-stripped": _BRAIN,
    "normalised in the brain": np.where(_INSIDE, (_HEAD - 100) / 40, 0).astype(np.float32),
    "normalised in the brain, background below": np.where(_INSIDE, (_HEAD - 100) / 40, -5).astype(np.float32),
    "from 0 to 1": _HEAD / 255,
    "each slice twice": np.repeat(_HEAD, 2, axis=2),
    "constant": np.zeros_like(_HEAD),
}


@pytest.mark.parametrize("name", _OTHERS)
def test_what_is_computed_from_images_is_refused(name: str) -> None:
    with pytest.raises(NotAnAnatomicalImage, match="Send the MR volume"):
        decode_nifti_scan(_OTHERS[name], FROM_DISK)


@pytest.mark.parametrize("kind", [np.int16, np.float32])
def test_hounsfield_units_are_a_ct(kind: type[np.generic]) -> None:
    with pytest.raises(NotAnMrImage, match="CT"):
        decode_nifti_scan(_write(_HOUNSFIELD.astype(kind)), FROM_DISK)


@pytest.mark.parametrize("name", _SCANS)
def test_scan_is_read(name: str) -> None:
    assert decode_nifti_scan(_write(_SCANS[name]), FROM_DISK).modality is None


def test_grey_stored_as_colour_is_read() -> None:
    assert decode_nifti_scan(_colour(_HEAD, _HEAD, _HEAD), FROM_DISK).warnings[0].code == "colour_picture"


def test_labels_are_read_where_labels_are_asked_for() -> None:
    assert decode_nifti(_OTHERS["a mask"], FROM_DISK).voxels.max() == 1


def test_real_volumes_are_read_and_real_masks_refused() -> None:
    data = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[6] / "shared" / "data"))
    # One of each kind; `rglob` over a folder that is absent gives nothing.
    files = [next(iter(sorted(folder.rglob("*.nii.gz")))) for folder in sorted(data.glob("heads/*"))]
    files += sorted(data.glob("volumes/*/*/*.nii.gz"))[::5]
    if not files:
        pytest.skip("the real volumes are absent: set TUMORSCOPE_DATA")
    for file in files:
        is_mask = "mask" in file.name.lower() or "_seg" in file.name
        try:
            decode_nifti_scan(file.read_bytes(), FROM_DISK)
            is_refused = False
        except InputError:
            is_refused = True
        assert is_refused == is_mask, file
