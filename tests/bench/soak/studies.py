"""What the mixed load sends: pictures, DICOM, volumes and bad files, each as the bytes of a whole request."""

import io
import random
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from pydicom.uid import JPEG2000Lossless

from tests.attacks.attack import Attack
from tests.attacks.files import ATTACKS
from tests.bench.formats import make_series, make_volume
from tests.bench.servers import make_form
from tests.factories import (
    make_dicom_bytes,
    make_dicom_dataset,
    make_huge_png,
    make_nifti_bytes,
    make_phantom_file,
    write_dicom,
)
from tumorscope.imaging.phantom import draw_phantom

PICTURE, VOLUME, BAD, ATTACK = "single picture", "volume", "bad file", "attack"
_NDJSON = "application/x-ndjson"
_BOMB_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Study:
    """One request.

    Parameters
    ----------
    name : str
        For the tables.
    group : str
        `PICTURE`, `VOLUME`, `BAD` or `ATTACK`.
    request : bytes
        Head and body.
    statuses : tuple of int
        Of the answers that are right, where it is not overloaded.
    share : int
        How often it is sent, of all the shares together.
    """

    name: str
    group: str
    request: bytes
    statuses: tuple[int, ...]
    share: int


def make_studies() -> list[Study]:
    """All kinds. Volumes take about as much of the processor as everything else together."""
    picture = draw_phantom(1, lesion=True, size=512).astype(np.uint16) * np.uint16(12)
    compressed = make_dicom_dataset(picture)
    compressed.compress(JPEG2000Lossless)
    jpeg = make_phantom_file("JPEG", seed=1, size=512)
    plain = "application/octet-stream"
    other = make_phantom_file("JPEG", 3, size=512)
    head = np.stack([draw_phantom(2, lesion=True, size=96)] * 40, axis=-1)
    return [
        Study("JPEG 512×512, form", PICTURE, _write(*make_form(jpeg)), (200,), 60),
        Study(
            "JPEG 512×512, plain body",
            PICTURE,
            _write(other, "image/jpeg"),
            (200,),
            30,
        ),
        Study("PNG 256×256", PICTURE, _write(make_phantom_file("PNG", 4), "image/png"), (200,), 24),
        Study("JPEG with heat map", PICTURE, _write(jpeg, "image/jpeg", query="?explain=heatmap"), (200,), 4),
        Study("DICOM 512×512", PICTURE, _write(make_dicom_bytes(picture), "application/dicom"), (200,), 22),
        Study("DICOM, JPEG 2000", PICTURE, _write(write_dicom(compressed), "application/dicom"), (200,), 8),
        Study("NIfTI 240×240×155", VOLUME, _write(make_volume(), "application/gzip"), (200,), 1),
        Study("ZIP of 40 instances", VOLUME, _write(make_series(40), "application/zip"), (200,), 1),
        Study(
            "NIfTI 96×96×40, progress",
            VOLUME,
            _write(make_nifti_bytes(head, compressed=True), "application/gzip", accept=_NDJSON),
            (200,),
            2,
        ),
        Study("cut JPEG", BAD, _write(jpeg[: len(jpeg) // 2], "image/jpeg"), (422,), 10),
        Study("text", BAD, _write(b"Dear colleague,\n", plain), (415,), 10),
        Study("CT", BAD, _write(make_dicom_bytes(picture, Modality="CT"), plain), (422,), 8),
        Study("empty", BAD, _write(b"", plain), (400,), 8),
        Study("30,000×30,000 PNG", BAD, _write(make_huge_png(), plain), (413,), 8),
        Study("ZIP of 64 MiB of zeros", BAD, _write(_make_bomb(), "application/zip"), (415,), 1),
    ]


def shuffle(studies: list[Study], rng: random.Random) -> Iterator[Study]:
    """Without end: each study as often as its share in a round, in random order."""
    deck = [study for study in studies for _ in range(study.share)]
    while True:
        rng.shuffle(deck)
        yield from deck


def make_attacks() -> list[Study]:
    """Every attack of one request, each as often."""
    return [
        Study(name, ATTACK, _write_attack(attack), tuple({int(answer[:3]) for answer in attack.answers}), 1)
        for name, attack in ATTACKS.items()
    ]


def mix(studies: Iterator[Study], attacks: Iterator[Study], share: float, rng: random.Random) -> Iterator[Study]:
    """Without end: studies, and among them so large a share of attacks."""
    while True:
        yield next(attacks if rng.random() < share else studies)


def _write_attack(attack: Attack) -> bytes:
    headers = {"Content-Type": "application/octet-stream", "Accept": "application/json", **attack.headers}
    return _write_request(attack.path, attack.make(), headers)


def _write(body: bytes, content_type: str, *, query: str = "", accept: str = "application/json") -> bytes:
    return _write_request(f"/predict{query}", body, {"Accept": accept, "Content-Type": content_type})


def _write_request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _make_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", bytes(_BOMB_BYTES))
    return packed.getvalue()
