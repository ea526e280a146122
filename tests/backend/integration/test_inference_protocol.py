"""The Open Inference Protocol v2 with the unmodified client of Triton, over a socket."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import tritonclient.http
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException

from tests.factories import make_phantom_file
from tests.waiting import PATIENCE_S
from tumorscope.api.app import create_app
from tumorscope.api.lifecycle import service as service_module
from tumorscope.api.settings import Settings
from tumorscope.imaging.decode import decode_image
from tumorscope.model.bundle import read_bundle
from tumorscope.preprocessing.pipeline import to_model_input

_SIZE = 32
_LABELS = ["glioma", "meningioma", "no_tumor", "pituitary"]
_FILES = [make_phantom_file(seed=seed, lesion=bool(seed % 2)) for seed in range(3)]


@dataclass(frozen=True)
class _Service:
    """A running service, by the client under test and by plain HTTP."""

    triton: Any
    http: httpx.Client


@pytest.fixture(scope="module")
def service(tiny_address: str) -> Iterator[_Service]:
    with (
        tritonclient.http.InferenceServerClient(tiny_address, concurrency=8) as triton,
        httpx.Client(base_url=f"http://{tiny_address}", timeout=PATIENCE_S) as http,
    ):
        yield _Service(triton, http)


@pytest.fixture(scope="module")
def pixels(tiny_bundle_folder: Path) -> NDArray[np.float32]:
    """What preprocessing makes of `_FILES`."""
    parameters = read_bundle(tiny_bundle_folder).manifest.preprocessing_parameters
    return np.stack([to_model_input(decode_image(file, 10**6), parameters).pixels for file in _FILES])


@pytest.fixture(scope="module")
def predicted(service: _Service) -> NDArray[np.float64]:
    """Probabilities that POST /predict gives for `_FILES`, in the order of the labels."""
    answers = [service.http.post("/predict", files={"file": file}).json() for file in _FILES]
    return np.array([[answer["probabilities"][label] for label in _LABELS] for answer in answers])


def _make_input(pixels: NDArray[Any], *, binary: bool = True) -> Any:
    datatype = tritonclient.utils.np_to_triton_dtype(pixels.dtype)
    tensor = tritonclient.http.InferInput("pixels", list(pixels.shape), datatype)
    return tensor.set_data_from_numpy(pixels, binary_data=binary)


def _ask_for(name: str, *, binary: bool = True, **options: int) -> Any:
    return tritonclient.http.InferRequestedOutput(name, binary_data=binary, **options)


def test_server_and_model_are_live_and_ready(service: _Service) -> None:
    assert service.triton.is_server_live()
    assert service.triton.is_server_ready()
    assert service.triton.is_model_ready("tiny")
    assert service.triton.is_model_ready("tiny", "0.0.1")


def test_another_model_or_version_is_not_ready(service: _Service) -> None:
    assert not service.triton.is_model_ready("other")
    assert not service.triton.is_model_ready("tiny", "9.9.9")


def test_server_metadata_name_the_binary_extension(service: _Service) -> None:
    metadata = service.triton.get_server_metadata()
    assert metadata["name"] == "tumorscope"
    assert metadata["extensions"] == ["binary_tensor_data"]


@pytest.mark.parametrize("version", ["", "0.0.1"])
def test_model_metadata_state_the_tensors_and_what_they_mean(service: _Service, version: str) -> None:
    metadata = service.triton.get_model_metadata("tiny", version)
    assert (metadata["name"], metadata["versions"]) == ("tiny", ["0.0.1"])
    (taken,) = metadata["inputs"]
    assert (taken["name"], taken["datatype"], taken["shape"]) == ("pixels", "FP32", [-1, _SIZE, _SIZE, 3])
    given = {one["name"]: one for one in metadata["outputs"]}
    assert {name: one["shape"] for name, one in given.items()} == {
        "logits": [-1, 4],
        "probabilities": [-1, 4],
        "tumor_probability": [-1],
        "scope_distance": [-1],
    }
    assert given["probabilities"]["parameters"]["labels"] == _LABELS
    assert given["scope_distance"]["parameters"]["picture_limit"] == 1e6
    assert "Not for diagnostic use" in metadata["parameters"]["notice"]


@pytest.mark.parametrize("binary_output", [True, False])
@pytest.mark.parametrize("binary_input", [True, False])
def test_probabilities_are_those_of_predict(
    service: _Service,
    pixels: NDArray[np.float32],
    predicted: NDArray[np.float64],
    binary_input: bool,
    binary_output: bool,
) -> None:
    outputs = [_ask_for("probabilities", binary=binary_output), _ask_for("logits", binary=binary_output)]
    result = service.triton.infer("tiny", [_make_input(pixels, binary=binary_input)], outputs=outputs)
    probabilities, logits = result.as_numpy("probabilities"), result.as_numpy("logits")
    assert probabilities.dtype == np.float32
    assert probabilities == pytest.approx(predicted, abs=1e-6)
    exponentials = np.exp(logits.astype(np.float64))
    assert exponentials / exponentials.sum(axis=1, keepdims=True) == pytest.approx(predicted, abs=1e-6)
    assert (result.get_response()["model_name"], result.get_response()["model_version"]) == ("tiny", "0.0.1")


def test_all_outputs_come_where_none_is_named(
    service: _Service, pixels: NDArray[np.float32], predicted: NDArray[np.float64]
) -> None:
    result = service.triton.infer("tiny", [_make_input(pixels)], model_version="0.0.1")
    names = [output["name"] for output in result.get_response()["outputs"]]
    assert names == ["logits", "probabilities", "tumor_probability", "scope_distance"]
    assert result.as_numpy("tumor_probability") == pytest.approx(1 - predicted[:, 2], abs=1e-6)
    assert (result.as_numpy("scope_distance") > 0).all()


def test_output_in_json_beside_one_behind_it(service: _Service, pixels: NDArray[np.float32]) -> None:
    outputs = [_ask_for("tumor_probability", binary=False), _ask_for("probabilities"), _ask_for("logits")]
    result = service.triton.infer("tiny", [_make_input(pixels)], outputs=outputs)
    assert "data" in result.get_output("tumor_probability")
    assert "data" not in result.get_output("probabilities")
    assert result.as_numpy("tumor_probability") == pytest.approx(1 - result.as_numpy("probabilities")[:, 2], abs=1e-6)
    assert result.as_numpy("logits").shape == (3, 4)


def test_answer_repeats_the_request_id_and_states_the_version(service: _Service, pixels: NDArray[np.float32]) -> None:
    response = service.triton.infer("tiny", [_make_input(pixels)], request_id="slice 7", priority=1).get_response()
    assert response["id"] == "slice 7"
    assert "Not for diagnostic use" in response["parameters"]["notice"]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_request_is_answered(
    service: _Service, pixels: NDArray[np.float32], predicted: NDArray[np.float64], algorithm: str, binary: bool
) -> None:
    result = service.triton.infer(
        "tiny",
        [_make_input(pixels, binary=binary)],
        request_compression_algorithm=algorithm,
        # A client may ask for a compressed answer; a plain one is as good to it.
        response_compression_algorithm=algorithm,
    )
    assert result.as_numpy("probabilities") == pytest.approx(predicted, abs=1e-6)


def test_several_requests_at_once_each_get_their_own_answer(
    service: _Service, pixels: NDArray[np.float32], predicted: NDArray[np.float64]
) -> None:
    asked = [
        service.triton.async_infer("tiny", [_make_input(pixels[number % 3, None])], request_id=str(number))
        for number in range(24)
    ]
    for number, one in enumerate(asked):
        result = one.get_result()
        assert result.get_response()["id"] == str(number)
        assert result.as_numpy("probabilities")[0] == pytest.approx(predicted[number % 3], abs=1e-6)


@pytest.mark.parametrize(("name", "version"), [("other", ""), ("tiny", "9.9.9"), ("other", "0.0.1")])
def test_unknown_model_or_version_is_refused(
    service: _Service, pixels: NDArray[np.float32], name: str, version: str
) -> None:
    with pytest.raises(InferenceServerException, match=r"no model of this name|no such version") as refusal:
        service.triton.infer(name, [_make_input(pixels)], model_version=version)
    assert refusal.value.status() == "404"
    with pytest.raises(InferenceServerException, match=r"no model of this name|no such version"):
        service.triton.get_model_metadata(name, version)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (np.zeros((1, _SIZE, _SIZE, 3), np.uint8), "inputs.0.datatype: Input should be 'FP32'"),
        (np.zeros((1, 3, _SIZE, _SIZE), np.float32), r"inputs.0.shape: the model takes \(n, 32, 32, 3\)"),
        (np.zeros((_SIZE, _SIZE, 3), np.float32), "inputs.0.shape"),
        (np.zeros((17, _SIZE, _SIZE, 3), np.float32), "at most 16 slices"),
        (np.full((1, _SIZE, _SIZE, 3), 255, np.float32), "not a number between 0 and 1"),
        (np.full((1, _SIZE, _SIZE, 3), np.nan, np.float32), "not a number between 0 and 1"),
    ],
    ids=["datatype", "axes", "no batch axis", "too many", "scale", "not a number"],
)
def test_tensor_of_another_kind_is_refused(service: _Service, tensor: NDArray[Any], message: str) -> None:
    with pytest.raises(InferenceServerException, match=message) as refusal:
        service.triton.infer("tiny", [_make_input(tensor)])
    assert refusal.value.status() == "422"


def test_unknown_output_is_refused(service: _Service, pixels: NDArray[np.float32]) -> None:
    with pytest.raises(InferenceServerException, match="the model has logits, probabilities"):
        service.triton.infer("tiny", [_make_input(pixels)], outputs=[_ask_for("diagnosis")])


def test_extensions_that_are_not_served_are_refused(service: _Service, pixels: NDArray[np.float32]) -> None:
    with pytest.raises(InferenceServerException, match="classification"):
        service.triton.infer("tiny", [_make_input(pixels)], outputs=[_ask_for("logits", class_count=2)])
    shared = tritonclient.http.InferInput("pixels", [1, _SIZE, _SIZE, 3], "FP32").set_shared_memory("region", 12288)
    with pytest.raises(InferenceServerException, match="shared_memory"):
        service.triton.infer("tiny", [shared])
    with pytest.raises(InferenceServerException, match="Not Found"):
        service.triton.get_model_config("tiny")


def test_error_is_a_problem_that_clients_of_the_protocol_read_too(service: _Service) -> None:
    response = service.http.post("/v2/models/tiny/infer", content=b"{}")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")
    problem = response.json()
    assert problem["code"] == "invalid_request"
    assert problem["error"] == problem["detail"] == "inputs: Field required"
    assert problem["request_id"] == response.headers["x-request-id"]


_HEADER = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)).map(str.strip)


@given(
    st.binary(),
    st.fixed_dictionaries(
        {},
        optional={
            "Content-Encoding": st.sampled_from(["gzip", "deflate"]) | _HEADER,
            "Accept-Encoding": _HEADER,
            "Content-Type": _HEADER,
            "Inference-Header-Content-Length": st.integers(-1, 100).map(str) | _HEADER,
        },
    ),
)
def test_any_bytes_and_headers_are_refused_as_a_problem(
    service: _Service, body: bytes, headers: dict[str, str]
) -> None:
    response = service.http.post("/v2/models/tiny/infer", content=body, headers=headers)
    assert response.status_code in {413, 415, 422}
    assert response.json()["error"] == response.json()["detail"]


def test_small_body_that_decompresses_to_a_huge_one_is_refused(service: _Service) -> None:
    import gzip

    bomb = gzip.compress(bytes(64 * 2**20), 9)
    response = service.http.post("/v2/models/tiny/infer", content=bomb, headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()["code"]) == (413, "expands_too_much")


def test_body_larger_than_any_request_is_refused(service: _Service) -> None:
    response = service.http.post("/v2/models/tiny/infer", content=bytes(8 * 2**20))
    assert (response.status_code, response.json()["code"]) == (413, "upload_too_large")


def _count_slices(service: _Service) -> float:
    text = service.http.get("/metrics").text
    return float(re.search(r"^tumorscope_batch_slices_sum (\S+)$", text, re.M)[1])  # type: ignore[index]


def test_requests_are_counted_by_route_and_the_network_timed(service: _Service, pixels: NDArray[np.float32]) -> None:
    slices_before = _count_slices(service)
    service.triton.infer("tiny", [_make_input(pixels)])
    with pytest.raises(InferenceServerException):
        service.triton.infer("Jane Doe", [_make_input(pixels)])
    assert _count_slices(service) - slices_before == len(pixels)
    text = service.http.get("/metrics").text
    route = 'route="/v2/models/{name}/infer"'
    assert any(line.startswith("tumorscope_requests_total{") and route in line for line in text.splitlines())
    assert 'code="unknown_model"' in text
    assert 'tumorscope_stage_duration_seconds_count{scan="prepared",stage="inference"}' in text
    assert "Jane" not in text


def test_starting_service_is_live_and_refuses_to_infer(
    tiny_bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastapi.testclient import TestClient

    monkeypatch.setattr(service_module, "_WAIT_S", 0.1)
    # Without its lifespan the application has not begun to load.
    starting = TestClient(create_app(Settings(bundle=tiny_bundle_folder)))
    assert starting.get("/v2/health/live").json() == {"live": True}
    assert starting.get("/v2").json()["name"] == "tumorscope"
    for path in ("/v2/health/ready", "/v2/models/tiny/ready", "/v2/models/tiny"):
        refused = starting.get(path)
        assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
        assert int(refused.headers["retry-after"]) > 0
    assert starting.post("/v2/models/tiny/infer", content=b"{}").json()["error"] == "The service is starting."
