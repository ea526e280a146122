"""Draw the page's example of a volume: a synthetic head with a lesion, and its preview.

    python scripts/draw_phantom_volume.py frontend/public/examples

writes `phantom-volume.nii.gz` and `phantom-volume-preview.webp`. The head is that of `tumorscope.imaging.phantom`
in three dimensions, coarser in voxels and in grey levels, so that the file stays small.
"""

import argparse
import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import zoom

_SHAPE = (136, 160, 60)
_SPACING_MM = (1.3, 1.3, 2.6)
_SEED = 4
_GREY_STEP = 4
_PREVIEW_PX = 128
_LESION = (0.27, 0.12, 0.18)

Field = NDArray[np.float64]
Triple = tuple[float, float, float]


def main() -> None:
    """Write the volume and its preview into a folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    voxels = draw_volume(np.random.default_rng(_SEED))
    affine = np.diag([*_SPACING_MM, 1.0])
    affine[:3, 3] = -np.multiply(_SPACING_MM, np.subtract(_SHAPE, 1)) / 2
    image = nib.Nifti1Image(voxels, affine)
    image.header.set_xyzt_units("mm")
    # Without the time of day, so that the same head is the same file.
    (folder / "phantom-volume.nii.gz").write_bytes(gzip.compress(image.to_bytes(), mtime=0))
    middle = round((_LESION[2] + 1) / 2 * _SHAPE[2])
    # As the page shows it: the patient's right is on the left.
    picture = Image.fromarray(voxels[::-1, ::-1, middle].T)
    width = round(_PREVIEW_PX * picture.width / picture.height)
    square = Image.new("L", (_PREVIEW_PX, _PREVIEW_PX))
    square.paste(picture.resize((width, _PREVIEW_PX), Image.Resampling.BICUBIC), ((_PREVIEW_PX - width) // 2, 0))
    square.save(folder / "phantom-volume-preview.webp", quality=80)


def draw_volume(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a head with a lesion.

    Parameters
    ----------
    rng : numpy.random.Generator
        Determines texture and noise.

    Returns
    -------
    ndarray, shape (right, anterior, superior), uint8
        Axes grow to the patient's right, anterior and superior; air is 0.
    """
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, size) for size in _SHAPE), indexing="ij")
    wobble = 1 + 0.03 * _smooth_noise(rng, 4)
    folds = _smooth_noise(rng, 18)

    def measure(centre: Triple, halves: Triple, rough: float = 0) -> Field:
        """Measure where voxels lie by an ellipsoid: 0 at its centre, 1 on its surface."""
        parts = [(axis * wobble - at) / half for axis, at, half in zip((x, y, z), centre, halves, strict=True)]
        radius: Field = np.sqrt(sum(part**2 for part in parts)) + rough * folds
        return radius

    def fill(canvas: Field, radius: Field, level: float | Field) -> None:
        # An edge of about two voxels.
        canvas += np.clip((1 - radius) * 20, 0, 1) * (level - canvas)

    image: Field = np.zeros(_SHAPE)
    fill(image, measure((0, 0, 0), (0.80, 0.90, 0.92)), 0.80 + 0.08 * _smooth_noise(rng, 10))
    fill(image, measure((0, 0, 0), (0.74, 0.84, 0.86)), 0.10)
    fill(image, measure((0, 0, 0), (0.68, 0.78, 0.80)), 0.16)
    brain = measure((0, 0, 0), (0.66, 0.76, 0.78))
    fill(image, brain, 0.36 + 0.03 * _smooth_noise(rng, 20))
    fill(image, measure((0, 0, 0), (0.60, 0.70, 0.72), 0.12), 0.47 + 0.05 * _smooth_noise(rng, 12))
    falx = (np.abs(x) < 0.012) & (z > -0.2) & (np.abs(brain - 0.8) < 0.2)
    image[falx] = 0.18
    for side in (-1, 1):
        fill(image, measure((0.13 * side, -0.14, -0.02), (0.10, 0.13, 0.14)), 0.39)
        fill(image, measure((0.085 * side, 0.02, 0.12), (0.06, 0.20, 0.16), 0.05), 0.12)
    fill(image, measure(_LESION, (0.26, 0.25, 0.30), 0.06), 0.33)
    fill(image, measure(_LESION, (0.17, 0.16, 0.20), 0.05), 0.92 + 0.05 * _smooth_noise(rng, 14))
    fill(image, measure(_LESION, (0.08, 0.075, 0.09), 0.05), 0.30)
    shading = 1 + 0.08 * _smooth_noise(rng, 2)
    noise = rng.normal(0, 0.012, (2, *_SHAPE))
    # The magnitude of a complex signal has Rician noise; that of the air is cut off, which compresses better.
    magnitude = np.hypot(image * shading + noise[0], noise[1]) * (image > 0)
    grey: NDArray[np.uint8] = (np.clip(magnitude * 235, 0, 255) // _GREY_STEP * _GREY_STEP).astype(np.uint8)
    return grey


def _smooth_noise(rng: np.random.Generator, cells: int) -> Field:
    """Noise with a wavelength of about 1/cells of the volume, mean near 0, mostly within -1..1."""
    grid = rng.normal(0, 0.5, (cells, cells, cells))
    noise: Field = zoom(grid, [size / cells for size in _SHAPE], order=3, mode="nearest")
    return noise


if __name__ == "__main__":
    main()
