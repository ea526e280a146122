"""GET /health, /health/live, /health/ready."""

from dataclasses import asdict
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tumorscope import NOTICE
from tumorscope.api.http.dependencies import Components, ComponentsDependency
from tumorscope.presentation.answer import ModelDescription

router = APIRouter(tags=["health"])


class CandidateDescription(BaseModel):
    """A model that is being rolled out, or was refused."""

    version: str | None = Field(description="Null until its manifest is read.")
    state: Literal["loading", "shadowing", "refused"] = Field(
        description="'shadowing': it receives shadow traffic, and nobody sees its answers."
    )
    reason: str | None = Field(description="Why it was refused, as a code.", examples=["golden_mismatch"])


class Health(BaseModel):
    """The answer of GET /health."""

    status: Literal["ready", "starting", "draining", "failed"]
    model: ModelDescription | None = Field(description="Null until a model is loaded and checked.")
    engine_reason: str | None = Field(description="Why this engine was chosen; null until a model is loaded.")
    engine_timings_ms: dict[str, float] | None = Field(
        description="Milliseconds that a slice takes, by the name of each engine that was to choose from; null until a "
        "model is loaded, empty where nothing was measured."
    )
    failure: str | None = Field(
        description="Why no model could be loaded, as a code; null otherwise.", examples=["bundle_invalid"]
    )
    candidate: CandidateDescription | None = Field(description="A model that is being rolled out, or was refused.")
    uptime_s: float
    queue_depth: int = Field(description="Requests queued or in progress.")
    notice: str = NOTICE


_NOT_READY: dict[int | str, dict[str, object]] = {503: {"model": Health, "description": "Not ready."}}


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


@router.head("/health", include_in_schema=False)
@router.get("/health", responses=_NOT_READY)
async def read_health(components: ComponentsDependency, response: Response) -> Health:
    """Report the state of the service; 200 when it is ready."""
    return _describe(components, response)


@router.head("/health/live", include_in_schema=False)
@router.get("/health/live")
async def read_liveness() -> Alive:
    """Report that the process answers."""
    return Alive()


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses=_NOT_READY)
async def read_readiness(components: ComponentsDependency, response: Response) -> Health:
    """Report whether the service wants requests: its model has reproduced its golden answers."""
    return _describe(components, response)


def _describe(components: Components, response: Response) -> Health:
    service = components.service
    if service.status != "ready":
        response.status_code = 503
    return Health(
        status=service.status,
        model=None if service.classifier is None else ModelDescription.from_domain(service.classifier),
        engine_reason=None if service.classifier is None else service.classifier.explain_engine(),
        engine_timings_ms=None if service.classifier is None else dict(service.classifier.engine_timings),
        failure=service.failure,
        candidate=None if service.candidate is None else CandidateDescription(**asdict(service.candidate)),
        uptime_s=round(service.uptime_s, 3),
        queue_depth=components.queue.depth,
    )
