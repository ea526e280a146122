"""Images of tiles become volumes where their headers state the tiles' positions, and are refused otherwise."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.factories import MOSAIC, make_dicom_dataset, make_mosaic, write_dicom
from tumorscope.domain.errors import TiledImage
from tumorscope.domain.scan import Volume
from tumorscope.imaging.formats.dicom import decode_dicom
from tumorscope.imaging.formats.signatures import may_hold_frames
from tumorscope.imaging.source import FROM_DISK, SourceFile

_COUNT, _HEIGHT, _WIDTH = 8, 4, 6


def _make_frames(*, are_placed: bool = True) -> Dataset:
    dataset = make_dicom_dataset(
        MOSAIC, ImageType=["ORIGINAL", "PRIMARY", "M", "VFRAME"], ImagePositionPatient=None, PixelSpacing=[2, 3]
    )
    block = dataset.private_block(0x65, "Image Private Header", create=True)
    frames = []
    for number in range(_COUNT):
        frame = Dataset()
        if are_placed:
            frame.ImagePositionPatient = [0, 0, 100 + 5 * number]
        frames.append(frame)
    block.add_new(0x51, "SQ", Sequence(frames))
    return dataset


def _decode(*datasets: Dataset) -> Volume:
    scan = decode_dicom([SourceFile("", write_dicom(one)) for one in datasets], FROM_DISK)
    assert isinstance(scan, Volume)
    return scan


@pytest.mark.parametrize("make", [make_mosaic, _make_frames])
def test_tiles_become_the_slices_of_a_volume(make: Callable[[], Dataset]) -> None:
    volume = _decode(make())
    assert volume.voxels.shape == (_WIDTH, _HEIGHT, _COUNT)
    assert volume.voxels[0, 0].tolist() == list(range(1, _COUNT + 1))
    assert (volume.spacing_mm, volume.warnings) == ((3.0, 2.0, 5.0), ())
    assert volume.affine is not None
    # The first pixel of the first tile lies at 0, 0, 100: at the left and the front.
    np.testing.assert_allclose(volume.affine @ [_WIDTH - 1, _HEIGHT - 1, 0, 1], [0, 0, 100, 1], atol=1e-6)


def test_mosaic_is_stacked_along_its_stated_normal() -> None:
    assert _decode(make_mosaic((0, 0, -1))).voxels[0, 0].tolist() == list(range(_COUNT, 0, -1))


@pytest.mark.parametrize("make", [make_mosaic, _make_frames])
def test_of_several_tiled_images_one_is_read_in_every_order(make: Callable[[], Dataset]) -> None:
    first, second = make(), make()
    for number, dataset in enumerate((first, second)):
        dataset.SOPInstanceUID, dataset.InstanceNumber = f"1.{number}", number
    second.PixelData = (MOSAIC + 100).tobytes()
    for order in ((first, second), (second, first)):
        volume = _decode(*order)
        assert volume.voxels[0, 0].tolist() == list(range(1, _COUNT + 1))
        (warning,) = volume.warnings
        assert (warning.code, warning.params["count"]) == ("duplicate_slices", _COUNT)


@pytest.mark.parametrize(
    "dataset",
    [
        make_mosaic(has_csa=False),
        make_mosaic((float("nan"), 0, 1)),
        _make_frames(are_placed=False),
        make_dicom_dataset(MOSAIC, ImageType=["DERIVED", "PRIMARY", "VFRAME"]),
    ],
)
def test_tiles_without_a_position_are_refused(dataset: Dataset) -> None:
    with pytest.raises(TiledImage, match="Export each slice"):
        _decode(dataset)
    with pytest.raises(TiledImage):
        _decode(dataset, dataset)


def test_tiles_that_do_not_fill_the_image_are_refused() -> None:
    dataset = make_mosaic()
    dataset.Columns = 17
    with pytest.raises(TiledImage):
        _decode(dataset)


@pytest.mark.parametrize(("folder", "slices", "files"), [("mosaic", 36, 6), ("tiled_frames", 20, 17)])
def test_real_tiles_become_one_volume_of_a_head(folder: str, slices: int, files: int) -> None:
    data = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[6] / "shared" / "data"))
    paths = sorted((data / "field" / folder).glob("*"))
    if not paths:
        pytest.skip("the real series is absent: set TUMORSCOPE_DATA")
    volume = decode_dicom([SourceFile("", path.read_bytes()) for path in paths], FROM_DISK)
    assert isinstance(volume, Volume)
    assert volume.voxels.shape == (64, 64, slices)
    assert [series.slice_count for series in volume.series] == [slices]
    said = {warning.code: warning.params for warning in volume.warnings}
    assert said["duplicate_slices"]["count"] == slices * (files - 1)
    # A head lies about the scanner's origin.
    assert volume.affine is not None
    centre = volume.affine[:3] @ [32, 32, slices / 2, 1]
    assert np.abs(centre).max() < 60


def test_tiled_image_waits_with_studies() -> None:
    assert may_hold_frames(write_dicom(make_mosaic()))
    assert may_hold_frames(write_dicom(_make_frames()))
    assert not may_hold_frames(write_dicom(make_dicom_dataset(MOSAIC)))
