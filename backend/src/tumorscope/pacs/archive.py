"""Studies and series of an archive, by DICOMweb (DICOM PS3.18): QIDO-RS to find, WADO-RS to read, STOW-RS to store."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx

from tumorscope.domain.errors import PeerError
from tumorscope.pacs.multipart import join_parts, read_parts
from tumorscope.pacs.peers import reaching, read_whole, require_success

_PAGE = 500
_MOST_STUDIES = 500_000
_MOST_DIGITS = 9
# DICOM allows 64 digits and dots (PS3.5, 9.1); some anonymisers write letters. It has to fit an address and a log.
_UID = re.compile(r"(?!\.+$)[!-~]{1,64}")
_JSON = {"Accept": "application/dicom+json"}
# Without the asterisk an archive may decompress the images (PS3.18, 8.7.3.5.2).
_FILES = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
_STUDY_UID, _STUDY_DESCRIPTION, _STUDY_INSTANCES = "0020000D", "00081030", "00201208"
_SERIES_UID, _SERIES_DESCRIPTION, _SERIES_INSTANCES = "0020000E", "0008103E", "00201209"
_INSTANCE_UID = "00080018"
_MODALITY, _MANUFACTURER, _STATION, _BODY_PART = "00080060", "00080070", "00081010", "00180015"


@dataclass(frozen=True, slots=True)
class Series:
    """What the archive says of a series; a text that it does not state is empty."""

    uid: str
    modality: str
    manufacturer: str
    station: str
    body_part: str
    study_description: str
    description: str
    instance_count: int


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive that speaks DICOMweb, at the client's base address.

    Its functions raise `PeerUnavailable` when it cannot be reached or cannot answer now, and `PeerError` when its
    answer cannot be used.
    """

    client: httpx.Client

    def find_studies(self, modality: str, since: str | None) -> Iterator[tuple[str, int]]:
        """List studies with a series of a modality, from a date on (YYYYMMDD): UID and number of instances.

        Those without a UID of at most 64 printable ASCII characters cannot be asked for, and are left out.
        """
        found: set[str] = set()
        query = {"ModalitiesInStudy": modality} | ({"StudyDate": f"{since}-"} if since else {})
        while True:
            # Orthanc 1.10 applies the limit before the offset.
            page = {"offset": str(len(found)), "limit": str(len(found) + _PAGE)} if found else {"limit": str(_PAGE)}
            listed = self._query("studies", query | page)
            rows = {_text(row, _STUDY_UID): _count(row, _STUDY_INSTANCES) for row in listed}
            yield from ((uid, count) for uid, count in rows.items() if _UID.fullmatch(uid))
            if rows.keys() <= found:
                return
            found |= rows.keys()
            if len(found) > _MOST_STUDIES:
                raise PeerError("The archive lists too many studies; ask for those of fewer days.", "too_many_studies")

    def find_series(self, study: str) -> list[Series]:
        """List the series of a study; none of one that is not there."""
        fields = {"includefield": [_STUDY_DESCRIPTION, _SERIES_DESCRIPTION, _MANUFACTURER, _STATION, _BODY_PART]}
        return [
            Series(
                uid=_text(row, _SERIES_UID),
                modality=_text(row, _MODALITY),
                manufacturer=_text(row, _MANUFACTURER),
                station=_text(row, _STATION),
                body_part=_text(row, _BODY_PART),
                study_description=_text(row, _STUDY_DESCRIPTION),
                description=_text(row, _SERIES_DESCRIPTION),
                instance_count=_count(row, _SERIES_INSTANCES),
            )
            for row in self._query(f"studies/{_quote(study)}/series", fields)
        ]

    def holds(self, study: str, instance: str) -> bool:
        """Ask whether an instance of a study is there; what is listed may be more than what was asked for."""
        listed = self._query(f"studies/{_quote(study)}/instances", {"SOPInstanceUID": instance})
        return any(_text(row, _INSTANCE_UID) == instance for row in listed)

    def read_series(self, study: str, series: Series) -> Iterator[bytes | None]:
        """Read the files of a series: None where one begins, then its content in pieces.

        Raises
        ------
        PeerError
            ``archive_sends_too_few``, after the last piece: fewer files than are listed.
        """
        place, files = f"studies/{_quote(study)}/series/{_quote(series.uid)}", 0
        with (
            reaching("archive") as extensions,
            self.client.stream("GET", place, headers=_FILES, extensions=extensions) as response,
        ):
            require_success(response, "archive")
            for piece in read_parts(response.headers.get("Content-Type", ""), response.iter_bytes()):
                files += piece is None
                yield piece
            if files < series.instance_count:
                raise PeerError("The archive sends fewer files of a series than it lists.", "archive_sends_too_few")

    def store(self, study: str, files: Iterable[bytes]) -> None:
        """Send DICOM files to a study; only `holds` tells whether they are there.

        The body states its length: Orthanc answers 200 to one in chunks, and stores nothing of it.
        """
        boundary = uuid4().hex
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        content, headers = join_parts(files, boundary), {"Content-Type": kind, **_JSON}
        place = f"studies/{_quote(study)}"
        with (
            reaching("archive") as extensions,
            self.client.stream("POST", place, content=content, headers=headers, extensions=extensions) as response,
        ):
            require_success(response, "archive")
            read_whole(response, "archive")

    def _query(self, path: str, parameters: Mapping[str, str | list[str]]) -> list[dict[str, Any]]:
        with (
            reaching("archive") as extensions,
            self.client.stream("GET", path, params=parameters, headers=_JSON, extensions=extensions) as response,
        ):
            require_success(response, "archive")
            content = read_whole(response, "archive")
        try:
            # No content: nothing was found.
            rows = json.loads(content) if content else []
        except (ValueError, RecursionError) as error:
            raise PeerError("The archive's answer is not JSON.", "answer_invalid") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise PeerError("The archive's answer is not a list of datasets.", "answer_invalid")
        return rows


def _quote(uid: str) -> str:
    """Write a UID as a part of an address.

    Raises
    ------
    PeerError
        It is none that could be asked for.
    """
    if not _UID.fullmatch(uid):
        raise PeerError("The archive names a study or series by no UID.", "answer_invalid")
    return quote(uid, safe="")


def _text(row: dict[str, Any], tag: str) -> str:
    """The first value; empty where none is stated, or not as DICOM's JSON (PS3.18, F.2) has it."""
    attribute = row.get(tag)
    values = attribute.get("Value") if isinstance(attribute, dict) else None
    first = values[0] if isinstance(values, list) and values else None
    return str(first) if isinstance(first, (str, int)) else ""


def _count(row: dict[str, Any], tag: str) -> int:
    text = _text(row, tag)
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else 0
