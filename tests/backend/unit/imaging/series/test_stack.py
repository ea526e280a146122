"""Slices are stacked by their positions; what does not fit is left out with a warning."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.factories import make_dicom_bytes
from tumorscope.domain.scan import Volume
from tumorscope.imaging.formats.dicom_dataset import read_dataset
from tumorscope.imaging.series.stack import decode_multi_frame, decode_series
from tumorscope.imaging.source import DecodeLimits

_LIMITS = DecodeLimits(10**6, 2**26, 100)
_SAGITTAL = [0, 1, 0, 0, 0, -1]


def _decode(heights: Sequence[float | None], **attributes: object) -> Volume:
    """A series of constant slices, each as bright as its number."""
    files = [
        make_dicom_bytes(
            np.full((4, 6), number, np.uint16),
            **{  # type: ignore[arg-type]
                "InstanceNumber": number,
                "ImagePositionPatient": None if height is None else [0, 0, height],
                **attributes,
            },
        )
        for number, height in enumerate(heights)
    ]
    return decode_series([read_dataset(file, 2**20) for file in files], _LIMITS)


def _warned(volume: Volume) -> dict[str, Mapping[str, object]]:
    return {warning.code: warning.params for warning in volume.warnings}


def test_slices_are_sorted_by_position() -> None:
    volume = _decode([10, 0, 5])
    assert volume.voxels[0, 0].tolist() == [1, 2, 0]
    assert (volume.spacing_mm, _warned(volume)) == ((1.0, 1.0, 5.0), {})


def test_slices_without_position_are_sorted_by_their_number() -> None:
    volume = _decode([None, None, None], SliceThickness=4)
    assert volume.voxels[0, 0].tolist() == [0, 1, 2]
    assert volume.spacing_mm[2] == 4
    assert _warned(volume) == {"no_position": {"order": "number"}}


def _stack(*said: Mapping[str, Any]) -> Volume:
    """A series of constant slices, each as bright as its number, decoded alike in several orders."""
    files = [make_dicom_bytes(np.full((4, 6), number, np.uint16), **one) for number, one in enumerate(said)]
    volumes = [
        decode_series(
            [read_dataset(files[index], 2**20) for index in np.random.default_rng(seed).permutation(len(files))],
            _LIMITS,
        )
        for seed in range(3)
    ]
    assert all(np.array_equal(volume.voxels, volumes[0].voxels) for volume in volumes)
    return volumes[0]


@pytest.mark.parametrize("position", [None, [0, 0, 7]])
@pytest.mark.parametrize("down", [1, -1])
def test_slices_at_one_position_are_sorted_by_their_location(position: list[int] | None, down: int) -> None:
    volume = _stack(
        *(
            {
                "SliceLocation": location,
                "InstanceNumber": number,
                "ImagePositionPatient": position,
                "ImageOrientationPatient": [1, 0, 0, 0, down, 0],
            }
            for number, location in enumerate([0, -6, 6])
        )
    )
    # From feet to head, whichever way the rows run.
    assert volume.voxels[0, 0].tolist() == [1, 0, 2]
    assert volume.spacing_mm[2] == 6
    assert _warned(volume) == {"no_position": {"order": "slice_location"}}


def test_one_slice_at_several_times_is_no_stack() -> None:
    volume = _stack(*({"TemporalPositionIdentifier": time} for time in (1, 2, 3)))
    assert volume.voxels.shape == (6, 4, 1)
    assert _warned(volume) == {"duplicate_slices": {"count": 2, "differences": "time_point"}}


def test_orientations_that_differ_by_rounding_are_one_stack() -> None:
    # The sine is about 0.01, at which a grid of hundredths would part them.
    angles = np.radians([0.573, 0.5733, 0.5727, 0.773])
    volume = _stack(
        *(
            {
                "ImageOrientationPatient": [1, 0, 0, 0, float(np.cos(angle)), float(np.sin(angle))],
                "ImagePositionPatient": [-90, 400, 5 * z],
            }
            for z, angle in enumerate(angles)
        )
    )
    # Along each slice's own normal, the last would lie 1.4 mm off.
    assert (volume.voxels[0, 0].tolist(), _warned(volume)) == ([0, 1, 2, 3], {})
    assert volume.spacing_mm[2] == pytest.approx(5, abs=0.01)


def test_echoes_whose_positions_differ_a_little_share_a_place() -> None:
    volume = _stack(
        *(
            {"ImagePositionPatient": [0, 0, 5 * z + 0.2 * echo], "EchoTime": 20 + 20 * echo, "SliceThickness": 5}
            for echo in (0, 1)
            for z in range(3)
        )
    )
    assert volume.voxels[0, 0].tolist() == [0, 1, 2]
    assert _warned(volume) == {"duplicate_slices": {"count": 3, "differences": "echo"}}


def test_slices_that_are_shifted_are_placed_and_warned_of() -> None:
    volume = _stack(*({"ImagePositionPatient": [0, 2 * z, 5 * z]} for z in range(4)))
    assert volume.affine is not None
    np.testing.assert_allclose(volume.affine[:3, 2], [0, -2, 5], atol=1e-9)
    assert set(_warned(volume)) == {"sheared"}


def test_largest_of_the_planes_of_a_localizer_is_read() -> None:
    others = [
        {"ImageOrientationPatient": orientation, "ImagePositionPatient": [x, x, 0]}
        for orientation in (_SAGITTAL, [1, 0, 0, 0, 0, -1])
        for x in (0, 5, 10)
    ]
    volume = _stack(*({"ImagePositionPatient": [0, 0, 5 * z]} for z in range(4)), *others)
    assert (volume.plane, volume.voxels.shape[2]) == ("axial", 4)
    assert _warned(volume) == {"slices_left_out": {"count": 6}}


def test_warnings_of_each_frame_that_is_read_are_given_once() -> None:
    files = [
        make_dicom_bytes(
            np.full((4, 4, 3), 9, np.uint8),
            Rows=4,
            Columns=4,
            SamplesPerPixel=3,
            PlanarConfiguration=0,
            PhotometricInterpretation="RGB",
            ImagePositionPatient=[0, 0, z],
            ImageType=["DERIVED", "PRIMARY", "ADC"] if z == 2 else ["ORIGINAL", "PRIMARY"],
        )
        for z in range(3)
    ]
    volume = decode_series([read_dataset(file, 2**20) for file in files], _LIMITS)
    assert [warning.code for warning in volume.warnings] == ["colour_picture", "derived_map"]


def test_second_slice_at_a_position_is_left_out() -> None:
    volume = _decode([0, 5, 5, 10])
    assert volume.voxels.shape == (6, 4, 3)
    assert _warned(volume) == {"duplicate_slices": {"count": 1, "differences": ""}}


def test_gap_is_warned_of() -> None:
    assert _warned(_decode([0, 5, 10, 20])) == {"missing_slices": {}}


def test_slices_of_another_orientation_are_left_out() -> None:
    files = [make_dicom_bytes(np.ones((4, 4), np.uint16), ImagePositionPatient=[0, 0, z]) for z in (0, 5, 10)]
    other = make_dicom_bytes(np.ones((4, 4), np.uint16), ImageOrientationPatient=_SAGITTAL)
    volume = decode_series([read_dataset(file, 2**20) for file in (other, *files)], _LIMITS)
    assert volume.plane == "axial"
    assert _warned(volume) == {"slices_left_out": {"count": 1}}


def test_missing_geometry_is_assumed_and_warned_of() -> None:
    volume = _decode([None, None], ImageOrientationPatient=None, PixelSpacing=None)
    assert (volume.plane, volume.spacing_mm[:2]) == ("axial", (1.0, 1.0))
    assert set(_warned(volume)) == {"no_spacing", "no_orientation", "no_position"}


def test_first_frame_at_each_position_of_a_multi_frame_object_is_read() -> None:
    groups = []
    for height in (0, 0, 5, 5):
        group, position = Dataset(), Dataset()
        position.ImagePositionPatient = [0, 0, height]
        group.PlanePositionSequence = [position]
        groups.append(group)
    pixels = np.arange(4, dtype=np.uint16)[:, None, None] * np.ones((1, 4, 4), np.uint16)
    data = make_dicom_bytes(
        pixels, NumberOfFrames=4, PerFrameFunctionalGroupsSequence=groups, ImagePositionPatient=None
    )
    volume = decode_multi_frame(read_dataset(data, 2**20), _LIMITS)
    assert volume.voxels[0, 0].tolist() == [0, 2]
    assert set(_warned(volume)) == {"first_stack"}


_MAGNITUDE, _PHASE = ["ORIGINAL", "PRIMARY", "M"], ["ORIGINAL", "PRIMARY", "P"]
_PAIRS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "component": ({"ImageType": _MAGNITUDE}, {"ImageType": _PHASE}),
    "b_value": ({"DiffusionBValue": 0.0}, {"DiffusionBValue": 1000.0}),
    "echo": ({"EchoTime": 12}, {"EchoTime": 90}),
    "inversion_time": ({"InversionTime": 2500}, {"InversionTime": 700}),
    "time_point": ({"TemporalPositionIdentifier": 1}, {"TemporalPositionIdentifier": 2}),
    "": ({"InstanceNumber": 1}, {"InstanceNumber": 2}),
}


@pytest.mark.parametrize("difference", _PAIRS)
def test_one_whole_stack_is_read_in_every_order_of_the_files(difference: str) -> None:
    datasets = []
    for level, attributes in zip((100, 200), _PAIRS[difference], strict=True):
        for height in (0, 5, 10, 15):
            said = {"ImagePositionPatient": [0, 0, height], "SOPInstanceUID": f"1.{level}.{height}", **attributes}
            data = make_dicom_bytes(np.full((4, 6), level + height, np.uint16), **said)  # type: ignore[arg-type]
            datasets.append(read_dataset(data, 2**20))
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(8)
        volume = decode_series([datasets[index] for index in order], _LIMITS)
        assert volume.voxels[0, 0].tolist() == [100, 105, 110, 115]
        assert _warned(volume) == {"duplicate_slices": {"count": 4, "differences": difference}}


def test_echo_times_that_differ_between_places_alone_leave_nothing_out() -> None:
    files = [
        make_dicom_bytes(np.full((4, 4), z, np.uint16), ImagePositionPatient=[0, 0, z], EchoTime=z) for z in range(4)
    ]
    volume = decode_series([read_dataset(file, 2**20) for file in files], _LIMITS)
    assert (volume.voxels.shape[2], _warned(volume)) == (4, {})


def test_magnitude_of_a_real_series_is_read_in_every_order_of_the_files() -> None:
    data = Path(os.environ.get("TUMORSCOPE_DATA", Path(__file__).parents[6] / "shared" / "data"))
    files = sorted((data / "field" / "several_images_per_place").glob("*"))
    if not files:
        pytest.skip("the real series is absent: set TUMORSCOPE_DATA")
    datasets = [read_dataset(file.read_bytes(), 2**20) for file in files]
    first = decode_series(datasets, _LIMITS)
    assert first.voxels.shape[2] == 16
    # The B0 map, in Hz, has both signs.
    assert first.voxels.min() == 0
    assert _warned(first)["duplicate_slices"] == {"count": 16, "differences": "component"}
    for seed in range(3):
        shuffled = [datasets[index] for index in np.random.default_rng(seed).permutation(32)]
        np.testing.assert_array_equal(decode_series(shuffled, _LIMITS).voxels, first.voxels)
