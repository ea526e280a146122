"""The API through the page's address."""

import os
from pathlib import Path

import httpx
import pytest

from tests.compose.predicting import assert_predicted, assert_problem, phantom_file, post_picture
from tests.compose.stack import ROOT

MIB = 2**20


def test_health_is_ready(client: httpx.Client) -> None:
    response = client.get("/api/health")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"


def test_phantom_gets_probabilities_that_sum_to_1(client: httpx.Client) -> None:
    assert_predicted(post_picture(client, phantom_file()))


def test_real_slice_gets_probabilities_that_sum_to_1(client: httpx.Client) -> None:
    data = Path(os.environ.get("TUMORSCOPE_DATA", ROOT.parent / "shared" / "data"))
    pictures = sorted((data / "slices" / "glioma").glob("*"))
    if not pictures:
        pytest.skip("no real slices: TUMORSCOPE_DATA names no data folder, and there is none at ../shared/data")
    assert_predicted(post_picture(client, pictures[0].read_bytes()))


def test_upload_of_260_mib_is_refused_by_the_api(client: httpx.Client) -> None:
    assert_problem(post_picture(client, bytes(260 * MIB)), 413, "upload_too_large")


def test_upload_that_nginx_refuses_gets_the_same_problem(client: httpx.Client) -> None:
    response = post_picture(client, bytes(280 * MIB))
    assert_problem(response, 413, "upload_too_large")
    assert "272 MiB" in response.json()["detail"]


def test_request_id_of_the_client_comes_back(client: httpx.Client) -> None:
    headers = client.get("/api/health", headers={"X-Request-Id": "ward-3.scan_12"}).headers
    assert headers.get_list("x-request-id") == ["ward-3.scan_12"]


def test_request_id_is_made_where_the_client_sends_none_or_a_forged_one(client: httpx.Client) -> None:
    for sent in ({}, {"X-Request-Id": 'x" status="200'}):
        (request_id,) = client.get("/api/health", headers=sent).headers.get_list("x-request-id")
        assert len(request_id) == 32
        assert request_id.isalnum()
