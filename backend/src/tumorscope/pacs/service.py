"""The files of a study in, DICOM objects of its prediction out, from the service that runs the pipeline."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from uuid import uuid4

import httpx
from pydicom import dcmread

from tumorscope.domain.errors import PeerError, StudyRefused
from tumorscope.pacs.multipart import read_parts
from tumorscope.pacs.peers import reaching, require_success

_DICOM = {"Accept": 'multipart/related; type="application/dicom"'}
# Of what was sent. The same would be refused again.
_OF_CONTENT = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.UNPROCESSABLE_ENTITY)
_OF_LOAD = ("took_too_long", "upload_too_slow")


def predict(client: httpx.Client, files: Iterable[bytes | None]) -> dict[str, bytes]:
    """Ask the service for a prediction of a study, which is sent on while it is read.

    Parameters
    ----------
    client : httpx.Client
        Its base address is that of the service.
    files : iterable of bytes or None
        None where a file begins, then its content in pieces.

    Returns
    -------
    dict of str to bytes
        DICOM files by SOP Instance UID.

    Raises
    ------
    StudyRefused
        With the code of the service's error.
    PeerUnavailable, PeerError
        It cannot be asked now, or failed.
    """
    boundary = uuid4().hex
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    with reaching("service"):
        response = client.post("predict", content=_write_form(files, boundary), headers=kind | _DICOM)
    if response.status_code in _OF_CONTENT:
        code = _read_code(response)
        if code not in _OF_LOAD:
            raise StudyRefused("The service makes no report of the study.", code)
    require_success(response, "service")
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


def _read_code(response: httpx.Response) -> str:
    try:
        return str(response.json()["code"])
    except (ValueError, KeyError, TypeError) as error:
        raise PeerError("The service's answer states no code.", "answer_invalid") from error
