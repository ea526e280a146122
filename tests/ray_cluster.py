"""A Ray cluster of nodes on this machine, each with two processors by name and little shared memory."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

DEPLOYED = Path(__file__).parents[1] / "deploy" / "ray"
"""What the nodes of a cluster run."""
REPLICA = {"TUMORSCOPE_ENGINE": "litert", "TUMORSCOPE_THREADS": "1", "TUMORSCOPE_MAX_WAITING": "1"}
"""Settings of a service on Ray Serve here."""

# A node gives up when the agents that choose their ports themselves have not done so within 15 s.
_PORTS = ("runtime_env_agent_port", "metrics_agent_port", "dashboard_agent_listen_port", "metrics_export_port")

# A node is dead when it does not answer five times, which is every three seconds by default; how long it may take to
# answer is left as it is.
_SOON_MISSED = {"health_check_period_ms": 300}


def describe_node() -> dict[str, Any]:
    """What a node is started with."""
    with ExitStack() as probes:
        sockets = {name: probes.enter_context(socket.socket()) for name in _PORTS}
        for probe in sockets.values():
            probe.bind(("127.0.0.1", 0))
        ports = {name: probe.getsockname()[1] for name, probe in sockets.items()}
    return {"num_cpus": 2, "object_store_memory": 100 * 2**20, "include_dashboard": False, **ports}


@contextmanager
def run_cluster() -> Iterator[Any]:
    """A cluster with one node, on which a replica of the service fits; `add_node(**describe_node())` adds another."""
    pytest.importorskip("ray", reason="the extra `scale` is not installed")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as agents:
        # As where Ray's dashboard is not installed, whose agent always chooses one of them.
        agents.setattr("ray._private.utils.get_dashboard_dependency_error", ImportError)
        with pytest.MonkeyPatch.context() as patch:
            # A node's own, as those of the image; replicas have them from there.
            for name, value in {**REPLICA, "PYTHONPATH": str(DEPLOYED), "RAY_USAGE_STATS_ENABLED": "0"}.items():
                patch.setenv(name, value)
            # Nobody reads its logs here, and it does not grow.
            unused = {"include_log_monitor": False, "no_monitor": True}
            head = {**describe_node(), **unused, "memory": 6 * 2**30, "_system_config": _SOON_MISSED}
            cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            yield cluster
        finally:
            cluster.shutdown()
