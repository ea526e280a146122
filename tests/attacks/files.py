"""All attacks of one request, by their names."""

import gzip
import json

from tests.attacks.archives import ARCHIVES
from tests.attacks.attack import CORRUPT, EXPANDS, MANY, UNSUPPORTED, Attack
from tests.attacks.pictures import PICTURES
from tests.attacks.volumes import VOLUMES

_TENSORS = "/v2/models/tumorscope-vgg16/infer"
_JSON = {"Content-Type": "application/json"}
_PACKED = {**_JSON, "Content-Encoding": "gzip"}
_FORM = {"Content-Type": "multipart/form-data; boundary=a"}
_INVALID = "422 invalid_request"
_NO_TENSORS = (_INVALID, "404 unknown_model", EXPANDS, "413 upload_too_large")


def _make_numbers() -> bytes:
    """Of 12.5 million numbers, in 24 kB."""
    data = b"[" + b"0," * 12_500_000 + b"0]"
    name = b'{"inputs":[{"name":"image","shape":[1,1],"datatype":"FP32","data":'
    return gzip.compress(name + data + b"}]}")


def _make_tensor(shape: list[int], data: list[object]) -> bytes:
    return json.dumps({"inputs": [{"name": "image", "shape": shape, "datatype": "FP32", "data": data}]}).encode()


def _make_parts(count: int) -> bytes:
    part = b'--a\r\nContent-Disposition: form-data; name="file"; filename="../../x"\r\n\r\nx\r\n'
    return part * count + b"--a--\r\n"


_REQUESTS = {
    "millions of numbers in JSON": Attack(_make_numbers, _NO_TENSORS, _TENSORS, _PACKED),
    "gigabyte of nothing in JSON": Attack(
        lambda: gzip.compress(gzip.compress(bytes(2**28), 1)), (*_NO_TENSORS, "400 invalid_request"), _TENSORS, _PACKED
    ),
    "JSON nested 100,000 deep": Attack(lambda: b"[" * 100_000 + b"]" * 100_000, _NO_TENSORS, _TENSORS, _JSON),
    "tensor of 10²⁷ numbers": Attack(lambda: _make_tensor([10**9] * 3, [0]), _NO_TENSORS, _TENSORS, _JSON),
    "tensor of negative size": Attack(lambda: _make_tensor([-1, -224, 224, 3], [0]), _NO_TENSORS, _TENSORS, _JSON),
    "tensor of what is no number": Attack(
        lambda: _make_tensor([1, 1], [float("nan"), float("inf")]), _NO_TENSORS, _TENSORS, _JSON
    ),
    "tensor that is longer than it says": Attack(
        lambda: b"{}",
        (*_NO_TENSORS, "400 invalid_request"),
        _TENSORS,
        {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(10**12)},
    ),
    "form of 100,000 files": Attack(lambda: _make_parts(100_000), (MANY,), headers=_FORM),
    "form with an endless header": Attack(
        lambda: b"--a\r\nContent-Disposition: form-data; " + b"x" * 2**22,
        (_INVALID, "400 invalid_request"),
        headers=_FORM,
    ),
    "form without an end": Attack(
        lambda: _make_parts(1)[:-5], (_INVALID, UNSUPPORTED, CORRUPT, "400 invalid_request"), headers=_FORM
    ),
    "query of 30,000 characters": Attack(
        lambda: b"x", ("400", "400 invalid_request", "414", _INVALID, UNSUPPORTED), "/predict?series=" + "1" * 30_000
    ),
    "bytes that are no scan": Attack(lambda: bytes(2**24), (UNSUPPORTED,)),
}

ATTACKS: dict[str, Attack] = {**VOLUMES, **ARCHIVES, **PICTURES, **_REQUESTS}
"""A volume or picture that is answered is right too: it must only not cost others their answer."""

MEMORY = (
    "WebP, transparent",
    "WebP, animated",
    "WebP, lossy",
    "PNG, transparent",
    "PNG, 16-bit",
    "TIFF, transparent",
    "TIFF, floating-point",
    "JPEG of 64 megapixels",
    "JPEG of 64 megapixels, CMYK",
    "DICOM, deflated",
    "DICOM, run lengths",
    "NIfTI of half a gigabyte",
    "NIfTI of 32,767 slices",
    "ZIP that overlaps itself",
    "PNG with a text of a gigabyte",
    "JPEG of many scans",
)
"""Those that take memory if anything does."""
