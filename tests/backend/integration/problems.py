"""What every refusal has to look like."""

import httpx

from tests.factories import make_phantom_file
from tests.processes import ServedProcess


def check_problem(response: httpx.Response, status: int, code: str) -> None:
    """Problem details as the contract has them, with nothing of the machine in them."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert set(problem) == {"type", "title", "status", "code", "detail", "request_id"}
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert problem["request_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    assert "tumorscope/" not in response.text


def check_still_serving(live: ServedProcess) -> None:
    """The next good request is answered."""
    assert live.client.post("/predict", files={"file": make_phantom_file()}).status_code == 200
