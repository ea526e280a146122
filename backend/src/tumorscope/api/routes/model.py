"""GET /model."""

from fastapi import APIRouter

from tumorscope.api.http.dependencies import ClassifierDependency
from tumorscope.api.http.openapi import describe_errors
from tumorscope.presentation.schemas import ModelCard

router = APIRouter(tags=["model"])


@router.get("/model", responses=describe_errors({503: "not_ready, with Retry-After"}))
async def read_model(classifier: ClassifierDependency) -> ModelCard:
    """Return the served model's manifest: classes, input, training, metrics with their intervals, limits, checksums."""
    bundle = classifier.bundle
    return ModelCard(sha256=bundle.sha256, manifest=bundle.manifest.model_dump(mode="json"))
