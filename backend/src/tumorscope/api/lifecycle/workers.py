"""Settings in, one process that serves out, or several on one port that share the cores."""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from socket import socket
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import uvicorn

from tumorscope.api.app import create_app
from tumorscope.api.http.connections import HeaderLimitsProtocol, raise_file_limit
from tumorscope.api.jobs.work_queue import SPARE_THREADS
from tumorscope.api.lifecycle.heap import bound_heap
from tumorscope.api.lifecycle.server import FINISH_S, run_server
from tumorscope.api.monitoring.logs import configure_logs, log_event
from tumorscope.api.monitoring.metrics import SHARED_FOLDER
from tumorscope.api.settings import Settings
from tumorscope.model.processor import count_cores


def serve(settings: Settings, host: str, port: int, log_level: str, workers: int) -> None:
    """Serve until a signal comes.

    Parameters
    ----------
    settings : Settings
        Of the whole service: several processes divide its cores, threads and memory for uploads.
    host, port : str, int
        Where to listen.
    log_level : str
        As for `configure_logs`.
    workers : int
        Processes that answer. One that ends is replaced; at SIGTERM each finishes what it has accepted.
    """
    if workers == 1:
        _run(settings, log_level, {"host": host, "port": port}, lambda: True)
        return
    configure_logs(log_level)
    listener = uvicorn.Config("", host=host, port=port, log_config=None).bind_socket()
    # For what has been accepted before a worker is there to take it.
    listener.listen(_BACKLOG)
    with _shared_counters():
        # Spawned, for a fork of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        ending = context.Event()
        run = partial(_run, divide(settings, workers), log_level, {}, ending.is_set, [listener])
        _supervise(context, run, workers, listener, ending)


def divide(settings: Settings, workers: int) -> Settings:
    """What each of several processes may use, at least one of everything."""
    cores = max(1, (settings.engine_threads or count_cores()) // workers)
    return settings.model_copy(
        update={
            "engine_threads": cores,
            "threads": max(1, settings.threads // workers) if settings.threads else cores + SPARE_THREADS,
            "max_waiting": max(1, settings.max_waiting // workers),
            # One upload of the largest size has to fit.
            "max_upload_memory_mib": max(settings.max_request_mib, settings.max_upload_memory_mib // workers),
        }
    )


_BACKLOG = 2048
# A worker that cannot live is not started again at once and for ever.
_RESTART_S = 1.0
_LOOK_S = 0.5
_OPTIONS: dict[str, Any] = {
    "http": HeaderLimitsProtocol,
    # There is none to be served, and its libraries need not be loaded.
    "ws": "none",
    "log_config": None,
    "server_header": False,
    "timeout_graceful_shutdown": FINISH_S,
}


@contextmanager
def _shared_counters() -> Iterator[None]:
    """A folder where the workers count together, so that ``/metrics`` of any of them tells of all."""
    try:
        folder = TemporaryDirectory(prefix="tumorscope-metrics-")
    except OSError as error:
        # To answer matters more than to count.
        log_event("metrics_not_shared", logging.WARNING, error=error)
        yield
        return
    with folder as path:
        os.environ[SHARED_FOLDER] = path
        yield


def _run(
    settings: Settings,
    log_level: str,
    address: dict[str, Any],
    ends_port: Callable[[], bool],
    sockets: list[socket] | None = None,
) -> None:
    """One process; a worker is given the sockets that all of them listen at."""
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    configure_logs(log_level)
    raise_file_limit()
    bound_heap()
    api = create_app(settings)
    config = uvicorn.Config(api, **address, **_OPTIONS)
    run_server(config, api.state.components.service.drain, settings.drain_s, ends_port, sockets)


def _end_with(parent: BaseProcess) -> None:
    """Finish when the parent is gone, however it came to that: nobody else would tell."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _supervise(context: SpawnContext, run: Callable[[], None], workers: int, listener: socket, ending: Event) -> None:
    """Keep so many processes running until a signal comes, then have them end, and with them the port close."""
    told = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    def start() -> BaseProcess:
        process = context.Process(target=run)
        process.start()
        return process

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    processes = [start() for _ in range(workers)]
    while not told:
        wait([process.sentinel for process in processes], _LOOK_S)
        ended = [process for process in processes if not process.is_alive()]
        if ended and not told:
            log_event("worker_ended", logging.ERROR, statuses=[process.exitcode for process in ended])
            time.sleep(_RESTART_S)
            processes = [process if process.is_alive() else start() for process in processes]
    # Held open here, it would take connections that nobody accepts any more.
    listener.close()
    # No handler of a signal may do this: it takes a lock.
    ending.set()
    for process in processes:
        process.terminate()
    for process in processes:
        process.join()
