"""From a slice to what the network sees: the head, in a square, whatever surrounded it."""

from pathlib import Path

import numpy as np
import pytest

from tests.factories import make_picture, make_slice
from tumorscope.datasets.example import Example
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.scan import Slice
from tumorscope.imaging.decode import decode_scan
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.preprocessing.intensity import find_intensity_window, scale_to_window
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input
from tumorscope.preprocessing.spatial import Box, Geometry, find_head, resize_to_square
from tumorscope.training.pictures import prepare_pictures

_PARAMETERS = PreprocessingParameters()


def test_input_has_the_models_shape_and_range() -> None:
    pixels = to_model_input(make_slice(), _PARAMETERS).pixels
    assert pixels.shape == (128, 128, 3)
    assert pixels.dtype == np.float32
    assert pixels.min() >= 0
    assert pixels.max() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (7, 3), (2000, 30)])
def test_odd_shapes_are_prepared_too(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    assert np.isfinite(to_model_input(Slice(pixels, "png"), _PARAMETERS).pixels).all()


def test_constant_slice_gives_zeros() -> None:
    assert not to_model_input(Slice(np.full((50, 60), 77, np.uint8), "png"), _PARAMETERS).pixels.any()


def test_bit_depth_makes_no_difference() -> None:
    narrow = draw_phantom(3, lesion=True, size=256)
    wide = Slice(narrow.astype(np.uint16) * 257, "png")
    real = Slice(narrow.astype(np.float32) * 3 - 100, "tiff")
    expected = to_model_input(Slice(narrow, "png"), _PARAMETERS).pixels
    for scan in (wide, real):
        np.testing.assert_allclose(to_model_input(scan, _PARAMETERS).pixels, expected, atol=1e-2)


@pytest.mark.parametrize("background", [0, 60])
@pytest.mark.parametrize("frame", [False, True], ids=["plain", "framed"])
def test_head_is_found_wherever_it_lies(background: int, frame: bool) -> None:
    head = draw_phantom(1, lesion=False, size=256)
    canvas = np.full((700, 500), background, np.uint8)
    canvas[300:556, 100:356] = np.maximum(head, background)
    if frame:
        canvas[0] = canvas[-1] = 255
        canvas[:, 0] = canvas[:, -1] = 255
    box = find_head(canvas, margin=0)
    if frame:
        # A frame is bright like a head, and may be taken in; the head is never cut.
        assert box.top <= 318
        assert box.top + box.height >= 538
        return
    rows, columns = np.flatnonzero((head > 100).any(axis=1)) + 300, np.flatnonzero((head > 100).any(axis=0)) + 100
    assert abs(box.top - rows[0]) <= 12
    assert abs(box.top + box.height - rows[-1]) <= 12
    assert abs(box.left - columns[0]) <= 12
    assert abs(box.left + box.width - columns[-1]) <= 12


def test_same_head_on_a_larger_canvas_gives_about_the_same_input() -> None:
    head = draw_phantom(1, lesion=True, size=512)
    canvas = np.zeros((900, 1100), np.uint8)
    canvas[200:712, 500:1012] = head
    close, far = (to_model_input(Slice(pixels, "png"), _PARAMETERS).pixels for pixels in (head, canvas))
    # The head is found to one cell of a thumbnail of 128, here 8 of 1,100 pixels; a head cut or missed gives below 0.7.
    assert np.corrcoef(close.ravel(), far.ravel())[0, 1] > 0.9


def test_points_go_to_the_model_and_back() -> None:
    geometry = Geometry(500, 400, Box(30, 50, 420, 300), 128)
    for point in ((31.0, 51.0), (200.5, 123.25), (449.0, 349.0)):
        assert geometry.to_source(*geometry.to_model(*point)) == pytest.approx(point)


@pytest.mark.parametrize("shape", [(400, 250), (250, 400)], ids=["portrait", "landscape"])
def test_bright_spot_lands_where_the_geometry_says(shape: tuple[int, int]) -> None:
    pixels = np.full(shape, 90, np.uint8)
    pixels[:20] = pixels[-20:] = 0
    pixels[200:206, 140:146] = 255
    model_input = to_model_input(Slice(pixels, "png"), PreprocessingParameters(percentiles=(0.0, 100.0)))
    peak = np.unravel_index(model_input.pixels[:, :, 0].argmax(), (128, 128))
    expected = model_input.geometry.to_model(203, 143)
    assert np.hypot(peak[0] + 0.5 - expected[0], peak[1] + 0.5 - expected[1]) <= 1.5


def test_reduction_is_antialiased() -> None:
    checkerboard = (np.indices((512, 512)).sum(axis=0) % 2).astype(np.float32)
    small = resize_to_square(checkerboard, Geometry(512, 512, Box(0, 0, 512, 512), 128))
    np.testing.assert_allclose(small, 0.5, atol=0.02)


def test_padding_is_air_and_the_crop_keeps_its_level() -> None:
    square = resize_to_square(np.ones((100, 40), np.float32), Geometry(100, 40, Box(0, 0, 100, 40), 50))
    assert not square[:, :13].any()
    np.testing.assert_allclose(square[:, 17:33], 1, atol=1e-5)


def test_window_of_integers_is_that_of_a_sort() -> None:
    pixels = np.random.default_rng(1).integers(0, 4000, (90, 80)).astype(np.uint16)
    low, high = find_intensity_window(pixels, (1, 99))
    assert low == pytest.approx(np.percentile(pixels, 1), abs=4)
    assert high == pytest.approx(np.percentile(pixels, 99), abs=4)


def test_scaling_clips_to_the_window() -> None:
    np.testing.assert_allclose(scale_to_window(np.array([[0, 50, 100, 200]], np.uint8), (50, 150)), [[0, 0, 0.5, 1]])


def test_training_sees_what_serving_sees(tmp_path: Path) -> None:
    path = tmp_path / "slice.png"
    path.write_bytes(make_picture(draw_phantom(4, lesion=True, size=300)))
    served = to_model_input(decode_scan(path.read_bytes(), 10**6), _PARAMETERS)
    trained, _ = prepare_pictures([Example(path, "glioma", "p", "s")], DEFAULT_CLASS_NAMES, _PARAMETERS, lambda: None)
    np.testing.assert_allclose(trained.grey[0], served.pixels[:, :, 0], atol=1e-3)
