"""Draw what an archive shows of a prediction: the report by DCMTK's dsr2html, and the heat map over the image.

    python -m scripts.draw_results docs

writes `report.png` and `map.png`, of a synthetic slice as a DICOM image. It needs dsr2html and a Chromium
(CHROMIUM_PATH, or `chromium` on the PATH).
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops
from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage, ParametricMapStorage

from tests.factories import make_dicom_bytes
from tumorscope.imaging.phantom import draw_phantom

_SEED, _SPACING_MM = 7, 0.45
_WIDTH, _HEIGHT = 860, 3000
_MARGIN = 12


def main() -> None:
    """Write both pictures into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        source = work / "source.dcm"
        source.write_bytes(make_source())
        command: list[str | Path] = [sys.executable, "-m", "tumorscope", "predict", source]
        subprocess.run([*command, "--dicom-out", work / "objects"], check=True)  # noqa: S603  (ours)
        objects = {dcmread(path, stop_before_pixels=True).SOPClassUID: path for path in (work / "objects").iterdir()}
        draw_report(objects[Comprehensive3DSRStorage], work, folder / "report.png")
        draw_map(dcmread(objects[ParametricMapStorage]), dcmread(source), folder / "map.png")


def make_source() -> bytes:
    """Make an axial image of nobody."""
    return make_dicom_bytes(
        draw_phantom(_SEED, lesion=True).astype(np.uint16),
        StudyInstanceUID="1.2.826.0.1.3680043.8.498.1",
        SeriesInstanceUID="1.2.826.0.1.3680043.8.498.1.1",
        SOPInstanceUID="1.2.826.0.1.3680043.8.498.1.1.1",
        FrameOfReferenceUID="1.2.826.0.1.3680043.8.498.1.2",
        ImagePositionPatient=[0, 0, 0],
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        PixelSpacing=[_SPACING_MM, _SPACING_MM],
        SliceThickness=4,
        PatientName="Synthetic^Head",
        PatientID="SYNTHETIC",
    )


def draw_report(report: Path, work: Path, picture: Path) -> None:
    """Photograph the HTML that DCMTK makes of the report, without the empty rest of the page."""
    page, shot = work / "report.html", work / "report.png"
    subprocess.run(["dsr2html", report, page], check=True)  # noqa: S603, S607
    chromium = os.environ.get("CHROMIUM_PATH", "chromium")
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--window-size={_WIDTH},{_HEIGHT}"]
    command = [chromium, *options, f"--screenshot={shot}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    image = Image.open(shot).convert("L")
    written = ImageChops.invert(image).getbbox() or (0, 0, *image.size)
    image.crop((0, 0, _WIDTH, written[3] + _MARGIN)).quantize(16).save(picture, optimize=True)


def draw_map(heat: Dataset, source: Dataset, picture: Path) -> None:
    """Lay the map over its image, and the image beside it."""
    grey = source.pixel_array / source.pixel_array.max()
    strength = heat.pixel_array.reshape(heat.Rows, heat.Columns)[..., None] / 255
    plain = np.repeat(grey[..., None], 3, axis=2)
    over = plain * (1 - 0.6 * strength) + 0.6 * strength * np.array([1.0, 0.35, 0.0])
    beside = (255 * np.hstack([plain, over]).clip(0, 1)).astype(np.uint8)
    Image.fromarray(beside).reduce(2).quantize(96).save(picture, optimize=True)


if __name__ == "__main__":
    main()
