"""The files of a study in, DICOM objects of its prediction out, from the service that runs the pipeline."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from uuid import uuid4

import httpx
from pydicom import dcmread

from tumorscope.domain.errors import PeerError, PeerUnavailable, StudyRefused, StudyTooLarge
from tumorscope.pacs.multipart import read_parts
from tumorscope.pacs.peers import reaching, require_success

_DICOM = {"Accept": 'multipart/related; type="application/dicom"'}
# Of what was sent. The same would be refused again.
_OF_CONTENT = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY)
# Perhaps not of the next try.
_OF_LOAD = ("took_too_long", "upload_too_slow")
# There is something else at the address.
_OF_ADDRESS = (
    *(HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT),
    *(HTTPStatus.PERMANENT_REDIRECT, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED),
)


def predict(client: httpx.Client, files: Iterable[bytes | None]) -> dict[str, bytes]:
    """Ask the service for a prediction of a study: DICOM files by SOP Instance UID.

    The study is sent on while it is read: None where a file begins, then its content in pieces.

    Raises
    ------
    StudyRefused, StudyTooLarge
        With the code of the service's error.
    PeerUnavailable, PeerError
        It cannot be asked now, or failed.
    """
    boundary = uuid4().hex
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    form, headers = _write_form(files, boundary), kind | _DICOM
    with reaching("service") as extensions:
        response = client.post("predict", content=form, headers=headers, extensions=extensions)
    _require_report(response)
    objects: list[bytearray] = []
    for piece in read_parts(response.headers.get("Content-Type", ""), [response.content]):
        if piece is None:
            objects.append(bytearray())
        else:
            objects[-1] += piece
    return {str(dcmread(BytesIO(one), stop_before_pixels=True).SOPInstanceUID): bytes(one) for one in objects}


def _write_form(files: Iterable[bytes | None], boundary: str) -> Iterator[bytes]:
    start = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="dicom"\r\n\r\n'.encode()
    is_first = True
    for piece in files:
        if piece is None:
            yield start if is_first else b"\r\n" + start
            is_first = False
        else:
            yield piece
    yield f"\r\n--{boundary}--\r\n".encode()


def _require_report(response: httpx.Response) -> None:
    status, code = response.status_code, _read_code(response)
    if status in _OF_ADDRESS:
        raise PeerUnavailable(f"There is no service at the address: {status}.", f"service_http_{status}")
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # A proxy before the service states no code.
        raise StudyTooLarge("The study is over a limit of the service.", code or f"service_http_{status}")
    if code in _OF_LOAD:
        raise PeerError("The service has too little time for the study.", code)
    if status in _OF_CONTENT and code:
        raise StudyRefused("The service makes no report of the study.", code)
    require_success(response, "service")


def _read_code(response: httpx.Response) -> str:
    """As the service's errors state it; empty in all else."""
    if not response.is_error:
        return ""
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
