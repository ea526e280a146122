"""POST /volume gives the voxels that POST /predict judged: slice for slice, pixel for pixel."""

import base64
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_picture
from tests.waiting import PATIENCE_S
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.imaging.slices import make_square

_PHANTOM = draw_phantom(1, True, 64)
_TURNED = np.array([[0, 0, 2.0, -20], [-1, 0, 0, 40], [0, -1.0, 0, 60], [0, 0, 0, 1]])


@dataclass(frozen=True)
class _Both:
    """What the service says of one study."""

    prediction: dict[str, Any]
    image: nibabel.Nifti1Image

    @property
    def slice_axis(self) -> int:
        return int(self.image.header.get_dim_info()[2])

    def draw_shown_slice(self) -> NDArray[np.uint8]:
        """By the rule of the route's description, as the page does it."""
        view = self.prediction["input"]["view"]
        others = [axis for axis in range(3) if axis != self.slice_axis]
        layer = np.moveaxis(np.asarray(self.image.dataobj), self.slice_axis, 0)[view["slice_index"]]
        columns_mm, rows_mm = (float(self.image.header.get_zooms()[axis]) for axis in others)
        pixels = make_square(layer[::-1, ::-1].T.astype(np.float32), (rows_mm, columns_mm)).pixels
        lower, upper = view["window"]["lower"], view["window"]["upper"]
        drawn: NDArray[np.uint8] = np.round(np.clip((pixels - lower) / (upper - lower), 0, 1) * 255).astype(np.uint8)
        return drawn

    def read_picture(self) -> NDArray[np.uint8]:
        return np.asarray(Image.open(BytesIO(base64.b64decode(self.prediction["input"]["view"]["picture_png"]))))


@pytest.fixture(scope="module")
def client(tiny_address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://{tiny_address}", timeout=PATIENCE_S) as opened:
        yield opened


def _ask(client: httpx.Client, *files: tuple[str, bytes]) -> _Both:
    parts = [("file", file) for file in files]
    prediction = client.post("/predict", files=parts, params={"picture": "shown", "slices": "all"})
    volume = client.post("/volume", files=parts)
    assert (prediction.status_code, volume.status_code) == (200, 200), (prediction.text, volume.content[:500])
    assert volume.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in volume.headers
    return _Both(prediction.json(), nibabel.Nifti1Image.from_bytes(gzip.decompress(volume.content)))


def _series(rows_mm: float = 1.0) -> list[tuple[str, bytes]]:
    """Coronal, sent in no order."""
    files = []
    for number in (4, 0, 3, 1, 5, 2):
        data = make_dicom_bytes(
            _PHANTOM.astype(np.uint16) * np.uint16(number + 5),
            ImagePositionPatient=[0, 7 * number, 0],
            ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
            InstanceNumber=number + 1,
            PixelSpacing=[rows_mm, 1],
        )
        files.append((f"{number}.dcm", data))
    return files


def _case(name: str, voxels: NDArray[Any], affine: NDArray[np.float64] | None = None) -> tuple[str, bytes]:
    return name, make_nifti_bytes(voxels, affine, compressed=True)


_HEAD = np.stack([_PHANTOM.astype(np.int16) * level for level in range(3, 9)], axis=2)
_STUDIES = {
    "a picture": [("scan.png", make_phantom_file(size=64))],
    "a picture of 16 bits": [("scan.png", make_picture(_PHANTOM.astype(np.uint16) * 257))],
    "a sagittal DICOM slice": [("1.dcm", make_dicom_bytes(_PHANTOM, ImageOrientationPatient=[0, 1, 0, 0, 0, -1]))],
    "a DICOM slice of oblong pixels": [("1.dcm", make_dicom_bytes(_PHANTOM, PixelSpacing=[1, 2]))],
    "a DICOM series": _series(),
    "a DICOM series of oblong pixels": _series(1.5),
    "a volume": [_case("head.nii.gz", _HEAD)],
    "a volume that lies otherwise": [_case("head.nii.gz", _HEAD, _TURNED)],
    "a volume of fractions": [_case("head.nii.gz", _HEAD.astype(np.float32) / 7)],
    "a volume with air amid the tissue": [_case("head.nii.gz", np.where(_HEAD > 0, _HEAD / 700.0 - 1, 0.0))],
    "a BraTS case": [_case("X_1_t1.nii.gz", _HEAD), _case("X_1_t1ce.nii.gz", np.flip(_HEAD, 2))],
}


@pytest.mark.parametrize("name", _STUDIES)
def test_slice_through_the_window_is_the_picture_that_was_judged(client: httpx.Client, name: str) -> None:
    both = _ask(client, *_STUDIES[name])
    shape = both.image.shape
    assert shape[both.slice_axis] == both.prediction["input"]["slice_count"]
    drawn, picture = both.draw_shown_slice(), both.read_picture()
    assert drawn.shape == picture.shape
    # A step of 16 bits may round to the next of 8.
    assert np.abs(drawn.astype(int) - picture.astype(int)).max() <= 1


def test_series_in_disorder_is_stacked_from_posterior_to_anterior(client: httpx.Client) -> None:
    both = _ask(client, *_series())
    assert both.slice_axis == 1
    brightest = np.asarray(both.image.dataobj).max(axis=(0, 2))
    # The first in the series lies most anterior, and is the darkest.
    assert list(brightest) == sorted(brightest, reverse=True)
    assert nibabel.aff2axcodes(both.image.affine) == ("R", "A", "S")
    assert both.image.affine[1, 3] == pytest.approx(-35)


def test_integers_come_back_without_loss_and_in_place(client: httpx.Client) -> None:
    both = _ask(client, _case("head.nii.gz", _HEAD, _TURNED))
    source = nibabel.as_closest_canonical(nibabel.Nifti1Image(_HEAD, _TURNED))
    np.testing.assert_array_equal(np.asarray(both.image.dataobj), np.asarray(source.dataobj))
    np.testing.assert_allclose(both.image.affine, source.affine)


def test_plain_body_gives_the_same_volume(client: httpx.Client) -> None:
    data = make_phantom_file(size=64)
    plain = client.post("/volume", content=data, headers={"Content-Type": "image/png"})
    assert plain.content == client.post("/volume", files={"file": data}).content


@pytest.mark.parametrize(
    ("files", "status", "code"),
    [
        ([], 400, "no_file"),
        ([("a.txt", b"call the ward")], 415, "unsupported_format"),
        ([("a.png", make_phantom_file()[:900])], 422, "corrupt_file"),
        ([("a.png", make_phantom_file()), ("b.png", make_phantom_file(seed=2))], 400, "mixed_study"),
    ],
)
def test_what_cannot_be_read_is_refused_as_by_predict(
    client: httpx.Client, files: list[tuple[str, bytes]], status: int, code: str
) -> None:
    parts = [("file", file) for file in files]
    for path in ("/predict", "/volume"):
        response = client.post(path, files=parts) if parts else client.post(path)
        assert (response.status_code, response.json()["code"]) == (status, code)
        assert response.headers["content-type"] == "application/problem+json"


def test_real_series_is_the_volume_that_was_judged(client: httpx.Client, data_folder: Path) -> None:
    files = sorted((data_folder / "dicom" / "t1_mprage_series").glob("*.dcm"))
    both = _ask(client, *((file.name, file.read_bytes()) for file in files))
    assert both.image.shape[both.slice_axis] == both.prediction["input"]["slice_count"] == 176
    assert both.slice_axis == 0
    np.testing.assert_array_equal(both.draw_shown_slice(), both.read_picture())


def test_real_volume_is_the_volume_that_was_judged(client: httpx.Client, data_folder: Path) -> None:
    file = data_folder / "volumes" / "brats_gli" / "BraTS-GLI-00001-000"
    files = sorted(file.glob("*.nii.gz"))
    assert files
    both = _ask(client, *((one.name, one.read_bytes()) for one in files))
    assert np.abs(both.draw_shown_slice().astype(int) - both.read_picture().astype(int)).max() <= 1
