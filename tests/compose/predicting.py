"""What the tests ask of a prediction, whoever answers it."""

import httpx
import pytest

from tumorscope.imaging.formats.raster import encode_png
from tumorscope.imaging.phantom import draw_phantom


def phantom_file() -> bytes:
    return encode_png(draw_phantom(seed=7, lesion=True))


def post_picture(client: httpx.Client, content: bytes, name: str = "slice.png") -> httpx.Response:
    return client.post("/api/predict", files={"file": (name, content, "image/png")})


def assert_predicted(response: httpx.Response) -> None:
    assert response.status_code == 200, response.text
    assert sum(response.json()["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def assert_problem(response: httpx.Response, status: int, code: str) -> None:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == response.headers["x-request-id"]
