"""The service as a Ray Serve application: ``serve run serve_app:app``.

Each replica is the whole service, with a model and a queue of its own; its settings are the same variables of the
environment. Serve's proxy hands requests on, so hosts and origins are checked and limits apply as ever.
"""

import os
from typing import TYPE_CHECKING

from ray import serve

if TYPE_CHECKING:
    from fastapi import FastAPI

# Cores and memory of a replica.
_CORES = int(os.environ.get("TUMORSCOPE_REPLICA_CORES", "2"))
_MEMORY_BYTES = 4 * 2**30


def make_app() -> "FastAPI":
    """Make the service, in the replica's process."""
    from tumorscope.api.app import create_app  # noqa: PLC0415  (the controller needs none of it)
    from tumorscope.api.settings import read_settings  # noqa: PLC0415

    return create_app(read_settings())


@serve.deployment(
    autoscaling_config={
        "min_replicas": 1,
        "max_replicas": 8,
        # Two more than cores are worked on; above that requests wait.
        "target_ongoing_requests": _CORES + 2,
        "upscale_delay_s": 10,
        "downscale_delay_s": 300,
    },
    # More than the service's own queue holds: it refuses with 503 and Retry-After, where Serve would answer otherwise.
    max_ongoing_requests=128,
    max_queued_requests=-1,
    # In-flight requests are finished within this, as with `tumorscope serve`.
    graceful_shutdown_timeout_s=40,
    ray_actor_options={"num_cpus": _CORES, "memory": _MEMORY_BYTES},
)
@serve.ingress(make_app)
class Tumorscope:
    """A replica. It is up while its process answers; `GET /health` says whether its model does."""


app = Tumorscope.bind()
