"""A new model replaces the old one under load; one that fails never serves; a rollback is immediate."""

import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from typer.testing import CliRunner

from tests.factories import break_golden_answer, break_weights, make_outputs, make_phantom_file, write_tiny_int8_bundle
from tests.waiting import PATIENCE_S, wait_until
from tumorscope.api.app import create_app
from tumorscope.api.lifecycle import model_watch
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.settings import Settings
from tumorscope.cli import app as command
from tumorscope.inference.engines.choose import OpenedEngine, open_engine
from tumorscope.inference.engines.engine import Engine, Outputs
from tumorscope.model.bundle import Bundle
from tumorscope.model.store import CURRENT_FILE, add_bundle, make_current, roll_back

_FILE = make_phantom_file()
_OLD, _NEW = "0.1.0", "0.2.0"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {version: write_tiny_int8_bundle(tmp_path_factory.mktemp("b"), version=version) for version in (_OLD, _NEW)}


@pytest.fixture
def store(bundles: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of two versions, of which the old one is current."""
    monkeypatch.setattr(model_watch, "_POLL_S", 0.05)
    for bundle in bundles.values():
        add_bundle(tmp_path / "store", bundle)
    make_current(tmp_path / "store", _OLD)
    return tmp_path / "store"


@contextmanager
def _serving(store: Path, shadow_slices: int = 0, shadow_s: int = 60) -> Iterator[tuple[TestClient, FastAPI]]:
    app = create_app(Settings(bundle=store, shadow_slices=shadow_slices, shadow_s=shadow_s))
    with TestClient(app) as client:
        _wait(client, lambda health: health["status"] == "ready")
        yield client, app


def _wait(client: TestClient, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    health: dict[str, Any] = {}

    def is_met() -> bool:
        health.update(client.get("/health").json())
        return met(health)

    wait_until(is_met)
    return health


def _wait_for_version(client: TestClient, version: str) -> None:
    _wait(client, lambda health: health["model"]["version"] == version)


def _wait_for_candidate(client: TestClient, state: str) -> dict[str, Any]:
    return _wait(client, lambda health: (health["candidate"] or {}).get("state") == state)


def _predict(client: TestClient) -> httpx.Response:
    response: httpx.Response = client.post("/predict", files={"file": _FILE})
    return response


def test_model_changes_under_load_without_a_failed_request_and_each_answer_names_its_own(store: Path) -> None:
    enough = threading.Event()
    answers: list[tuple[int, str, str]] = []

    def ask(client: TestClient) -> None:
        while not enough.is_set():
            answer = _predict(client)
            named = answer.json().get("model", {}).get("version")
            answers.append((answer.status_code, named, answer.headers["x-model-version"]))

    with _serving(store, shadow_slices=5) as (client, _), ThreadPoolExecutor(3) as executor:
        asking = [executor.submit(ask, client) for _ in range(3)]
        try:
            wait_until(lambda: answers)
            make_current(store, _NEW)
            wait_until(lambda: answers[-1][1] == _NEW)
        finally:
            enough.set()
        for one in asking:
            one.result()
    assert set(answers) == {(200, _OLD, _OLD), (200, _NEW, _NEW)}


class _Gated:
    """An engine that waits until it is let go."""

    def __init__(self, engine: Engine) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self._engine = engine
        self.name, self.device = engine.name, engine.device

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        self.begun.set()
        assert self.gate.wait(PATIENCE_S)
        return self._engine.run(batch)


def test_request_in_flight_keeps_its_model_which_is_freed_afterwards(store: Path) -> None:
    with _serving(store) as (client, app), ThreadPoolExecutor(1) as executor:
        service: Service = app.state.components.service
        old = service.require_classifier()
        gated = _Gated(old.engine)
        service.classifier = replace(old, engine=gated)
        freed = weakref.ref(old.engine)
        del old
        answering = executor.submit(_predict, client)
        assert gated.begun.wait(PATIENCE_S)
        make_current(store, _NEW)
        _wait_for_version(client, _NEW)
        assert freed() is not None
        gated.gate.set()
        answer = answering.result()
        assert (answer.headers["x-model-version"], answer.json()["model"]["version"]) == (_OLD, _OLD)
        del gated
        gc.collect()
        assert freed() is None
        assert _predict(client).headers["x-model-version"] == _NEW


def test_new_model_answers_shadow_traffic_before_it_serves(store: Path, caplog: pytest.LogCaptureFixture) -> None:
    with _serving(store, shadow_slices=3, shadow_s=3600) as (client, _), caplog.at_level(logging.INFO):
        make_current(store, _NEW)
        health = _wait_for_candidate(client, "shadowing")
        assert health["status"] == "ready"
        assert health["candidate"] == {"version": _NEW, "state": "shadowing", "reason": None}
        for _ in range(3):
            assert _predict(client).headers["x-model-version"] == _OLD
        _wait_for_version(client, _NEW)
    (changed,) = [record for record in caplog.records if record.message == "model_changed"]
    fields = changed.fields  # type: ignore[attr-defined]
    assert (fields["version_before"], fields["version"]) == (_OLD, _NEW)
    # The two versions differ in their number only.
    assert (fields["live_slices"], fields["decided_alike"]) == (3, 3)


def test_without_requests_a_new_model_serves_after_the_longest_shadow(store: Path) -> None:
    with _serving(store, shadow_slices=3, shadow_s=1) as (client, _):
        make_current(store, _NEW)
        _wait_for_version(client, _NEW)


def test_rollback_skips_the_shadow(store: Path) -> None:
    with _serving(store, shadow_slices=1, shadow_s=3600) as (client, _):
        make_current(store, _NEW)
        _wait_for_candidate(client, "shadowing")
        _predict(client)
        _wait_for_version(client, _NEW)
        roll_back(store)
        _wait_for_version(client, _OLD)


def test_rollback_during_the_shadow_keeps_the_old_model(store: Path) -> None:
    with _serving(store, shadow_slices=1, shadow_s=3600) as (client, _):
        make_current(store, _NEW)
        _wait_for_candidate(client, "shadowing")
        roll_back(store)
        health = _wait(client, lambda health: health["candidate"] is None)
        assert health["model"]["version"] == _OLD


def _remove(bundle: Path) -> None:
    bundle.rename(bundle.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("damage", "version", "reason"),
    [
        (break_weights, None, "bundle_invalid"),
        (break_golden_answer, _NEW, "golden_mismatch"),
        (_remove, None, "bundle_invalid"),
    ],
)
def test_invalid_model_is_refused_and_the_old_one_continues(
    store: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], None], version: str | None, reason: str
) -> None:
    damage(store / _NEW)
    with _serving(store) as (client, _), caplog.at_level(logging.ERROR):
        make_current(store, _NEW)
        health = _wait_for_candidate(client, "refused")
        assert (health["status"], health["failure"], health["model"]["version"]) == ("ready", None, _OLD)
        assert health["candidate"] == {"version": version, "state": "refused", "reason": reason}
        assert _predict(client).headers["x-model-version"] == _OLD
    assert [record.message for record in caplog.records] == ["model_refused"]


def test_refused_model_is_loaded_again_after_another_activation(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    works = threading.Event()

    def open_when_it_works(bundle: Bundle, *arguments: Any) -> OpenedEngine:
        if bundle.manifest.version == _NEW and not works.is_set():
            raise MemoryError
        return open_engine(bundle, *arguments)

    monkeypatch.setattr("tumorscope.inference.engines.choose.open_engine", open_when_it_works)
    with _serving(store) as (client, _):
        make_current(store, _NEW)
        assert _wait_for_candidate(client, "refused")["candidate"]["reason"] == "load_failed"
        works.set()
        make_current(store, _NEW)
        _wait_for_version(client, _NEW)
        roll_back(store)
        _wait_for_version(client, _OLD)


def test_invalid_current_file_keeps_the_model(store: Path) -> None:
    with _serving(store) as (client, _):
        (store / CURRENT_FILE).write_text("latest\n")
        health = _wait_for_candidate(client, "refused")
        assert (health["status"], health["candidate"]["reason"]) == ("ready", "bundle_invalid")


class _WorksOnGoldenOnly:
    """Reproduces its golden answer, and from then on fails in its way."""

    name, device = "litert-int8", "cpu"

    def __init__(self, engine: Engine, fail: Callable[[], Outputs]) -> None:
        self._engine, self._fail, self._golden = engine, fail, True

    def run(self, batch: NDArray[np.float32]) -> Outputs:
        if self._golden:
            self._golden = False
            return self._engine.run(batch)
        return self._fail()


def _answer_no_number() -> Outputs:
    return make_outputs(np.full((1, 2), np.nan, np.float32))


def _raise() -> Outputs:
    raise RuntimeError("Jane Doe")


@pytest.mark.parametrize("fail", [_answer_no_number, _raise])
def test_model_that_fails_on_shadow_traffic_never_serves(
    store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fail: Callable[[], Outputs]
) -> None:
    def open_failing(bundle: Bundle, *arguments: Any) -> OpenedEngine:
        opened = open_engine(bundle, *arguments)
        if bundle.manifest.version == _OLD:
            return opened
        return OpenedEngine(_WorksOnGoldenOnly(opened.engine, fail), "a test", opened.bundle)

    monkeypatch.setattr("tumorscope.inference.engines.choose.open_engine", open_failing)
    with _serving(store, shadow_slices=3, shadow_s=3600) as (client, _), caplog.at_level(logging.INFO):
        make_current(store, _NEW)
        _wait_for_candidate(client, "shadowing")
        assert _predict(client).status_code == 200
        health = _wait_for_candidate(client, "refused")
        assert health["candidate"] == {"version": _NEW, "state": "refused", "reason": "shadow_failed"}
        assert _predict(client).headers["x-model-version"] == _OLD
    assert "Jane" not in str([getattr(record, "fields", {}) for record in caplog.records])


def test_commands_add_activate_roll_back_and_list(bundles: dict[str, Path], tmp_path: Path) -> None:
    store = str(tmp_path / "store")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(command, ["model", *arguments, "--store", store], catch_exceptions=False)
        assert done.exit_code == 0
        return done.output

    for version, bundle in bundles.items():
        assert version in run("add", str(bundle))
        assert "reproduces its golden answers" in run("activate", version)
    assert run("list") == f"{_OLD} previous\n{_NEW} current\n"
    assert run("rollback") == f"{_OLD} is current again\n"
    assert run("list") == f"{_OLD} current\n{_NEW} previous\n"


@pytest.mark.parametrize("damage", [break_weights, break_golden_answer, _remove])
def test_activate_refuses_an_invalid_model(store: Path, damage: Callable[[Path], None]) -> None:
    damage(store / _NEW)
    done = CliRunner().invoke(command, ["model", "activate", _NEW, "--store", str(store)])
    assert done.exit_code != 0
    assert (store / CURRENT_FILE).read_text() == f"{_OLD}\n"
