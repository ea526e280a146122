"""A Ray cluster of nodes on this machine, each with two processors by name and little shared memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

NODE: dict[str, Any] = {"num_cpus": 2, "object_store_memory": 100 * 2**20, "include_dashboard": False}
"""What a node is started with."""


@contextmanager
def run_cluster(**more: Any) -> Iterator[Any]:
    """A cluster with one node, for which more can be stated; `add_node(**NODE)` adds another."""
    pytest.importorskip("ray", reason="the extra `scale` is not installed")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, **more})
    try:
        yield cluster
    finally:
        cluster.shutdown()
