"""The state of the service in, Prometheus gauges out; read at each scrape."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tumorscope.api.http.upload_memory import UploadMemory
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.lifecycle.container_memory import CGROUP_ROOT, read_container_memory
from tumorscope.api.lifecycle.service import Candidate, Service, Status
from tumorscope.api.monitoring.metrics import Metrics


def watch_state(metrics: Metrics, service: Service, queue: WorkQueue, memory: UploadMemory) -> None:
    """Register gauges of the service's state, model, queue, memory and process."""
    metrics.registry.register(_StateCollector(service, queue, memory))
    ProcessCollector(registry=metrics.registry)


class _StateCollector(Collector):
    def __init__(self, service: Service, queue: WorkQueue, memory: UploadMemory) -> None:
        self._service = service
        self._queue = queue
        self._memory = memory

    def collect(self) -> Iterable[Metric]:
        """See `Collector`."""
        yield from _describe_service(self._service)
        yield from _describe_candidate(self._service.candidate)
        yield from _describe_queue(self._queue)
        yield _gauge("upload_memory_bytes", "Memory that uploads take.", self._memory.used_bytes)
        yield _gauge("upload_memory_limit_bytes", "Memory that uploads may take.", self._memory.max_bytes)
        container = read_container_memory(CGROUP_ROOT)
        if container is not None:
            yield _gauge("memory_bytes", "Memory of all processes of the container.", container.used_bytes)
            yield _gauge("memory_limit_bytes", "Memory limit of the container.", container.limit_bytes)


def _describe_service(service: Service) -> Iterable[Metric]:
    state = GaugeMetricFamily("tumorscope_service_state", "1 for the current state.", labels=["state"])
    for name in get_args(Status):
        state.add_metric([name], float(service.status == name))
    yield state
    classifier = service.classifier
    if classifier is None:
        return
    manifest, engine = classifier.bundle.manifest, classifier.engine
    info = GaugeMetricFamily(
        "tumorscope_model_info", "The served model; always 1.", labels=["name", "version", "engine", "device"]
    )
    info.add_metric([manifest.name, manifest.version, engine.name, engine.device], 1)
    yield info
    if manifest.trust is not None:
        limits = GaugeMetricFamily(
            "tumorscope_scope_limit", "Out-of-distribution score above which a slice is refused.", labels=["source"]
        )
        limits.add_metric(["picture"], manifest.trust.scope.picture_limit)
        limits.add_metric(["mr"], manifest.trust.scope.mr_limit)
        yield limits


def _describe_candidate(candidate: Candidate | None) -> Iterable[Metric]:
    if candidate is not None:
        info = GaugeMetricFamily(
            "tumorscope_candidate_info",
            "A model that is being rolled out or was refused; always 1.",
            labels=["version", "state", "reason"],
        )
        info.add_metric([candidate.version or "none", candidate.state, candidate.reason or "none"], 1)
        yield info


def _describe_queue(queue: WorkQueue) -> Iterable[Metric]:
    depth = GaugeMetricFamily("tumorscope_queue_depth", "Requests queued or in progress.", labels=["lane"])
    capacity = GaugeMetricFamily(
        "tumorscope_queue_capacity", "Depth at which further requests are refused.", labels=["lane"]
    )
    for lane in queue.lanes:
        depth.add_metric([lane.name], lane.depth)
        capacity.add_metric([lane.name], lane.max_depth)
    yield depth
    yield capacity


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tumorscope_{name}", text, value)
