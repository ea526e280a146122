"""A DICOM image that shows the slices of a volume as tiles in, where each lies out: Siemens mosaics, UIH frames."""

import struct
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tumorscope.domain.errors import TiledImage
from tumorscope.domain.scan import Voxels
from tumorscope.imaging.formats.dicom_instance import (
    find_image_type,
    find_place,
    find_spacing,
    find_thickness,
    read_numbers,
)
from tumorscope.imaging.formats.dicom_pixels import count_frames

_CSA_IMAGE_HEADER, _UIH_FRAMES = (0x0029, 0x1010), (0x0065, 0x1051)
# An element begins with its name, and has the number of its items after 76 bytes, and these after 84; each has a length
# among four numbers.
_CSA_VERSION, _CSA_COUNT, _CSA_ELEMENT, _CSA_ITEM = b"SV10", 76, 84, 16


@dataclass(frozen=True, slots=True)
class Tiles:
    """Tiles row by row: how many down and across, and their first pixel centres, shape (n, 3), in mm, LPS+."""

    shape: tuple[int, int]
    positions: NDArray[np.float64]

    def cut(self, image: Voxels, index: int) -> Voxels:
        """One tile of an image, shape (rows, columns)."""
        row, column = divmod(index, self.shape[1])
        height, width = image.shape[0] // self.shape[0], image.shape[1] // self.shape[1]
        tile: Voxels = image[row * height : (row + 1) * height, column * width : (column + 1) * width]
        return tile


def find_tiles(dataset: Dataset) -> Tiles | None:
    """Find where the tiles of an image lie; None if its file does not call it tiled. `check_size` comes first.

    Raises
    ------
    TiledImage
        The file does not state where its tiles lie.
    """
    if count_frames(dataset) > 1:
        return None
    image_type, header = find_image_type(dataset), _private(dataset, _CSA_IMAGE_HEADER)
    count = (_read_csa(header, "NumberOfImagesInMosaic") or [0])[0]
    if count > 1 or "MOSAIC" in image_type:
        side = ceil(sqrt(count)) if 1 < count <= dataset.Rows * dataset.Columns else 0
        shape, positions = (side, side), _place_mosaic(dataset, side, int(count), header)
    elif "VFRAME" in image_type:
        frames = _private(dataset, _UIH_FRAMES)
        items = frames if isinstance(frames, Sequence) else ()
        found = [read_numbers(item.get("ImagePositionPatient"), 3) for item in items]
        columns = ceil(sqrt(len(found)))
        shape = (ceil(len(found) / max(1, columns)), columns)
        placed = [position for position in found if position is not None]
        is_stated = 1 < len(placed) == len(found) and find_place(dataset, 0) is not None
        positions = np.array(placed) if is_stated else None
    else:
        return None
    if positions is None or dataset.Rows % shape[0] or dataset.Columns % shape[1]:
        raise TiledImage(
            "The image shows several slices as tiles, and its file does not state where they lie. Export each slice "
            "as an image of its own, or convert the series to NIfTI."
        )
    return Tiles(shape, positions)


def _place_mosaic(dataset: Dataset, side: int, count: int, header: object) -> NDArray[np.float64] | None:
    """The file states the corner of a slice as large as the mosaic, around the centre of the first one."""
    place, spacing, step_mm = find_place(dataset, 0), find_spacing(dataset, 0), find_thickness(dataset)
    normal = _read_csa(header, "SliceNormalVector")
    if not side or place is None or place.position is None or spacing is None or step_mm is None or len(normal) < 3:
        return None
    margin = (1 - 1 / side) / 2
    rows_mm, columns_mm = spacing[0] * dataset.Rows * margin, spacing[1] * dataset.Columns * margin
    first = place.position + rows_mm * place.down + columns_mm * place.right
    placed: NDArray[np.float64] = first + step_mm * np.arange(count)[:, None] * np.array(normal)
    return placed


def _read_csa(header: object, name: str) -> list[float]:
    """Up to three numbers of an element of Siemens' CSA header; none where it is not there."""
    if not isinstance(header, bytes) or not header.startswith(_CSA_VERSION):
        return []
    start = header.find(name.encode() + b"\0")
    if start < 0:
        return []
    numbers: list[float] = []
    place = start + _CSA_ELEMENT
    try:
        for _ in range(min(3, struct.unpack_from("<i", header, start + _CSA_COUNT)[0])):
            length = struct.unpack_from("<4i", header, place)[1]
            place += _CSA_ITEM
            if length <= 0:
                break
            numbers.append(float(header[place : place + length].split(b"\0")[0]))
            place += (length + 3) // 4 * 4
    except (struct.error, ValueError):
        return []
    return numbers if np.isfinite(numbers).all() else []


def _private(dataset: Dataset, tag: tuple[int, int]) -> object:
    return dataset[tag].value if tag in dataset else None
