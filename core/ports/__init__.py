"""What the use cases need of the world: small Protocols that adapters fill and tests may replace.

Every coroutine here may be cancelled, raises only children of SparecloudError, and is safe to call twice:
"already there" and "already gone" are success.
"""

from core.ports.both import Board, Chain, Clock, Journal, Notary, Peers
from core.ports.donor import Benchmark, OwnerFile, Probe, Sensors, WorkerRuntime
from core.ports.renter import ClusterRuntime, Fabric, Wakefulness

__all__ = [
    "Benchmark",
    "Board",
    "Chain",
    "Clock",
    "ClusterRuntime",
    "Fabric",
    "Journal",
    "Notary",
    "OwnerFile",
    "Peers",
    "Probe",
    "Sensors",
    "Wakefulness",
    "WorkerRuntime",
]
