"""GET /metrics."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from tumorscope.api.http.dependencies import ComponentsDependency

router = APIRouter(tags=["metrics"])


# Not a coroutine: writing it down takes milliseconds, in a thread beside the event loop.
@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics(components: ComponentsDependency) -> PlainTextResponse:
    """Counters, distributions and the state of this process, in Prometheus' text format; of no patient."""
    return PlainTextResponse(generate_latest(components.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
