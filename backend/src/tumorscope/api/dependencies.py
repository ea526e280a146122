"""What the routes ask for, by name."""

from typing import Annotated

from fastapi import Depends, Request

from tumorscope.api.held_files import UploadMemory
from tumorscope.api.service import Service
from tumorscope.api.uploads import UploadLimits


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def _upload_limits(request: Request) -> UploadLimits:
    limits: UploadLimits = request.app.state.upload_limits
    return limits


def _upload_memory(request: Request) -> UploadMemory:
    memory: UploadMemory = request.app.state.upload_memory
    return memory


def _max_pixels(request: Request) -> int:
    max_pixels: int = request.app.state.max_pixels
    return max_pixels


ServiceDependency = Annotated[Service, Depends(_service)]
UploadLimitsDependency = Annotated[UploadLimits, Depends(_upload_limits)]
UploadMemoryDependency = Annotated[UploadMemory, Depends(_upload_memory)]
MaxPixelsDependency = Annotated[int, Depends(_max_pixels)]
