"""What the service gets of a study, and what its answers mean."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from tests.serving import listen
from tests.waiting import wait_until
from tumorscope.domain.errors import PeerError, PeerUnavailable
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


@pytest.mark.parametrize(
    ("status", "headers", "code", "wait_s"),
    [
        (503, {"Retry-After": "7"}, "service_unavailable", 7),
        (429, {}, "service_unavailable", 0),
        (401, {}, "service_refused", 0),
    ],
)
def test_service_that_cannot_answer_now_is_no_fault_of_the_study(
    status: int, headers: dict[str, str], code: str, wait_s: float
) -> None:
    app = FastAPI()

    @app.post("/predict")
    async def answer() -> Response:
        return Response(status_code=status, headers=headers)

    with (
        listen(app) as (host, port),
        open_client(f"http://{host}:{port}", None) as client,
        pytest.raises(PeerUnavailable) as raised,
    ):
        predict(client, [None, b"DICM"])
    assert (raised.value.code, raised.value.retry_after_s) == (code, wait_s)


@pytest.mark.parametrize("path", ["", "/predict"])
def test_other_answers_are_failures(path: str) -> None:
    app = FastAPI()

    @app.post(path or "/other")
    async def answer() -> str:
        return "no DICOM"

    with (
        listen(app) as (host, port),
        open_client(f"http://{host}:{port}", None) as client,
        pytest.raises(PeerError) as raised,
    ):
        predict(client, [None, b"DICM"])
    assert raised.value.code == ("answer_invalid" if path else "service_http_404")
