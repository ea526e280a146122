"""A prediction in, where on the stored images it looks out: heat maps and outlines in their own rows and columns."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tumorscope.domain.scan import DicomOrigin
from tumorscope.imaging.slices import LPS_TO_RAS, find_reorientation
from tumorscope.inference.heatmap import to_stored
from tumorscope.inference.pipeline import StudyPrediction
from tumorscope.preprocessing.spatial import Box, find_bounding_box

# Evidence at least half as strong as the strongest is inside.
_HALF = 128


def find_maps(result: StudyPrediction, origin: DicomOrigin) -> dict[int, NDArray[np.uint8]]:
    """Bring the heat maps of a prediction to the rows and columns of the stored images, by the index of the image."""
    drawn = () if result.explanation is None else result.explanation.drawn
    return {one.slice_index: _store(result, origin, one.pixels) for one in drawn}


def find_head(result: StudyPrediction, origin: DicomOrigin) -> Box:
    """Find the head that was judged on the slice that is shown, in the rows and columns of its image."""
    geometry = result.shown.geometry
    mask = np.zeros((geometry.source_height, geometry.source_width), np.uint8)
    crop = geometry.crop
    mask[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width] = 255
    stored = mask if result.is_volume else to_stored(mask, result.shown_scan)
    return find_evidence_box(_store(result, origin, stored)) or Box(0, 0, origin.rows, origin.columns)


def find_evidence_box(pixels: NDArray[np.uint8]) -> Box | None:
    """Find the box of the strong evidence of a heat map; None where there is no evidence."""
    return find_bounding_box(pixels >= _HALF)


def _store(result: StudyPrediction, origin: DicomOrigin, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bring what was drawn on a slice of a volume to rows and columns as stored; a single slice's is already there."""
    if not result.is_volume:
        return pixels
    right, down = origin.right or (1.0, 0.0, 0.0), origin.down or (0.0, 1.0, 0.0)
    reorientation, _ = find_reorientation(LPS_TO_RAS @ np.array(down), LPS_TO_RAS @ np.array(right))
    scan = replace(result.shown_scan, reorientation=reorientation, stored_shape=(origin.rows, origin.columns))
    return to_stored(pixels, scan)
