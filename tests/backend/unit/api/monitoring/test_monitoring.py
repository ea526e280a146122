"""Alerts and dashboard query metrics that exist, and alerts fire when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import yaml  # type: ignore[import-untyped]
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import make_dicom_bytes, make_nifti_bytes, make_phantom_file, make_picture
from tumorscope.api.http.errors import STATUS
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.lifecycle.container_memory import ContainerMemory
from tumorscope.api.lifecycle.service import Candidate, CandidateState, Status
from tumorscope.api.monitoring import state_metrics
from tumorscope.domain.prediction import Decision
from tumorscope.imaging.phantom import draw_phantom
from tumorscope.pacs.jobs import State
from tumorscope.pacs.metrics import WatcherMetrics
from tumorscope.presentation.answer import Timing

_DEPLOY = Path(__file__).parents[5] / "deploy"
_PROMETHEUS = _DEPLOY / "prometheus"
_RULES = _PROMETHEUS / "alerts.yml"
_DASHBOARD = _DEPLOY / "grafana" / "dashboards" / "tumorscope.json"

# What Prometheus itself adds to a series, or to a rule.
_ADDED_LABELS = {"job", "instance", "le", "alertname", "alertstate", "severity"}
_PROMETHEUS_OWN = {"up", "ALERTS"}
_LABEL_VALUES = {
    "state": set(get_args(Status)) | set(get_args(CandidateState)) | set(get_args(State)),
    "event": {"paused", "waiting"},
    "decision": {decision.value for decision in Decision},
    "code": {error.code for error in STATUS} | {"none"},
    "stage": set(Timing.model_fields),
    "scan": {"slice", "volume"},
    "lane": {lane.name for lane in WorkQueue(1, 1).lanes},
    "source": {"picture", "mr"},
    "device": {"cpu", "gpu"},
    "route": {"/predict", "/health.*", "/metrics"},
    "method": {"POST"},
    "status": {"5.."},
    "severity": {"critical", "warning"},
    "alertstate": {"firing"},
    "job": {"tumorscope", "tumorscope-pacs"},
    "instance": {"$instance"},
    "le": {"+Inf"},
}
_WORD = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
_MATCHER = re.compile(r'([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|on|group_left|ignoring|without)\s*\(([^)]*)\)")


def _read_rules() -> list[dict[str, Any]]:
    document = yaml.safe_load(_RULES.read_text(encoding="utf-8"))
    return [rule for group in document["groups"] for rule in group["rules"]]


def _read_panels() -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = json.loads(_DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return panels


def _list_expressions() -> list[str]:
    dashboard = json.loads(_DASHBOARD.read_text(encoding="utf-8"))
    panels = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    notes = [note["expr"] for note in dashboard["annotations"]["list"]]
    asked = [one["definition"] for one in dashboard["templating"]["list"]]
    variables = [re.sub(r"label_values\((\w+), (\w+)\)", r"sum by (\2) (\1)", one) for one in asked]
    return [rule["expr"] for rule in _read_rules()] + panels + notes + variables


def _name_metrics(expression: str) -> set[str]:
    """What is neither a function, a keyword, a label nor a duration."""
    bare = _GROUPING.sub(" ", re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expression))
    bare = re.sub(r"\boffset\s+\S+", " ", bare)
    words = {match[0] for match in _WORD.finditer(bare) if not bare[match.end() :].lstrip().startswith("(")}
    return words - {"by", "on", "and", "or", "unless", "group_left", "bool"}


@pytest.fixture(scope="module")
def series(client: TestClient, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The labels of each metric of a watcher, and of a service that has met all there is to count."""
    app = client.app
    assert isinstance(app, FastAPI)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app.state.components.service, "candidate", Candidate("0.0.2", "refused", "golden_mismatch"))
        patch.setattr(state_metrics, "read_container_memory", lambda _root: ContainerMemory(1, 2))
        grey = draw_phantom(1, True, 128)
        slices = np.stack([draw_phantom(seed, False, 64) for seed in range(4)], axis=2).astype(np.int16)
        for content in (
            make_phantom_file(),
            make_picture(np.full((64, 64), 90, np.uint8)),
            make_picture(np.stack([grey, grey, 255 - grey], axis=2)),
            make_dicom_bytes(grey),
            make_nifti_bytes(slices),
        ):
            assert client.post("/predict", content=content).status_code == 200
        watcher = generate_latest(WatcherMetrics(str(tmp_path_factory.mktemp("pacs") / "jobs")).registry).decode()
        text = client.get("/metrics").text + watcher
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_alerts_and_dashboard_query_metrics_that_exist(series: dict[str, set[str]]) -> None:
    known = set(series) | {rule["record"] for rule in _read_rules() if "record" in rule} | _PROMETHEUS_OWN
    asked = {name for expression in _list_expressions() for name in _name_metrics(expression)}
    assert asked - known == set()
    # And the other way round: what nobody looks at need not be counted. Sums of distributions may be left alone.
    looked_at = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}
    own = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series if name.startswith("tumorscope_")}
    assert own - looked_at == set()


def test_alerts_and_dashboard_query_labels_that_exist(series: dict[str, set[str]]) -> None:
    for expression in _list_expressions():
        for name, inside in _SELECTOR.findall(expression):
            labels = {label for label, _, _ in _MATCHER.findall(inside)}
            if name in series:
                assert labels - series[name] - _ADDED_LABELS == set(), expression
        available = set().union(*(series.get(name, set()) for name in _name_metrics(expression)), _ADDED_LABELS)
        grouped = {label.strip() for inside in _GROUPING.findall(expression) for label in inside.split(",")} - {""}
        if all(name in series for name in _name_metrics(expression)):
            assert grouped - available == set(), expression


def test_alerts_and_dashboard_query_label_values_that_exist() -> None:
    for expression in _list_expressions():
        for label, _, value in _MATCHER.findall(expression):
            if label != "alertname":
                assert set(value.split("|")) <= _LABEL_VALUES[label], expression


def test_documented_metrics_and_alerts_exist(series: dict[str, set[str]]) -> None:
    text = (_DEPLOY.parent / "docs" / "operations.md").read_text(encoding="utf-8")
    known = {name for one in series for name in (one, re.sub(r"_(bucket|sum|count)$", "", one))}
    documented = set(re.findall(r"`((?:tumorscope|process)_\w+)", text))
    assert documented - known == set()
    assert {name for name in known if name.startswith("tumorscope_")} - {
        *documented,
        *(f"{name}_{suffix}" for name in documented for suffix in ("bucket", "sum", "count")),
        # Written as the second half of a pair.
        *(re.sub(r"_[a-z]+$", "_limit_bytes", name) for name in documented if name.endswith("_bytes")),
        "tumorscope_queue_capacity",
    } == set()
    alerts = {rule["alert"] for rule in _read_rules() if "alert" in rule}
    assert set(re.findall(r"`(Tumorscope[A-Z]\w+)`", text)) <= alerts


def test_every_alert_says_what_it_means_and_what_to_do() -> None:
    alerts = [rule for rule in _read_rules() if "alert" in rule]
    assert len({alert["alert"] for alert in alerts}) == len(alerts) > 15
    for alert in alerts:
        assert alert["labels"]["severity"] in {"critical", "warning"}
        assert set(alert["annotations"]) == {"summary", "meaning", "action"}
        assert all(text.strip().endswith(".") for text in alert["annotations"].values()), alert["alert"]


def test_panels_do_not_overlap_and_each_has_a_query() -> None:
    panels = _read_panels()
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        own = {(place["x"] + column, place["y"] + line) for column in range(place["w"]) for line in range(place["h"])}
        assert not own & cells, panel["title"]
        assert max(column for column, _ in own) < 24
        cells |= own
        assert panel["type"] == "row" or panel["targets"]


def _promtool(*arguments: str | Path) -> None:
    command = shutil.which("promtool")
    if command is None:
        pytest.skip("promtool was not found; on Debian it is in the package prometheus")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_configuration_and_rules() -> None:
    _promtool("check", "config", "--syntax-only", _PROMETHEUS / "prometheus.yml")
    _promtool("check", "rules", _RULES)


@pytest.mark.parametrize("tests", ["alerts_test.yml", "drift_test.yml"])
def test_alerts_fire_when_they_should_and_only_then(tests: str) -> None:
    _promtool("test", "rules", _PROMETHEUS / tests)


def test_promql_is_well_formed(tmp_path: Path) -> None:
    written = [re.sub(r"\$__(rate_)?interval", "5m", expression) for expression in _list_expressions()]
    rules = [{"record": f"number_{number}", "expr": expression} for number, expression in enumerate(written)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "every", "rules": rules}]}))
    _promtool("check", "rules", tmp_path / "rules.yml")


@pytest.fixture(scope="module")
def containers() -> dict[str, dict[str, Any]]:
    """Those of the monitoring, as compose reads them."""
    services = yaml.safe_load((_DEPLOY.parent / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    return {name: one for name, one in services.items() if one.get("profiles") == ["monitoring"]}


def test_monitoring_containers_are_pinned_read_only_and_without_privileges(
    containers: dict[str, dict[str, Any]],
) -> None:
    assert set(containers) == {"prometheus", "grafana"}
    for container in containers.values():
        assert re.fullmatch(r"[\w/-]+:v?\d+\.\d+\.\d+", container["image"])
        assert container["read_only"] is True
        assert container["cap_drop"] == ["ALL"]
        assert container["mem_limit"]
        mounts = [volume.split(":") for volume in container["volumes"]]
        assert all(mount[2:] == ["ro"] for mount in mounts if not mount[0].endswith("-data"))
        assert all((_DEPLOY.parent / mount[0]).is_dir() for mount in mounts if mount[0].startswith("."))


def test_only_the_dashboard_is_published_on_this_machine_and_it_cannot_reach_the_service(
    containers: dict[str, dict[str, Any]],
) -> None:
    assert "ports" not in containers["prometheus"]
    assert containers["grafana"]["ports"] == ["127.0.0.1:${GRAFANA_PORT:-3000}:3000"]
    assert "inside" not in containers["grafana"]["networks"]


@pytest.mark.parametrize(("password", "started"), [(None, False), ("", False), ("of my own", True)])
def test_dashboard_does_not_start_without_a_password_of_ones_own(
    containers: dict[str, dict[str, Any]], password: str | None, started: bool
) -> None:
    shell, option, script = containers["grafana"]["entrypoint"]
    # As compose hands it on; the image's own start is replaced.
    script = script.replace("$$", "$").replace("/run.sh", "echo started")
    environment = {} if password is None else {"GF_SECURITY_ADMIN_PASSWORD": password}
    done = subprocess.run([shell, option, script], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == started
    assert (done.stdout == "started\n") == started
    assert ("GRAFANA_ADMIN_PASSWORD" in done.stderr) != started
