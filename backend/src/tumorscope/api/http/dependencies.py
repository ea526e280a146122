"""What the routes ask for, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from tumorscope.api.http.held_files import UploadMemory
from tumorscope.api.http.uploads import UploadLimits
from tumorscope.api.jobs.work_queue import WorkQueue
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.domain.scan import Scan
from tumorscope.imaging.source import SourceFile
from tumorscope.inference.classifier import Classifier

Decoder = Callable[[Sequence[SourceFile]], Scan]
"""`imaging.decode.decode_scan` within the service's limits."""


# All are coroutines: FastAPI runs a plain function in a thread, which takes longer than to look up a name.
async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _classifier(request: Request, service: Annotated[Service, Depends(_service)]) -> Classifier:
    """The model that answers this request to its end; the answer names its version, whichever is served by then."""
    # What is only asked about the model has its answer at once.
    waits = request.method == "POST"
    classifier = await service.wait_for_classifier() if waits else service.require_classifier()
    request.state.model_version = classifier.bundle.manifest.version
    return classifier


async def _work_queue(request: Request) -> WorkQueue:
    queue: WorkQueue = request.app.state.work_queue
    return queue


async def _upload_limits(request: Request) -> UploadLimits:
    limits: UploadLimits = request.app.state.upload_limits
    return limits


async def _upload_memory(request: Request) -> UploadMemory:
    memory: UploadMemory = request.app.state.upload_memory
    return memory


async def _metrics(request: Request) -> Metrics:
    metrics: Metrics = request.app.state.metrics
    return metrics


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a study passes through, at once: to look up each by itself would take longer than to parse the form."""

    service: Service
    queue: WorkQueue
    limits: UploadLimits
    memory: UploadMemory
    metrics: Metrics
    decode: Decoder


async def _desk(request: Request) -> Desk:
    state = request.app.state
    return Desk(state.service, state.work_queue, state.upload_limits, state.upload_memory, state.metrics, state.decoder)


ServiceDependency = Annotated[Service, Depends(_service)]
ClassifierDependency = Annotated[Classifier, Depends(_classifier)]
WorkQueueDependency = Annotated[WorkQueue, Depends(_work_queue)]
UploadLimitsDependency = Annotated[UploadLimits, Depends(_upload_limits)]
UploadMemoryDependency = Annotated[UploadMemory, Depends(_upload_memory)]
MetricsDependency = Annotated[Metrics, Depends(_metrics)]
DeskDependency = Annotated[Desk, Depends(_desk)]
