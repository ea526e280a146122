"""Golden files are drawn as the model reads slices, and the same every time."""

import numpy as np
import pytest

from tumorscope.evaluation.calibration.golden import draw_golden_files
from tumorscope.model.golden import read_golden
from tumorscope.preprocessing.pipeline import PreprocessingParameters, to_model_input

_CHANNELS = ("flair", "t1ce", "t2")


@pytest.mark.parametrize("channels", [None, _CHANNELS], ids=["grey", "channels"])
def test_golden_files_are_what_the_model_reads(channels: tuple[str, ...] | None) -> None:
    intensity = "percentiles" if channels is None else "brain_zscore"
    parameters = PreprocessingParameters(intensity=intensity, channels=channels)  # type: ignore[arg-type]
    files = draw_golden_files(channels)
    assert len(files) == 3
    for name, content in files.items():
        prepared = to_model_input(read_golden(name, content), parameters)
        assert prepared.pixels.std() > 0.1


def test_golden_files_are_the_same_every_time() -> None:
    first, second = (draw_golden_files(_CHANNELS) for _ in range(2))
    for name, content in first.items():
        np.testing.assert_array_equal(read_golden(name, content).pixels, read_golden(name, second[name]).pixels)


def test_each_channel_has_a_contrast_of_its_own() -> None:
    pixels = read_golden("a.npz", draw_golden_files(_CHANNELS)["phantom_lesion_a.npz"]).pixels
    brain = pixels[pixels.min(axis=2) > -5]
    correlations = np.corrcoef(brain.T)
    assert correlations[0, 1] < -0.9
    assert len(np.unique(brain[0])) == 3
