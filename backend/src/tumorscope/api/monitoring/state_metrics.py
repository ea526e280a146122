"""The state of the service in, Prometheus gauges out; read at each scrape."""

from collections.abc import Iterable
from typing import get_args

from prometheus_client import ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from tumorscope.api.http.uploads import UploadMemory
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.lifecycle.container_memory import CGROUP_ROOT, read_container_memory
from tumorscope.api.lifecycle.service import Service, Status
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
        depths = [([lane.name], lane.depth) for lane in self._queue.lanes]
        limits = [([lane.name], lane.max_depth) for lane in self._queue.lanes]
        yield _gauge("queue_depth", "Requests queued or in progress.", depths, "lane")
        yield _gauge("queue_capacity", "Depth at which further requests are refused.", limits, "lane")
        yield _gauge("upload_memory_bytes", "Memory that uploads take.", [([], self._memory.used_bytes)])
        yield _gauge("upload_memory_limit_bytes", "Memory that uploads may take.", [([], self._memory.max_bytes)])
        container = read_container_memory(CGROUP_ROOT)
        if container is not None:
            yield _gauge("memory_bytes", "Memory of all processes of the container.", [([], container.used_bytes)])
            yield _gauge("memory_limit_bytes", "Memory limit of the container.", [([], container.limit_bytes)])


def _describe_service(service: Service) -> Iterable[Metric]:
    states = [([name], float(service.status == name)) for name in get_args(Status)]
    yield _gauge("service_state", "1 for the current state.", states, "state")
    candidate, classifier = service.candidate, service.classifier
    if candidate is not None:
        text = "A model that is being rolled out or was refused; always 1."
        known = [candidate.version or "none", candidate.state, candidate.reason or "none"]
        yield _gauge("candidate_info", text, [(known, 1)], "version", "state", "reason")
    if classifier is None:
        return
    manifest, engine = classifier.bundle.manifest, classifier.engine
    served = [manifest.name, manifest.version, engine.name, engine.device]
    yield _gauge("model_info", "The served model; always 1.", [(served, 1)], "name", "version", "engine", "device")
    if manifest.trust is not None:
        scope = manifest.trust.scope
        limits = [(["picture"], scope.picture_limit), (["mr"], scope.mr_limit)]
        yield _gauge("scope_limit", "Out-of-distribution score above which a slice is refused.", limits, "source")


def _gauge(name: str, text: str, values: Iterable[tuple[list[str], float]], *labels: str) -> Metric:
    """A gauge, with a value for the values of its labels."""
    family = GaugeMetricFamily(f"tumorscope_{name}", text, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family
