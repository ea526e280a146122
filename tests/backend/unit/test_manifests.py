"""What is in deploy/ for Kubernetes and Ray: valid by Kubernetes' schemas, and in agreement with the service."""

from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import yaml  # type: ignore[import-untyped]

from tumorscope.api.app import create_app
from tumorscope.api.settings import Settings

_DEPLOY = Path(__file__).parents[3] / "deploy"
_PLAIN = _DEPLOY / "kubernetes/tumorscope.yaml"
_ON_RAY = [_DEPLOY / "ray/rayservice.yaml", _DEPLOY / "ray/rayjob.yaml"]


def _read(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def _find_clusters() -> list[dict[str, Any]]:
    service, job = (_read(path)[0]["spec"] for path in _ON_RAY)
    return [service["rayClusterConfig"], job["rayClusterSpec"]]


def _find_pods() -> list[dict[str, Any]]:
    pods = [one["spec"]["template"]["spec"] for one in _read(_PLAIN) if one["kind"] == "Deployment"]
    for cluster in _find_clusters():
        groups = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
        pods += [group["template"]["spec"] for group in groups]
    return pods


def test_objects_are_valid_by_the_schemas_of_kubernetes() -> None:
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod} for pod in _find_pods()]
    for content in [*_read(_PLAIN), *pods]:
        kubernetes_validate.validate(content, kubernetes_validate.latest_version(), strict=True)


def test_probes_ask_for_what_the_service_has() -> None:
    paths = create_app(Settings()).openapi()["paths"]
    [deployment] = [one for one in _read(_PLAIN) if one["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["httpGet"]["path"] in paths
    drain = next(int(one["value"]) for one in container["env"] if one["name"] == "TUMORSCOPE_DRAIN_S")
    assert deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > drain + 30


def test_variables_are_settings_of_the_service() -> None:
    known = {f"TUMORSCOPE_{name.upper()}" for name in Settings.model_fields}
    stated = {
        one["name"] for pod in _find_pods() for container in pod["containers"] for one in container.get("env", ())
    }
    assert stated <= known


def test_selectors_find_the_pods() -> None:
    by_kind = {one["kind"]: one["spec"] for one in _read(_PLAIN)}
    labels = by_kind["Deployment"]["template"]["metadata"]["labels"]
    assert by_kind["Service"]["selector"] == labels
    assert by_kind["Deployment"]["selector"]["matchLabels"] == labels
    assert by_kind["PodDisruptionBudget"]["selector"]["matchLabels"] == labels
    assert by_kind["HorizontalPodAutoscaler"]["scaleTargetRef"]["name"] == "tumorscope"


def test_no_pod_runs_as_root_or_without_a_limit_of_memory() -> None:
    for pod in _find_pods():
        assert pod["securityContext"]["runAsNonRoot"]
        for container in pod["containers"]:
            assert container["resources"]["limits"]["memory"]
            mounted = {one["name"] for one in container["volumeMounts"]}
            assert mounted <= {one["name"] for one in pod["volumes"]}


def test_nodes_of_ray_have_shared_memory_and_the_version_that_is_locked() -> None:
    lock = (_DEPLOY.parent / "backend/requirements-cluster.lock").read_text(encoding="utf-8")
    for cluster in _find_clusters():
        assert f"\nray=={cluster['rayVersion']} " in lock
        for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
            assert any(one["name"] == "shm" for one in group["template"]["spec"]["volumes"])
