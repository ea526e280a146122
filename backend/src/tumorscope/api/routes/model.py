"""GET /model."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tumorscope import NOTICE
from tumorscope.api.http.dependencies import ClassifierDependency
from tumorscope.api.http.openapi import describe_errors

router = APIRouter(tags=["model"])


class ModelCard(BaseModel):
    """The answer of GET /model: the manifest of the served bundle."""

    sha256: str
    manifest: dict[str, Any]
    notice: str = NOTICE


@router.get("/model", responses=describe_errors({503: "not_ready, with Retry-After"}))
async def read_model(classifier: ClassifierDependency) -> ModelCard:
    """Return the served model's manifest: classes, input, training, metrics with their intervals, limits, checksums."""
    bundle = classifier.bundle
    return ModelCard(sha256=bundle.sha256, manifest=bundle.manifest.model_dump(mode="json"))
