"""GET /metrics counts what happened, and has no label value that a client chose."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import make_nifti_bytes, make_phantom_file, make_picture
from tests.waiting import wait_for_state
from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.inference import pipeline

_NAME = "Jane_Doe_1970"


def _read(client: TestClient) -> dict[str, float]:
    """The value of each series, by its text."""
    text = client.get("/metrics").text
    return {
        sample.name + _write_labels(sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def _subtract(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    """What was counted between, without what stayed as it was."""
    moved = {name: value - before.get(name, 0) for name, value in after.items()}
    return {name: value for name, value in moved.items() if value != 0}


def _write_labels(labels: Mapping[str, str]) -> str:
    return "".join(f" {name}={value}" for name, value in sorted(labels.items()) if name != "le") + (
        f" le={labels['le']}" if "le" in labels else ""
    )


def _predict(client: TestClient, content: bytes, **query: str) -> dict[str, object]:
    response = client.post("/predict", params=query, files={"file": (f"{_NAME}.png", content)})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def test_metrics_are_prometheus_text_and_need_no_model() -> None:
    response = TestClient(create_app(Settings(bundle=Path("absent")))).get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'tumorscope_service_state{state="starting"} 1.0' in response.text
    assert "tumorscope_model_info{" not in response.text


def test_openapi_document_states_plain_text() -> None:
    responses = create_app(Settings()).openapi()["paths"]["/metrics"]["get"]["responses"]
    assert set(responses["200"]["content"]) == {"text/plain"}


def test_prediction_moves_its_counters(client: TestClient) -> None:
    before = _read(client)
    answer = _predict(client, make_phantom_file(), explain="heatmap")
    moved = _subtract(_read(client), before)
    decision, label = answer["decision"], answer["label"] or "none"
    assert moved["tumorscope_requests_total code=none method=POST route=/predict status=200"] == 1
    assert moved["tumorscope_request_duration_seconds_count route=/predict"] == 1
    assert moved["tumorscope_upload_duration_seconds_count"] == 1
    assert moved["tumorscope_queue_wait_seconds_count lane=pictures"] == 1
    for stage in ("decode", "preprocess", "inference", "explain", "total"):
        assert moved[f"tumorscope_stage_duration_seconds_count scan=slice stage={stage}"] == 1
    assert moved["tumorscope_stage_duration_seconds_sum scan=slice stage=total"] > 0
    assert moved[f"tumorscope_decisions_total decision={decision} label={label} model_version=0.0.1"] == 1
    assert moved["tumorscope_inputs_total format=png"] == 1
    assert moved["tumorscope_batch_slices_count"] == 1
    # Each slice is at a right angle to the gate's only one.
    distance = moved["tumorscope_scope_distance_sum model_version=0.0.1 source=picture"]
    assert distance == pytest.approx(2**0.5)
    assert moved["tumorscope_scope_distance_count model_version=0.0.1 source=picture"] == 1


def test_probabilities_of_answers_are_distributions_by_model_version(client: TestClient) -> None:
    before = _read(client)
    answers = [_predict(client, make_phantom_file(seed=seed)) for seed in (1, 2, 3)]
    moved = _subtract(_read(client), before)
    tumor = [float(str(answer["tumor_probability"])) for answer in answers]
    assert moved["tumorscope_tumor_probability_sum model_version=0.0.1"] == pytest.approx(sum(tumor))
    for limit in (0.1, 0.5, 0.9):
        bucket = f"tumorscope_tumor_probability_bucket model_version=0.0.1 le={limit}"
        assert moved.get(bucket, 0) == sum(value <= limit for value in tumor)
    for name in ("glioma", "meningioma", "no_tumor", "pituitary"):
        values = [answer["probabilities"][name] for answer in answers]  # type: ignore[index]
        series = f"tumorscope_class_probability_sum class_name={name} model_version=0.0.1"
        assert moved[series] == pytest.approx(sum(values))


def test_refusal_is_counted_by_its_reason_and_has_no_probability(client: TestClient) -> None:
    before = _read(client)
    answer = _predict(client, make_picture(np.full((64, 64), 90, np.uint8)))
    assert answer["decision"] == "out_of_scope"
    moved = _subtract(_read(client), before)
    assert moved["tumorscope_reasons_total decision=out_of_scope model_version=0.0.1 reason=constant"] == 1
    assert moved["tumorscope_decisions_total decision=out_of_scope label=none model_version=0.0.1"] == 1
    assert not any(name.startswith(("tumorscope_tumor_prob", "tumorscope_class_prob")) for name in moved)


def test_warning_is_counted_by_its_code(client: TestClient) -> None:
    before = _read(client)
    grey = draw_phantom(1, True, 128)
    coloured = np.stack([grey, grey, 255 - grey], axis=2)
    warnings = _predict(client, make_picture(coloured))["input"]["warnings"]  # type: ignore[index]
    assert warnings
    moved = _subtract(_read(client), before)
    for warning in warnings:
        assert moved[f"tumorscope_warnings_total code={warning['code']}"] == 1


def test_volume_counts_its_batches_and_its_own_latency(client: TestClient) -> None:
    before = _read(client)
    slices = [draw_phantom(seed, False, 64) for seed in range(20)]
    answer = _predict(client, make_nifti_bytes(np.stack(slices, axis=2).astype(np.int16)), slices="all")
    moved = _subtract(_read(client), before)
    assert moved["tumorscope_batch_slices_sum"] == len(answer["slices"]) > 1  # type: ignore[arg-type]
    assert moved["tumorscope_stage_duration_seconds_count scan=volume stage=total"] == 1
    assert "tumorscope_stage_duration_seconds_count scan=slice stage=total" not in moved
    assert moved["tumorscope_inputs_total format=nifti"] == 1


def test_streamed_prediction_is_counted_once(client: TestClient) -> None:
    before = _read(client)
    response = client.post("/predict", content=make_phantom_file(), headers={"Accept": "application/x-ndjson"})
    assert '"event":"result"' in response.text
    moved = _subtract(_read(client), before)
    assert sum(value for name, value in moved.items() if name.startswith("tumorscope_decisions_total")) == 1


def test_stream_that_ends_with_a_problem_is_counted_by_its_code(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError(_NAME)

    monkeypatch.setattr(pipeline, "run_network", fail)
    before = _read(client)
    response = client.post("/predict", content=make_phantom_file(), headers={"Accept": "application/x-ndjson"})
    last = json.loads(response.text.splitlines()[-1])
    assert (response.status_code, last["event"], last["code"]) == (200, "error", "internal")
    assert _subtract(_read(client), before)["tumorscope_stream_failures_total code=internal"] == 1


def test_error_is_counted_by_its_code_and_has_a_series_before(client: TestClient) -> None:
    series = "tumorscope_requests_total code=unsupported_format method=POST route=/predict status=415"
    before = _read(client)[series]
    assert client.post("/predict", content=b"no picture").status_code == 415
    assert _read(client)[series] == before + 1


def test_unexpected_error_is_counted_as_internal(tmp_path: Path) -> None:
    app = create_app(Settings(bundle=tmp_path))

    @app.get("/broken/{name}")
    def fail(name: str) -> None:
        raise RuntimeError(name)

    client = TestClient(app)
    client.get(f"/broken/{_NAME}")
    assert _read(client)["tumorscope_requests_total code=internal method=GET route=/broken/{name} status=500"] == 1


def test_nothing_that_a_client_chose_becomes_a_label(client: TestClient) -> None:
    _predict(client, make_phantom_file())
    client.post(f"/predict?{_NAME}=1", files={_NAME: (f"{_NAME}.png", b"no picture")})
    client.get(f"/{_NAME}")
    client.request(_NAME.upper(), "/predict")
    client.get("/health", headers={"X-Request-Id": _NAME, "User-Agent": _NAME})
    text = client.get("/metrics").text
    assert _NAME.lower() not in text.lower()
    assert 'route="none",status="404"' in text
    assert 'method="other"' in text


def test_unknown_paths_and_methods_share_one_series(client: TestClient) -> None:
    before = _read(client)
    for number in range(5):
        client.get(f"/absent/{number}")
        client.request(f"BREW{number}", "/absent")
    moved = _subtract(_read(client), before)
    unknown = [name for name in moved if name.startswith("tumorscope_requests_total") and "route=none" in name]
    assert sorted(moved[name] for name in unknown) == [5, 5]


def test_state_model_queue_and_memory_are_gauges(client: TestClient) -> None:
    after = _read(client)
    states = {name.split("state=")[1]: value for name, value in after.items() if "service_state" in name}
    assert states == {"ready": 1, "starting": 0, "draining": 0, "failed": 0}
    (model,) = [name for name in after if name.startswith("tumorscope_model_info")]
    assert " name=tiny version=0.0.1" in model
    assert f" device=cpu engine={client.get('/health').json()['model']['engine']} " in model
    for lane, capacity in (("pictures", 34), ("studies", 33)):
        assert after[f"tumorscope_queue_depth lane={lane}"] == 0
        assert after[f"tumorscope_queue_capacity lane={lane}"] == capacity
    assert after["tumorscope_upload_memory_bytes"] == 0
    assert after["tumorscope_upload_memory_limit_bytes"] == 2**30
    assert after["tumorscope_scope_limit source=picture"] == 2
    assert after["process_resident_memory_bytes"] > 2**20
    assert after["process_cpu_seconds_total"] > 0


def test_model_that_is_refused_is_a_failed_state(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(bundle=tmp_path))) as client:
        wait_for_state(client, "failed")
        assert _read(client)["tumorscope_service_state state=failed"] == 1


def test_two_applications_count_for_themselves(tmp_path: Path) -> None:
    first, second = (TestClient(create_app(Settings(bundle=tmp_path))) for _ in range(2))
    first.get("/health/live")
    series = "tumorscope_requests_total code=none method=GET route=/health/live status=200"
    assert _read(first)[series] == 1
    assert series not in _read(second)
