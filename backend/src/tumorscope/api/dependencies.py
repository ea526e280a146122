"""What the routes ask for, by name."""

from typing import Annotated

from fastapi import Depends, Request

from tumorscope.api.service import Service
from tumorscope.api.uploads import UploadLimits


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _upload_limits(request: Request) -> UploadLimits:
    limits: UploadLimits = request.app.state.upload_limits
    return limits


def _max_pixels(request: Request) -> int:
    max_pixels: int = request.app.state.max_pixels
    return max_pixels


ServiceDependency = Annotated[Service, Depends(_service)]
UploadLimitsDependency = Annotated[UploadLimits, Depends(_upload_limits)]
MaxPixelsDependency = Annotated[int, Depends(_max_pixels)]
