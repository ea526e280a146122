"""A Ray cluster of nodes on this machine, each with two processors by name and little shared memory."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

# Ray gives up when the agents that choose their ports themselves have not done so after half a minute.
_PORTS = ("runtime_env_agent_port", "metrics_agent_port", "dashboard_agent_listen_port", "metrics_export_port")


def describe_node() -> dict[str, Any]:
    """What a node is started with."""
    with ExitStack() as probes:
        sockets = {name: probes.enter_context(socket.socket()) for name in _PORTS}
        for probe in sockets.values():
            probe.bind(("127.0.0.1", 0))
        ports = {name: probe.getsockname()[1] for name, probe in sockets.items()}
    return {"num_cpus": 2, "object_store_memory": 100 * 2**20, "include_dashboard": False, **ports}


@contextmanager
def run_cluster(**more: Any) -> Iterator[Any]:
    """A cluster with one node, for which more can be stated; `add_node(**describe_node())` adds another."""
    pytest.importorskip("ray", reason="the extra `scale` is not installed")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**describe_node(), **more})
    try:
        yield cluster
    finally:
        cluster.shutdown()
