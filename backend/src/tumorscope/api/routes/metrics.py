"""GET /metrics."""

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from tumorscope.api.http.dependencies import ComponentsDependency

router = APIRouter(tags=["metrics"])


# Not a coroutine: formatting takes milliseconds, so it runs in a thread beside the event loop.
@router.get("/metrics", response_class=PlainTextResponse)
def read_metrics(components: ComponentsDependency) -> PlainTextResponse:
    """Return metrics in Prometheus' text format; they hold no patient data."""
    return PlainTextResponse(generate_latest(components.metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
