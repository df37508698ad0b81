"""A Ray cluster on this machine, for tests: a head that runs nothing, and nodes that do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest


@contextlib.contextmanager
def cluster_of(*nodes: dict[str, Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Give a cluster, whose `address` one may join, and its nodes."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    small = {"object_store_memory": 100_000_000, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_AUTH_MODE", "disabled")  # and no token is written into a home
        # A node that is killed says nothing: it counts as lost after half a second of silence.
        patch.setenv("RAY_health_check_period_ms", "500")
        patch.setenv("RAY_health_check_failure_threshold", "3")
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
        try:
            yield cluster, [cluster.add_node(**{"num_cpus": 2, **small, **each}) for each in nodes]
        finally:
            cluster.shutdown()
