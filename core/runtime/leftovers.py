"""What leases left behind on this engine, whichever agent made it: for demonstrations and tests that share one."""

from collections.abc import Iterable

from core.model import LeaseId
from core.runtime.container_engine import ContainerEngine, gone_is_fine, translated
from core.runtime.labels import LEASE


def found(engine: ContainerEngine, leases: Iterable[LeaseId]) -> tuple[str, ...]:
    """Every container, volume and network that carries one of `leases`, named. Blocks. Raises EngineUnavailable."""
    things: list[str] = []
    with translated():
        for lease in sorted(leases):
            label = {LEASE: str(lease)}
            things += [f"container {container.name}" for container in engine.labelled(label)]
            things += [f"volume {volume.name}" for volume in engine.volumes(label)]
            networks = engine.client.networks.list(filters={"label": f"{LEASE}={lease}"})
            things += [f"network {network.name}" for network in networks]
    return tuple(things)


def clear(engine: ContainerEngine, leases: Iterable[LeaseId]) -> None:
    """Remove by force what `found` finds. Blocks."""
    with translated():
        for lease in sorted(leases):
            engine.remove({LEASE: str(lease)})
            for network in engine.client.networks.list(filters={"label": f"{LEASE}={lease}"}):
                with gone_is_fine():
                    network.remove()
