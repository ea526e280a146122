"""What the service gets of a study, and what its answers mean."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from tests.serving import listen
from tests.waiting import wait_until
from tumorscope.domain.errors import PeerError, PeerUnavailable, StudyRefused, StudyTooLarge
from tumorscope.pacs.peers import open_client
from tumorscope.pacs.service import predict


def test_study_that_the_archive_ends_early_is_never_complete_for_the_service() -> None:
    app, received = FastAPI(), []

    @app.post("/predict")
    async def read(request: Request) -> Response:
        try:
            received.append(await request.body())
        except ClientDisconnect:
            received.append(b"incomplete")
        return Response()

    def end_early() -> Iterator[bytes | None]:
        yield None
        yield b"DICM" * 100_000
        raise PeerError("The archive ended its answer early.", "archive_disconnected")

    with listen(app) as (host, port), open_client(f"http://{host}:{port}", None) as client:
        with pytest.raises(PeerError, match="ended its answer early"):
            predict(client, end_early())
        wait_until(lambda: received)
    assert received == [b"incomplete"]


def _ask(status: int, content: bytes, headers: dict[str, str]) -> None:
    """A service that answers this."""
    app = FastAPI()

    @app.post("/predict")
    async def answer() -> Response:
        return Response(content, status, headers)

    with listen(app) as (host, port), open_client(f"http://{host}:{port}", None) as client:
        predict(client, [None, b"DICM"])


@pytest.mark.parametrize(
    ("status", "headers", "code", "wait_s"),
    [
        (503, {"Retry-After": "7"}, "service_unavailable", 7),
        (429, {}, "service_unavailable", 0),
        (502, {}, "service_unavailable", 0),
        (401, {}, "service_refused", 0),
        (403, {}, "service_refused", 0),
        (421, {}, "service_refused", 0),
        # There is something else at the address.
        (404, {}, "service_http_404", 0),
        (405, {}, "service_http_405", 0),
        (308, {"Location": "https://service.example/predict"}, "service_http_308", 0),
    ],
)
def test_service_that_cannot_answer_now_is_no_fault_of_the_study(
    status: int, headers: dict[str, str], code: str, wait_s: float
) -> None:
    with pytest.raises(PeerUnavailable) as raised:
        _ask(status, b"", headers)
    assert (raised.value.code, raised.value.retry_after_s) == (code, wait_s)


@pytest.mark.parametrize(
    ("status", "content", "kind", "code"),
    [
        (400, b'{"code": "mixed_study"}', StudyRefused, "mixed_study"),
        (415, b'{"code": "unsupported_format"}', StudyRefused, "unsupported_format"),
        (422, b'{"code": "nothing_to_report"}', StudyRefused, "nothing_to_report"),
        (413, b'{"code": "too_many_files"}', StudyTooLarge, "too_many_files"),
        # A proxy's.
        (413, b"<html>", StudyTooLarge, "service_http_413"),
    ],
)
def test_answers_that_last(status: int, content: bytes, kind: type[PeerError], code: str) -> None:
    with pytest.raises(kind) as raised:
        _ask(status, content, {})
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (408, b'{"code": "upload_too_slow"}', "upload_too_slow"),
        (422, b'{"code": "took_too_long"}', "took_too_long"),
        (500, b'{"code": "internal"}', "service_http_500"),
        (504, b"", "service_http_504"),
        # Of something between watcher and service, which knows nothing of the study.
        (400, b"<html>", "service_http_400"),
        (422, b"[" * 100_000, "service_http_422"),
        (200, b"no DICOM", "answer_invalid"),
    ],
)
def test_answers_after_which_another_try_may_help(status: int, content: bytes, code: str) -> None:
    with pytest.raises(PeerError) as raised:
        _ask(status, content, {})
    assert type(raised.value) is PeerError
    assert raised.value.code == code
