"""`tumorscope-client` against the real service."""

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, setrlimit
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from tests.factories import make_dicom_bytes, make_phantom_file, make_slice
from tests.serving import listen, serve
from tumorscope.api.app import create_app
from tumorscope.api.auth.api_keys import RateLimit, format_key, make_key
from tumorscope.api.settings import Settings
from tumorscope_client import Answer, AsyncClient, Client, Problem
from tumorscope_client import answer as forms

_SLICES = 6

Predict = Callable[..., Answer]


def _predict(url: str, *paths: Path, patience_s: float = 60, api_key: str | None = None, **options: Any) -> Answer:
    with Client(url, patience_s=patience_s, api_key=api_key) as client:
        return client.predict(*paths, **options)


def _predict_with_asyncio(
    url: str, *paths: Path, patience_s: float = 60, api_key: str | None = None, **options: Any
) -> Answer:
    async def predict() -> Answer:
        async with AsyncClient(url, patience_s=patience_s, api_key=api_key) as client:
            return await client.predict(*paths, **options)

    return asyncio.run(predict())


@pytest.fixture(params=[_predict, _predict_with_asyncio], ids=["sync", "async"])
def predict(request: pytest.FixtureRequest) -> Predict:
    client: Predict = request.param
    return client


@pytest.fixture
def url(tiny_address: str) -> str:
    return f"http://{tiny_address}"


@pytest.fixture
def series(tmp_path: Path) -> Path:
    """A folder of a series, and what is no part of it."""
    folder = tmp_path / "series"
    (folder / "deeper").mkdir(parents=True)
    for number in range(1, _SLICES + 1):
        stated: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{number}", "ImagePositionPatient": [0, 0, 5 * number]}
        file = folder / ("deeper" if number > 3 else "") / f"{number}.dcm"
        file.write_bytes(make_dicom_bytes(make_slice(number, size=128).pixels, **stated))
    (folder / ".hidden").write_text("no image")
    return folder


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    file = tmp_path / "slice.png"
    file.write_bytes(make_phantom_file())
    return file


def test_picture_is_answered_as_the_service_answers_it(predict: Predict, url: str, picture: Path) -> None:
    answer = predict(url, picture)
    plain = httpx.post(f"{url}/predict", content=picture.read_bytes(), trust_env=False).json()
    of_the_request = {"id", "timing_ms"}
    assert {name: answer[name] for name in plain.keys() - of_the_request} == {  # type: ignore[literal-required]
        name: plain[name] for name in plain.keys() - of_the_request
    }
    assert answer.keys() == plain.keys()


def test_folder_of_a_series_is_one_study_and_its_slices_are_counted(predict: Predict, url: str, series: Path) -> None:
    told: list[tuple[int, int]] = []
    answer = predict(url, series, slices="all", on_progress=lambda done, total: told.append((done, total)))
    assert answer["input"]["slice_count"] == len(answer["slices"]) == _SLICES
    assert told[0][0] == 0
    assert told == sorted(told)
    assert told[-1] == (_SLICES, _SLICES)


def test_series_of_more_files_than_may_be_open_is_sent(predict: Predict, url: str, tmp_path: Path) -> None:
    content = make_dicom_bytes(make_slice(1, size=32).pixels)
    for number in range(300):
        (tmp_path / f"{number}.dcm").write_bytes(content)
    most = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (200, most[1]))
    try:
        assert predict(url, tmp_path)["input"]["slice_count"] >= 1
    finally:
        setrlimit(RLIMIT_NOFILE, most)


def test_refusal_is_a_problem_with_the_services_code(predict: Predict, url: str, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("no picture")
    with pytest.raises(Problem) as caught:
        predict(url, tmp_path / "letter.txt")
    assert (caught.value.status, caught.value.code) == (415, "unsupported_format")
    assert caught.value.request_id
    assert str(caught.value) == f"unsupported_format: {caught.value.detail}"


@pytest.mark.parametrize(
    "content", [b"<html>\n", b'{"id": "1"}', b"[1]\n", b"1\n", b'{"event": "error"}\n', b"[" * 100_000 + b"\n"]
)
def test_another_server_at_the_address_is_a_problem(predict: Predict, content: bytes, picture: Path) -> None:
    app = FastAPI()

    @app.post("/predict")
    async def answer(request: Request) -> Response:
        await request.body()
        return Response(content)

    with listen(app) as (host, port), pytest.raises(Problem, match="no Tumorscope service"):
        predict(f"http://{host}:{port}", picture)


def test_file_whose_name_is_no_text_is_sent(predict: Predict, url: str, picture: Path) -> None:
    odd = picture.with_name(os.fsdecode(b'\xff\n".png'))
    picture.rename(odd)
    assert predict(url, odd)["input"]["format"] == "png"


def test_nothing_to_send_is_said_before_the_service_is_asked(predict: Predict, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError):
            predict("http://127.0.0.1:9", path)


def test_rate_limited_client_waits_as_long_as_it_is_asked_to(
    predict: Predict, tiny_bundle_folder: Path, picture: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    key, secret = make_key("ward", datetime.now(UTC).date(), RateLimit(requests_per_minute=30, burst=1))
    keys.write_text(f"{format_key(key)}\n")
    with serve(create_app(Settings(bundle=tiny_bundle_folder, api_keys_file=keys))) as address:
        url = f"http://{address}"
        with pytest.raises(Problem, match="missing_api_key"):
            predict(url, picture)
        began = time.monotonic()
        for _ in range(2):
            assert predict(url, picture, api_key=secret)["model"]["version"]
        # One request in two seconds; Retry-After is in whole ones.
        assert time.monotonic() - began > 1
        with pytest.raises(Problem, match="rate_limited"):
            predict(url, picture, api_key=secret, patience_s=0)


def test_service_that_starts_later_is_waited_for(predict: Predict, tiny_bundle_folder: Path, picture: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(httpx.ConnectError):
        predict(f"http://127.0.0.1:{port}", picture, patience_s=0)
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(predict(f"http://127.0.0.1:{port}", picture)))
    asking.start()
    time.sleep(1)
    assert answers == []
    with listen(create_app(Settings(bundle=tiny_bundle_folder)), port):
        asking.join()
    assert len(answers) == 1


@pytest.mark.parametrize("name", ["PredictionAnswer", "ModelDescription", "SliceFigures", "FindingFigures"])
def test_types_have_the_fields_of_the_contract(name: str) -> None:
    contract = json.loads((Path(__file__).parents[3] / "backend" / "openapi.json").read_text())["components"]["schemas"]
    ours = {
        "PredictionAnswer": forms.Answer,
        "ModelDescription": forms.Model,
        "SliceFigures": forms.SliceFigures,
        "FindingFigures": forms.Finding,
    }[name]
    assert set(ours.__annotations__) == set(contract[name]["properties"])
