"""Settings in, the application out: everything is wired here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from tumorscope import NOTICE
from tumorscope.api.auth.key_ring import KeyRing
from tumorscope.api.auth.origins import OriginCheck
from tumorscope.api.auth.security import ApiKeyCheck
from tumorscope.api.http import errors
from tumorscope.api.http.deadline import RequestDeadline
from tumorscope.api.http.dependencies import Components
from tumorscope.api.http.middleware import MODEL_VERSION, REQUEST_ID, RequestContext
from tumorscope.api.http.openapi import build_document
from tumorscope.api.http.upload_rate import MinUploadRate, UploadRateCheck
from tumorscope.api.http.uploads import UploadLimits, UploadMemory
from tumorscope.api.jobs.work_queue import SPARE_THREADS, DecodeMemory, WorkQueue
from tumorscope.api.lifecycle.container_memory import CGROUP_ROOT, read_container_memory
from tumorscope.api.lifecycle.model_watch import ModelSource, watch_model
from tumorscope.api.lifecycle.service import Service
from tumorscope.api.monitoring.metrics import Metrics
from tumorscope.api.monitoring.state_metrics import watch_state
from tumorscope.api.routes import docs, health, inference_protocol, metrics, model, predict, volume
from tumorscope.api.settings import Settings
from tumorscope.domain.errors import TumorscopeError
from tumorscope.imaging.decoder_pool import DecoderPool
from tumorscope.imaging.source import DecodeLimits
from tumorscope.inference.engines.choose import open_classifier
from tumorscope.model.processor import count_cores
from tumorscope.version import VERSION

_MIB = 2**20
# Of a container's memory: beside it there are uploads, the network and, while a model is replaced, a second one.
_DECODE_SHARE = 0.3
_DECODE_MIB = 1228


def create_app(settings: Settings) -> FastAPI:
    """Create the application, which loads its model after its startup and answers ``/health`` meanwhile."""
    collectors = Metrics()

    service = Service()
    threads = settings.threads or count_cores() + SPARE_THREADS
    work_queue = WorkQueue(
        threads,
        settings.max_waiting,
        settings.max_wait_s,
        lambda lane, seconds: collectors.wait_seconds.labels(lane).observe(seconds),
    )
    source = ModelSource(
        settings.bundle,
        lambda bundle: open_classifier(bundle, settings.engine, settings.engine_threads, settings.operating_point),
        settings.shadow_slices,
        settings.shadow_s,
        lambda: work_queue.depth == 0,
    )
    upload_memory = UploadMemory(settings.max_upload_memory_mib * _MIB)
    decode_memory = DecodeMemory(_choose_decode_bytes(settings.max_decode_memory_mib), settings.max_wait_s)
    # More address space than memory, of which decoders touch a part.
    decoders = DecoderPool(2 * decode_memory.max_bytes)
    limits = DecodeLimits(settings.max_megapixels * 1_000_000, settings.max_expanded_mib * _MIB, settings.max_files)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watching = asyncio.create_task(watch_model(service, source))
        with decoders:
            yield
            service.drain()
        watching.cancel()
        await asyncio.wait([watching])

    app = FastAPI(
        title="Tumorscope",
        version=VERSION,
        description=f"Reads a brain MRI and predicts how likely it shows a tumour, and of which kind. {NOTICE}",
        lifespan=lifespan,
        # A redirect would send the client to whatever host its request named.
        redirect_slashes=False,
        # `routes.docs` has it.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            TumorscopeError: errors.answer_tumorscope_error,
            MemoryError: errors.answer_memory_error,
            RequestValidationError: errors.answer_invalid_parameter,
            HTTPException: errors.answer_http_exception,
        },
    )
    app.state.components = Components(
        service,
        work_queue,
        UploadLimits(settings.max_part_mib * _MIB, settings.max_request_mib * _MIB, settings.max_files),
        upload_memory,
        collectors,
        lambda upload, reserve, *others: decoders.decode(upload, replace(limits, reserve=reserve), *others),
        decode_memory,
    )
    app.add_middleware(UploadRateCheck, rate=MinUploadRate(settings.min_upload_kib * 1024, settings.upload_window_s))
    if settings.api_keys_file is not None:
        app.add_middleware(ApiKeyCheck, keys=KeyRing(settings.api_keys_file))
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            # `OriginCheck` has refused the others.
            allow_origins=sorted(settings.allowed_origins),
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[REQUEST_ID, MODEL_VERSION, "Retry-After"],
            allow_private_network=True,
        )
    app.add_middleware(OriginCheck, hosts=settings.allowed_hosts, origins=settings.allowed_origins)
    app.add_middleware(RequestDeadline, max_s=settings.max_request_s)
    watch_state(collectors, service, work_queue, upload_memory)
    app.add_middleware(RequestContext, service=service, metrics=collectors)
    app.openapi = lambda: build_document(app)  # type: ignore[method-assign]
    for module in (predict, volume, health, model, inference_protocol, metrics, docs):
        app.include_router(module.router)
    return app


def _choose_decode_bytes(stated_mib: int | None) -> int:
    if stated_mib is None and (container := read_container_memory(CGROUP_ROOT)) is not None:
        return int(_DECODE_SHARE * container.limit_bytes)
    return (stated_mib or _DECODE_MIB) * _MIB
