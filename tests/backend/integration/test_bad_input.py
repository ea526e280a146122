"""What bad input gets: the contract's status and code, and the next good request is answered."""

import json

import httpx
import numpy as np
import pytest

from tests.backend.integration.problems import check_problem, check_still_serving
from tests.factories import make_huge_png, make_phantom_file, make_picture
from tests.processes import ServedProcess
from tests.waiting import wait_until

_PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n"
# The allocator keeps some of what it got; a leak of one huge picture would be hundreds.
_KEPT_MIB = 150

_PHANTOM = make_phantom_file(size=512)
_FILES = {
    "empty": (b"", 422, "corrupt_file"),
    "truncated": (_PHANTOM[: len(_PHANTOM) // 2], 422, "corrupt_file"),
    "truncated after its magic": (_PHANTOM[:8], 422, "corrupt_file"),
    "30,000 x 30,000 pixels in 100 kB": (make_huge_png(), 413, "image_too_large"),
    "a PDF": (_PDF, 415, "unsupported_format"),
    "a text": (b"Dear colleague,\n", 415, "unsupported_format"),
    "an animated GIF": (make_picture(np.zeros((8, 8), np.uint8), "GIF"), 415, "unsupported_format"),
}


@pytest.mark.parametrize("name", _FILES)
def test_bad_file_gets_its_code(live: ServedProcess, name: str) -> None:
    data, status, code = _FILES[name]
    # Under a good name and type: they are never trusted.
    response = live.client.post("/predict", files={"file": ("scan.png", data, "image/png")})
    check_problem(response, status, code)
    check_still_serving(live)


def test_renamed_file_is_read_as_what_it_is(live: ServedProcess) -> None:
    response = live.client.post("/predict", files={"file": ("scan.pdf", make_phantom_file("WEBP"), "application/pdf")})
    assert response.json()["input"]["format"] == "webp"


def test_form_without_the_field_file_is_no_file(live: ServedProcess) -> None:
    check_problem(live.client.post("/predict", files={"picture": _PHANTOM}), 400, "no_file")
    check_problem(live.client.post("/predict", files={"file": ("", b"")}), 400, "no_file")
    check_problem(live.client.post("/predict"), 400, "no_file")


def test_wrong_method_and_path_are_problems(live: ServedProcess) -> None:
    response = live.client.get("/predict")
    check_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
    check_problem(live.client.get("/prediction"), 404, "not_found")


def test_unknown_parameter_value_is_invalid(live: ServedProcess) -> None:
    for query in ("explain=saliency", "slices=some"):
        check_problem(live.client.post(f"/predict?{query}", files={"file": _PHANTOM}), 422, "invalid_request")


def test_malformed_forms_are_invalid(live: ServedProcess) -> None:
    for kind, body in (
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=a", b"no boundary here"),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\nPNG',
        ),
    ):
        response = live.client.post("/predict", content=body, headers={"Content-Type": kind})
        check_problem(response, 422, "invalid_request")


def test_two_pictures_are_not_one_study(live: ServedProcess) -> None:
    parts = [("file", ("a.png", _PHANTOM)), ("file", ("b.png", _PHANTOM))]
    check_problem(live.client.post("/predict", files=parts), 400, "mixed_study")


@pytest.mark.parametrize("count", [2001, 20_000])
def test_too_many_files_are_refused(live: ServedProcess, count: int) -> None:
    parts = [("file", (f"{i}.png", b"x")) for i in range(count)]
    check_problem(live.client.post("/predict", files=parts), 413, "too_many_files")
    check_still_serving(live)


@pytest.mark.parametrize("form", [True, False], ids=["form", "plain body"])
def test_body_of_40_mib_is_too_large(live: ServedProcess, form: bool) -> None:
    body = bytes(40 * 2**20)
    response = live.client.post("/predict", **({"files": {"file": body}} if form else {"content": body}))
    check_problem(response, 413, "upload_too_large")
    check_still_serving(live)


def test_body_without_a_declared_length_is_bounded_too(live: ServedProcess) -> None:
    response = live.client.post("/predict", content=(bytes(2**20) for _ in range(40)))
    check_problem(response, 413, "upload_too_large")


def test_memory_is_back_after_bad_and_large_input(live: ServedProcess) -> None:
    large = make_picture(np.zeros((6000, 6000), np.uint8))
    check_still_serving(live)
    live.client.post("/predict", files={"file": large})
    before = live.resident_mib
    for _ in range(4):
        assert live.client.post("/predict", files={"file": large}).status_code == 200
        for data, status, _code in _FILES.values():
            assert live.client.post("/predict", files={"file": ("x", data)}).status_code == status
        assert live.client.post("/predict", content=bytes(40 * 2**20)).status_code == 413
    check_still_serving(live)
    assert live.resident_mib - before < _KEPT_MIB


def test_client_that_goes_away_costs_nothing(live: ServedProcess) -> None:
    with pytest.raises(httpx.TransportError):
        live.client.post("/predict", files={"file": make_phantom_file(size=1024)}, timeout=0.0005)
    check_still_serving(live)


def test_log_holds_no_file_name_and_every_line_is_json(live: ServedProcess) -> None:
    live.client.post("/predict?patient=Jane_Doe", files={"file": ("Jane_Doe_1970.png", _PHANTOM)})
    live.client.post("/Jane_Doe", files={"file": ("Jane_Doe_1970.png", b"bad")})
    lines = live.log.read_text().splitlines()
    assert "Jane" not in "\n".join(lines)
    requests = [record for record in map(json.loads, lines) if record["event"] == "request"]
    assert {"request_id", "method", "route", "status", "code", "duration_ms"} <= set(requests[-1])


def test_log_states_the_type_of_what_a_library_raised(live: ServedProcess) -> None:
    answer = live.client.post("/predict", content=_PHANTOM[: len(_PHANTOM) // 2])
    request_id = answer.headers["X-Request-Id"]
    wait_until(lambda: request_id in live.log.read_text())
    (line,) = (json.loads(line) for line in live.log.read_text().splitlines() if request_id in line)
    assert (line["code"], line["cause"]) == ("corrupt_file", "OSError")
