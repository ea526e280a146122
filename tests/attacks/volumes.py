"""DICOM and NIfTI files with too many elements, frames or slices, or of sizes that are lies."""

import struct
import zlib
from functools import cache

import numpy as np
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from tests.attacks.archives import make_archive
from tests.attacks.attack import ANSWERED, CORRUPT, EXPANDS, LARGE, Attack
from tests.factories import make_dicom_bytes, make_dicom_dataset, make_nifti_bytes, write_dicom
from tumorscope.imaging.phantom import draw_phantom

_TINY = np.ones((4, 4), np.uint16)
_SLICES = "413 too_many_slices"


@cache
def make_tags(count: int = 4_000_000) -> bytes:
    """A deflated DICOM file of so many empty elements, in a few kilobytes."""
    return _deflate_after_header(struct.pack("<HH2sH", 9, 0x1001, b"LO", 0) * count)


def _deflate_after_header(elements: bytes) -> bytes:
    whole = make_dicom_bytes(_TINY, DeflatedExplicitVRLittleEndian)
    end = 132 + 12 + struct.unpack_from("<I", whole, 140)[0]
    engine = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return whole[:end] + engine.compress(elements) + engine.flush()


def _nest(depth: int = 50_000) -> bytes:
    """Sequences in sequences, of undefined length."""
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    return _deflate_after_header((struct.pack("<HH2sHI", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) + item) * depth)


def _make_large() -> bytes:
    return make_dicom_bytes(np.zeros((7000, 7000), np.uint16), DeflatedExplicitVRLittleEndian)


def _encapsulate(syntax: str, frame: bytes, side: int, frames: int = 1) -> bytes:
    """An object of equal compressed frames."""
    dataset = make_dicom_dataset(_TINY, syntax, Rows=side, Columns=side, NumberOfFrames=frames)
    dataset.PixelData = encapsulate([frame] * frames)
    return write_dicom(dataset)


def _repeat_run(side: int = 7000) -> bytes:
    """One frame of zeros in runs of 128 bytes, in two segments of bytes (DICOM PS3.5, annex G)."""
    segment = b"\x81\0" * -(-side * side // 128)
    return struct.pack("<16I", 2, 64, 64 + len(segment), *[0] * 13) + segment * 2


def _compress(side: int = 512) -> bytes:
    dataset = make_dicom_dataset(draw_phantom(1, True, side).astype(np.uint16))
    dataset.compress(JPEG2000Lossless)
    return next(generate_frames(dataset.PixelData, number_of_frames=1))


def _state_length() -> bytes:
    """Pixels that are said to take four gigabytes."""
    good = make_dicom_bytes(_TINY)
    at = good.rindex(struct.pack("<HH2s", 0x7FE0, 0x10, b"OW")) + 8
    return good[:at] + struct.pack("<I", 0xFFFFFFFE) + good[at + 4 :]


def _make_nothing(shape: tuple[int, int, int], kind: type = np.uint8) -> bytes:
    return make_nifti_bytes(np.zeros(shape, kind), compressed=True)


def _alter_nifti(place: int, kind: str, *values: float) -> bytes:
    header = bytearray(make_nifti_bytes(np.ones((8, 8, 8), np.uint8)))
    struct.pack_into(f"<{kind}", header, place, *values)
    return bytes(header)


VOLUMES: dict[str, Attack] = {
    "deflated DICOM of four million elements": Attack(make_tags, (CORRUPT, LARGE)),
    "ZIP of 130 of these": Attack(lambda: make_archive(*[make_tags()] * 130), (CORRUPT, LARGE), within_s=60),
    "DICOM of 50,000 sequences in each other": Attack(_nest, (CORRUPT,)),
    "DICOM of 10⁹ frames": Attack(lambda: make_dicom_bytes(_TINY, NumberOfFrames=10**9), (CORRUPT, EXPANDS, ANSWERED)),
    "DICOM of 65,535×65,535 pixels": Attack(
        lambda: make_dicom_bytes(_TINY, Rows=65_535, Columns=65_535), (LARGE, CORRUPT, EXPANDS)
    ),
    "DICOM of four gigabytes, it says": Attack(_state_length, (CORRUPT, ANSWERED)),
    "DICOM of no number": Attack(
        lambda: make_dicom_bytes(_TINY, RescaleSlope="1e308", RescaleIntercept="-1e308", WindowWidth="0"),
        (CORRUPT, ANSWERED),
    ),
    "DICOM, deflated": Attack(_make_large, (LARGE, ANSWERED, EXPANDS)),
    "DICOM, run lengths": Attack(lambda: _encapsulate(RLELossless, _repeat_run(), 7000), (LARGE, ANSWERED)),
    "DICOM, JPEG 2000 of 200 frames": Attack(
        lambda: _encapsulate(JPEG2000Lossless, _compress(), 512, 200), (ANSWERED, CORRUPT, EXPANDS, LARGE), within_s=60
    ),
    "NIfTI of 32,767 slices": Attack(lambda: _make_nothing((32, 32, 32_767)), (_SLICES,)),
    "NIfTI of 2,000 slices": Attack(lambda: _make_nothing((64, 64, 2000)), (ANSWERED, CORRUPT), within_s=100),
    "NIfTI of half a gigabyte": Attack(
        lambda: _make_nothing((400, 400, 400), np.float64), (ANSWERED, EXPANDS, LARGE, CORRUPT), within_s=60
    ),
    "NIfTI that is shorter than it says": Attack(
        lambda: _alter_nifti(40, "4h", 3, 32_000, 32_000, 32_000), (EXPANDS, LARGE)
    ),
    "NIfTI of negative size": Attack(lambda: _alter_nifti(40, "4h", 3, -8, -8, 8), (CORRUPT,)),
    "NIfTI with voxels of no size": Attack(lambda: _alter_nifti(76, "4f", 1, float("nan"), 0, -1), (CORRUPT, ANSWERED)),
    "NIfTI in endless space": Attack(lambda: _alter_nifti(280, "4f", *[float("inf")] * 4), (CORRUPT, ANSWERED)),
    "NIfTI with an endless slope": Attack(lambda: _alter_nifti(112, "2f", float("inf"), 0), (CORRUPT, ANSWERED)),
    "NIfTI of what is no number": Attack(
        lambda: make_nifti_bytes(np.full((32, 32, 32), np.nan, np.float32)), (CORRUPT, ANSWERED)
    ),
}
"""Their names say what they are."""
