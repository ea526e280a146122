"""A slice becomes the network's input: the head in a square, whatever surrounds it."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_picture, make_slice
from tumorscope.datasets.example import Example, ImageFileReference
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_image
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.training.samples import prepare_samples

_PARAMETERS = PreprocessingParameters()


@pytest.mark.parametrize("size", [32, 128])
def test_input_has_the_models_shape_and_range(size: int) -> None:
    pixels = to_model_input(make_slice(), PreprocessingParameters(size)).pixels
    assert pixels.shape == (size, size, 3)
    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert 0.7 < pixels.max() <= 1 + 1e-5
    np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 1])
    np.testing.assert_array_equal(pixels[:, :, 0], pixels[:, :, 2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (7, 3), (2000, 30)])
def test_odd_shapes_are_prepared_too(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    prepared = to_model_input(Slice(pixels, "png"), _PARAMETERS).pixels
    assert prepared.shape == (128, 128, 3)
    assert np.isfinite(prepared).all()


def test_constant_slice_gives_zeros() -> None:
    assert not to_model_input(Slice(np.full((50, 60), 77, np.uint8), "png"), _PARAMETERS).pixels.any()


def test_bit_depth_makes_no_difference() -> None:
    narrow = draw_phantom(3, lesion=True, size=256)
    wide = Slice(narrow.astype(np.uint16) * 257, "png")
    real = Slice(narrow.astype(np.float32) * 3 - 100, "tiff")
    expected = to_model_input(Slice(narrow, "png"), _PARAMETERS).pixels
    for scan in (wide, real):
        np.testing.assert_allclose(to_model_input(scan, _PARAMETERS).pixels, expected, atol=1e-2)


@pytest.mark.parametrize("unit", [6e38, 1e30, 1e-30, 1e-42])
def test_every_finite_slice_gives_a_finite_input(unit: float) -> None:
    phantom = draw_phantom(3, lesion=True, size=128)
    levels = (phantom / 255 - 0.5) * unit
    prepared = to_model_input(Slice(levels.astype(np.float32), "tiff"), _PARAMETERS).pixels
    expected = to_model_input(Slice(phantom, "png"), _PARAMETERS).pixels
    np.testing.assert_allclose(prepared, expected, atol=0.05)


_NEARLY_NOTHING = np.random.default_rng(0).random((64, 64)) * 1e-42
_SPARSE = np.random.default_rng(1).random((64, 64)) > 0.999
_UNEVEN = {
    "a few ones among almost nothing": np.where(_SPARSE, 1, _NEARLY_NOTHING),
    "a few huge among almost nothing": np.where(_SPARSE, 3e38, _NEARLY_NOTHING),
    "least and largest side by side": np.where(_NEARLY_NOTHING > 5e-43, 3e38, -3e38),
    "constant and huge": np.full((9, 9), -3e38),
}


@pytest.mark.parametrize("name", _UNEVEN)
def test_floating_point_of_uneven_scale_gives_an_input_from_0_to_1(name: str) -> None:
    prepared = to_model_input(Slice(_UNEVEN[name].astype(np.float32), "tiff"), _PARAMETERS).pixels
    assert np.isfinite(prepared).all()
    assert prepared.min() >= 0
    assert prepared.max() <= 1 + 1e-5


def test_same_head_on_a_larger_canvas_gives_about_the_same_input() -> None:
    head = draw_phantom(1, lesion=True, size=512)
    canvas = np.zeros((900, 1100), np.uint8)
    canvas[200:712, 500:1012] = head
    close, far = (to_model_input(Slice(pixels, "png"), _PARAMETERS).pixels for pixels in (head, canvas))
    # The head is found to one cell of a thumbnail, here 8 of 1,100 pixels; a head cut or missed gives below 0.7.
    assert np.corrcoef(close.ravel(), far.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("shape", [(400, 250), (250, 400), (300, 300)], ids=["portrait", "landscape", "square"])
@pytest.mark.parametrize("spot", [(80, 90), (210, 140)], ids=str)
def test_bright_spot_lands_at_the_geometrys_position(shape: tuple[int, int], spot: tuple[int, int]) -> None:
    head = np.zeros(shape, np.uint8)
    head[30:-10, 20:-40] = 90
    head[-20, -50] = 255
    spotted = head.copy()
    spotted[spot[0] - 2 : spot[0] + 3, spot[1] - 2 : spot[1] + 3] = 255
    parameters = PreprocessingParameters(percentiles=(0.0, 100.0))
    plain, marked = (to_model_input(Slice(pixels, "png"), parameters) for pixels in (head, spotted))
    assert plain.geometry == marked.geometry
    difference = (marked.pixels - plain.pixels)[:, :, 0]
    # Its centre of mass, in coordinates where pixel (i, j) has its centre at (i + 0.5, j + 0.5).
    found = [float((grid + 0.5).ravel() @ difference.ravel() / difference.sum()) for grid in np.indices((128, 128))]
    assert found == pytest.approx(marked.geometry.to_model(spot[0] + 0.5, spot[1] + 0.5), abs=0.25)


def test_strip_of_pixels_costs_no_more_memory_than_a_square_of_them() -> None:
    peaks = []
    for shape in ((1, 90_000), (300, 300)):
        scan = Slice(np.random.default_rng(0).integers(0, 255, shape, np.uint8), "png")
        tracemalloc.start()
        to_model_input(scan, _PARAMETERS)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] < peaks[1] + 40 * 2**20


def test_training_sees_what_serving_sees(tmp_path: Path) -> None:
    path = tmp_path / "slice.png"
    path.write_bytes(make_picture(draw_phantom(4, lesion=True, size=300)))
    served = to_model_input(decode_image(path.read_bytes(), 10**6), _PARAMETERS)
    example = Example(ImageFileReference(path), "glioma", "p", "s")
    (trained,) = prepare_samples([example], _PARAMETERS, lambda: None)
    np.testing.assert_array_equal(trained.pixels[:, :, 0], served.pixels[:, :, 0].astype(np.float16))
