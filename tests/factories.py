"""Inputs for tests, made on the spot."""

import bz2
import gzip
import json
import struct
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from tests.once import make_once
from tumorscope.domain.labels import DEFAULT_CLASS_NAMES
from tumorscope.domain.scan import Slice
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference.engines.engine import Engine, Outputs
from tumorscope.model.bundle import MANIFEST_FILE, WEIGHTS_FILE, Bundle, write_bundle
from tumorscope.model.manifest import (
    GoldenManifest,
    InputManifest,
    Int8Manifest,
    Manifest,
    OperatingPointManifest,
    PreprocessingManifest,
    ScopeManifest,
    StudyLimits,
    StudyManifest,
    TrustManifest,
)


def make_slice(seed: int = 1, *, lesion: bool = False, size: int = 256) -> Slice:
    """A phantom, decoded."""
    return Slice(draw_phantom(seed, lesion, size), "png")


def make_outputs(logits: NDArray[np.float32]) -> Outputs:
    """What an engine gives, with nothing but logits in it."""
    return Outputs(logits, np.zeros((len(logits), 8), np.float32), np.zeros((len(logits), 2, 2, 4), np.float32))


def make_headed_bundle() -> Bundle:
    """A bundle for an engine that gives `make_outputs`: without convolutions, and a head of zeros."""
    shapes = {"dense/kernel": (4, 2), "dense/bias": (2,), "logits/kernel": (2, 4), "logits/bias": (4,)}
    return Bundle(make_manifest(), "", {name: np.zeros(shape, np.float16) for name, shape in shapes.items()}, {})


def make_picture(pixels: NDArray[Any], file_format: str = "PNG", **options: object) -> bytes:
    """A picture file of pixels: 8- or 16-bit grey, RGB or RGBA by their type and shape."""
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def make_phantom_file(file_format: str = "PNG", seed: int = 1, *, lesion: bool = True, size: int = 256) -> bytes:
    """A phantom as a picture file."""
    return make_picture(draw_phantom(seed, lesion, size), file_format)


def make_huge_png(side: int = 30_000) -> bytes:
    """A PNG of side x side black pixels in about a hundred kilobytes."""
    buffer = BytesIO()
    Image.new("1", (side, side)).save(buffer, "PNG")
    return buffer.getvalue()


def make_nifti_bytes(
    voxels: NDArray[Any], affine: NDArray[np.float64] | None = None, *, compressed: bool = False
) -> bytes:
    """A NIfTI-1 volume, in voxels of 1 mm towards right, anterior and superior unless an affine is given."""
    import nibabel

    image = nibabel.Nifti1Image(voxels, np.eye(4) if affine is None else affine)
    data: bytes = image.to_bytes()
    return gzip.compress(data, 1) if compressed else data


def make_nrrd_bytes(voxels: NDArray[Any], *, encoding: str = "raw", data_file: str = "") -> bytes:
    """A NRRD volume, in voxels of 1 mm towards left, posterior and superior; its header alone where it names a file."""
    fields = {
        "type": voxels.dtype.name,
        "dimension": voxels.ndim,
        "space": "left-posterior-superior",
        "sizes": " ".join(map(str, voxels.shape)),
        "space directions": "(1,0,0) (0,1,0) (0,0,1)",
        "endian": "little",
        "encoding": encoding,
        "space origin": "(0,0,0)",
    }
    fields |= {"data file": data_file} if data_file else {}
    header = "NRRD0004\n" + "".join(f"{name}: {value}\n" for name, value in fields.items()) + "\n"
    content = b"" if data_file else voxels.tobytes(order="F")
    packed = {"raw": content, "gzip": gzip.compress(content), "bzip2": bz2.compress(content)}
    return header.encode() + packed[encoding]


def make_dicom_dataset(pixels: NDArray[Any], syntax: str = ExplicitVRLittleEndian, **attributes: object) -> Dataset:
    """An axial MR image of unsigned pixels, shape (rows, columns); attributes by keyword, None leaves one out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    stated: dict[str, object] = {
        "SOPClassUID": MRImageStorage,
        "SOPInstanceUID": generate_uid(entropy_srcs=[pixels.tobytes().hex()[:200]]),
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "PatientID": "",
        "Modality": "MR",
        "Rows": pixels.shape[-2],
        "Columns": pixels.shape[-1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 8 * pixels.dtype.itemsize,
        "BitsStored": 8 * pixels.dtype.itemsize,
        "HighBit": 8 * pixels.dtype.itemsize - 1,
        "PixelRepresentation": int(pixels.dtype.kind == "i"),
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [0, 0, 0],
        "PixelSpacing": [1, 1],
        **attributes,
    }
    for keyword, value in stated.items():
        if value is not None:
            setattr(dataset, keyword, value)
    order: Literal[">", "<"] = ">" if syntax == ExplicitVRBigEndian else "<"
    dataset.PixelData = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    dataset["PixelData"].VR = "OW" if pixels.dtype.itemsize > 1 else "OB"
    return dataset


def write_dicom(dataset: Dataset) -> bytes:
    """A data set as a file with its preamble; compressed as its transfer syntax says."""
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def make_dicom_bytes(pixels: NDArray[Any], syntax: str = ExplicitVRLittleEndian, **attributes: object) -> bytes:
    """`make_dicom_dataset` as a file."""
    return write_dicom(make_dicom_dataset(pixels, syntax, **attributes))


MOSAIC = np.kron(np.array([[1, 2, 3], [4, 5, 6], [7, 8, 0]], np.uint16), np.ones((4, 6), np.uint16))
"""Tiles of 4 x 6 pixels, each as bright as its number; the last of nine is empty."""


def _csa(elements: dict[str, list[float]]) -> bytes:
    header = b"SV10\4\3\2\1" + struct.pack("<2I", len(elements), 77)
    for name, numbers in elements.items():
        header += struct.pack("<64si4s3i", name.encode(), len(numbers), b"FD", 4, len(numbers), 77)
        for number in numbers:
            text = f"{number:.8f}".encode() + b"\0"
            header += struct.pack("<4i", len(text), len(text), 77, len(text)) + text + bytes(-len(text) % 4)
    return header


def make_mosaic(normal: tuple[float, float, float] = (0, 0, 1), *, has_csa: bool = True) -> Dataset:
    """`MOSAIC` as Siemens stores it, with or without its header."""
    dataset = make_dicom_dataset(
        MOSAIC,
        ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"],
        PixelSpacing=[2, 3],
        SpacingBetweenSlices=5,
        # The corner of 12 rows and 18 columns around the centre of a slice that begins at 0.
        ImagePositionPatient=[-3 * (18 - 6) / 2, -2 * (12 - 4) / 2, 100],
    )
    if has_csa:
        block = dataset.private_block(0x29, "SIEMENS CSA HEADER", create=True)
        content = _csa({"NumberOfImagesInMosaic": [8], "SliceNormalVector": list(normal)})
        block.add_new(0x10, "OB", content)
    return dataset


@lru_cache(maxsize=4)
def _random_weights(class_count: int, size: int) -> dict[str, NDArray[np.float32]]:
    from tumorscope.model.vgg16 import build_vgg16

    rng = np.random.default_rng(0)
    network = build_vgg16(class_count, size)
    weights = {}
    for variable in network.weights:
        fan_in = int(np.prod(variable.shape[:-1])) if len(variable.shape) > 1 else 1
        scale = np.sqrt(2 / fan_in) if len(variable.shape) > 1 else 0
        weights[variable.path] = (rng.standard_normal(variable.shape, np.float32) * scale).astype(np.float32)
    # Pixels enter on a scale of 0 to 255; the first layer takes it back, so that the logits stay small.
    weights["block1_conv1/kernel"] /= 255
    return weights


def make_manifest(class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES, size: int = 32) -> Manifest:
    """A manifest without golden answers."""
    return Manifest(
        name="tiny",
        version="0.0.1",
        class_names=list(class_names),
        input=InputManifest(size=size),
        preprocessing=PreprocessingManifest(lower_percentile=0.5, upper_percentile=99.5, head_margin=0.02),
        temperature=1.0,
        tumor_threshold=0.5,
        intended_use="tests",
        limits=["knows nothing"],
        license="CC0-1.0",
        data=[],
        training={},
        metrics={},
        golden_tolerance=0.03,
        golden=[],
        files={},
    )


def make_trust(picture_limit: float = 2.0, mr_limit: float = 3.0) -> TrustManifest:
    """A trust layer that keeps tumour and none from 0.2 on, and a kind from a fifth of the tumour probability on."""
    return TrustManifest(
        coverage=0.95,
        kept_from={"tumor": 0.2, "no_tumor": 0.2},
        kinds_kept_from=0.2,
        operating_points={
            "balanced": OperatingPointManifest(tumor_threshold=0.5, min_confidence=0.6, description="…"),
            "screening": OperatingPointManifest(tumor_threshold=0.1, min_confidence=0.6, description="…"),
        },
        scope=ScopeManifest(picture_limit=picture_limit, mr_limit=mr_limit),
        figures={},
    )


def make_study_model() -> StudyManifest:
    """A study model whose limits are those of the evidence itself."""
    limits = {"tumor_threshold": 0.5, "min_confidence": 0.6}
    return StudyManifest(
        intercept=0,
        slope=1,
        kept_from={"tumor": 0.3, "no_tumor": 0.3},
        kinds_kept_from=0.3,
        readings=[],
        operating_points={"balanced": StudyLimits(**limits), "screening": StudyLimits(**limits)},
        figures={},
    )


def write_tiny_bundle(folder: Path, class_names: tuple[str, ...] = DEFAULT_CLASS_NAMES, size: int = 32) -> Path:
    """A bundle of random weights that reproduces its golden answers, for a small input."""
    golden = GoldenManifest(file="phantom.png", probabilities=_find_golden_answer(class_names, size))
    manifest = make_manifest(class_names, size).model_copy(update={"golden": [golden]})
    write_bundle(folder, manifest, _random_weights(len(class_names), size), {"phantom.png": make_phantom_file()})
    return folder


@lru_cache(maxsize=4)
def _find_golden_answer(class_names: tuple[str, ...], size: int) -> dict[str, float]:
    from tumorscope.inference.engines.tensorflow import TensorFlowEngine

    bundle = _make_bundle(class_names, size)
    return _answer_phantom(bundle, TensorFlowEngine(bundle))


def _make_bundle(class_names: tuple[str, ...], size: int) -> Bundle:
    weights = _random_weights(len(class_names), size)
    stored = {name: array.astype(np.float16) for name, array in weights.items()}
    return Bundle(make_manifest(class_names, size), "", stored, {})


def _answer_phantom(bundle: Bundle, engine: Engine) -> dict[str, float]:
    from tumorscope.imaging.decode import decode_image
    from tumorscope.inference.classifier import Classifier
    from tumorscope.inference.pipeline import predict_scan

    answer = predict_scan(Classifier(bundle, engine), decode_image(make_phantom_file(), 10**6))
    return dict(answer.prediction.probabilities)


INT8_CLASS_NAMES = ("no_tumor", "lesion")
"""Of the tiny bundle that has an int8 form."""


@lru_cache(maxsize=1)
def make_int8_form() -> bytes:
    """The random weights for two classes in int8: slow, and done once in a run of all tests."""
    return make_once("tiny.tflite", _convert)


def _convert() -> bytes:
    from tumorscope.model.int8 import convert_to_int8
    from tumorscope.preprocessing.pipeline import to_model_input

    bundle = _make_bundle(INT8_CLASS_NAMES, 32)
    slices = [make_slice(seed, lesion=bool(seed % 2)) for seed in range(40)]
    parameters = bundle.manifest.preprocessing_parameters
    pixels = np.stack([to_model_input(one, parameters).pixels for one in slices])
    with pytest.MonkeyPatch.context() as patch:
        # The converter rounds them one by one: joint rounding and its sums take a minute, which test_export spends.
        patch.setattr("tumorscope.model.int8.round_weights", lambda weights, _moments: weights)
        patch.setattr("tumorscope.model.int8._sum_products", lambda *_: None)
        return convert_to_int8(bundle, pixels)


@lru_cache(maxsize=1)
def _find_golden_int8_answer() -> dict[str, float]:
    from tumorscope.inference.engines.litert import open_litert

    bundle = replace(_make_bundle(INT8_CLASS_NAMES, 32), int8=make_int8_form())
    return _answer_phantom(bundle, open_litert(bundle, 1))


def write_tiny_int8_bundle(folder: Path, version: str = "0.0.1") -> Path:
    """A bundle of random weights whose int8 form reproduces its golden answers, and which is soon loaded."""
    figures = Int8Manifest(
        calibration_slices=40,
        slices=40,
        different_decisions=0,
        mean_tumor_probability_difference=0,
        accuracy_float32=1,
        accuracy_int8=1,
    )
    golden = GoldenManifest(file="phantom.png", probabilities=_find_golden_int8_answer())
    changes = {"version": version, "golden": [golden], "int8": figures}
    manifest = make_manifest(INT8_CLASS_NAMES).model_copy(update=changes)
    weights = _random_weights(len(INT8_CLASS_NAMES), 32)
    write_bundle(folder, manifest, weights, {"phantom.png": make_phantom_file()}, int8=make_int8_form())
    return folder


def break_weights(bundle: Path) -> None:
    """Turn one bit of a bundle's weights around."""
    content = bytearray((bundle / WEIGHTS_FILE).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / WEIGHTS_FILE).write_bytes(content)


def break_golden_answer(bundle: Path) -> None:
    """Have a bundle of `write_tiny_int8_bundle` promise another answer than it gives."""
    manifest = json.loads((bundle / MANIFEST_FILE).read_text())
    manifest["golden"][0]["probabilities"] = {"no_tumor": 1.0, "lesion": 0.0}
    (bundle / MANIFEST_FILE).write_text(json.dumps(manifest))
