"""Which crew a user asks for."""

from __future__ import annotations

from edgekit.tasks.crew import Crew, ThisMachine


def crew_of(workers: int, cluster: str) -> Crew:
    """Return the crew that a user asks for: a number of processes here, or the address of Ray.

    Raises:
        BadInput: There are too many or no workers, or the address is none.
        Unavailable: Ray is not installed, or nothing answers at the address.
    """
    if not cluster:
        return ThisMachine(workers)
    from edgekit.tasks.ray_crew import RayCluster

    return RayCluster(cluster)
