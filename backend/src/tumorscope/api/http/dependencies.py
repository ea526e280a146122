"""What routes use: the components, as FastAPI dependencies."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from tumorscope.api.http.uploads import UploadLimits, UploadMemory
from tumorscope.api.jobs.work_queue import DecodeMemory, WorkQueue
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.domain.errors import InvalidRequest
from tumorscope.domain.scan import Scan
from tumorscope.imaging.decode import Upload
from tumorscope.imaging.decoder_channel import Watch
from tumorscope.imaging.source import Reserve
from tumorscope.inference.classifier import Classifier

Decoder = Callable[[Upload, Reserve, Watch, Callable[[], object]], Scan]
"""`DecoderPool.decode` within the service's limits."""


@dataclass(frozen=True, slots=True)
class Components:
    """What all requests of one application share; `create_app` makes them."""

    service: Service
    queue: WorkQueue
    limits: UploadLimits
    memory: UploadMemory
    metrics: Metrics
    decode: Decoder
    decode_memory: DecodeMemory


SeriesParameter = Annotated[
    str | None, Query(description="The `uid` of the series to read, of those that `input.series` lists.")
]


# Both are coroutines: FastAPI runs a plain function in a thread, which takes longer than the look-up.
async def _components(request: Request) -> Components:
    components: Components = request.app.state.components
    return components


ComponentsDependency = Annotated[Components, Depends(_components)]


async def refuse_unknown_parameters(request: Request) -> None:
    """Refuse a parameter of the query that the route does not have: it would be ignored, and the client misled.

    Raises
    ------
    InvalidRequest
        Names the first one.
    """
    known = {field.alias for field in request.scope["route"].dependant.query_params}
    for name in request.query_params:
        if name not in known:
            raise InvalidRequest(f"query.{name}: There is no such parameter.")


def identify_client(request: Request) -> Hashable:
    """Whom turns are given to: the name of the key, and the address, which a trusted proxy may have forwarded."""
    return request.state.client, request.client and request.client.host


async def _classifier(request: Request, components: ComponentsDependency) -> Classifier:
    """The model that answers this request to its end; the answer names its version, whichever is served by then."""
    service = components.service
    # A prediction waits for a model that is loading; a question about the model is answered at once.
    classifier = await service.wait_for_classifier() if request.method == "POST" else service.require_classifier()
    request.state.model_version = classifier.bundle.manifest.version
    return classifier


ClassifierDependency = Annotated[Classifier, Depends(_classifier)]
