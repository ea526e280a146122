"""Heat maps of real series as DICOM objects: where they lie, against the images that the scanner wrote."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from tests.backend.unit.results.studies import CLASSIFIER, Predicted
from tumorscope.domain.scan import Volume
from tumorscope.imaging.decode import decode_upload, sniff_upload
from tumorscope.imaging.slices import slice_volume
from tumorscope.imaging.source import FROM_DISK, SourceFile
from tumorscope.inference.pipeline import StepTimes, predict_scan
from tumorscope.presentation.answer import draw_view, present
from tumorscope.results.objects import make_objects

_MAP = "1.2.840.10008.5.1.4.1.1.30"
_HALF_PIXEL = 0.5


def _centre(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of mass, in pixels."""
    return np.array([(grid * image).sum() / image.sum() for grid in np.indices(image.shape)])


@pytest.mark.parametrize("name", ["dicom/t1_mprage_series", "field/healthy_sagittal_t1"])
def test_a_map_lies_on_its_images_within_half_a_pixel(data_folder: Path, name: str) -> None:
    paths = sorted((data_folder / name).rglob("*.dcm"))
    scan = decode_upload(sniff_upload([SourceFile("", path.read_bytes()) for path in paths]), FROM_DISK)
    assert isinstance(scan, Volume)
    result = predict_scan(CLASSIFIER, scan, explain="heatmap")
    explanation = result.explanation
    assert explanation is not None
    # The slices themselves, as they are shown, in the place of what was seen on them.
    drawn = tuple(
        replace(one, pixels=draw_view(shown, (float(shown.pixels.min()), float(shown.pixels.max()))))
        for one in explanation.drawn
        for shown in [slice_volume(scan, scan.plane, one.slice_index)]
    )
    pictured = replace(result, explanation=replace(explanation, drawn=drawn))
    answer = present(pictured, CLASSIFIER, "", StepTimes(), every_slice=False, with_picture=False)
    predicted = Predicted(pictured, answer)
    objects = [pydicom.dcmread(BytesIO(data)) for data in make_objects(predicted.result, predicted.answer).values()]
    (made,) = [one for one in objects if one.SOPClassUID == _MAP]
    sources = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, paths)}
    for frame, image in zip(made.PerFrameFunctionalGroupsSequence, made.pixel_array, strict=True):
        source = sources[frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        assert np.allclose(frame.PlanePositionSequence[0].ImagePositionPatient, source.ImagePositionPatient, atol=1e-3)
        stored = source.pixel_array.astype(np.float64)
        assert np.linalg.norm(_centre(image.astype(np.float64)) - _centre(stored - stored.min())) < _HALF_PIXEL
        assert np.corrcoef(image.ravel(), stored.ravel())[0, 1] > 0.99
