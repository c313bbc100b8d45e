"""A donor's word over one worker of a cluster, out of the agent's journal: what trials and court are shown."""

from dataclasses import dataclass
from pathlib import Path

from core.cluster import ClusterBook
from core.errors import InvalidInput, NotFound
from core.journal import SqliteJournal, copied_journal
from core.lease import Rental
from core.messages import Accepted, decode
from core.model import Agreement, Share, SignedAcceptance
from core.repair import numbered, of_cluster


@dataclass(frozen=True, slots=True)
class Deal:
    """A share that its donor accepted; `who` names the donor and the worker in words."""

    agreement: Agreement
    index: int
    accepted: SignedAcceptance
    who: str

    @property
    def share(self) -> Share:
        """The share."""
        return self.agreement.shares[self.index]


def deal_over(home: Path, cluster: str, worker: int) -> Deal:
    """The deal over a worker of a cluster, whether or not the agent runs. Raises NotFound, InvalidInput."""
    with copied_journal(home / "renter") as journal:
        return _deal(journal, home, cluster, worker)


def _deal(journal: SqliteJournal, home: Path, name: str, worker: int) -> Deal:
    cluster = ClusterBook(journal, home / "renter").named(name)
    leases = journal.leases().values()
    rentals = of_cluster(cluster, [rental for rental in leases if isinstance(rental, Rental) and rental.opened_at])
    if not rentals:
        raise NotFound(f"The cluster {name} was never paid for, so nobody owes it anything.")
    workers = numbered(rentals)
    if not 0 <= worker < len(workers):
        raise NotFound(f"The cluster {name} has no worker {worker}.", f"See them with `sparecloud status {name}`.")
    rental, index = workers[worker]
    agreement = rental.agreement
    body = journal.get("acceptances", f"{agreement.lease}/{index}")
    message = decode(body) if body is not None else None
    if not isinstance(message, Accepted):
        raise NotFound(f"Nobody signed for worker {worker} of {name}.", "Only who accepted can be held to it.")
    donor = agreement.shares[index].donor
    if not agreement.shares[index].penalty:
        raise InvalidInput(f"Nothing is pledged for worker {worker} of {name}.", "There is nothing that it could lose.")
    called, _ = cluster.donors.get(donor, ("", ""))
    who = f"{called or donor} (worker {worker} of {name})"
    return Deal(agreement, index, SignedAcceptance(message.acceptance, message.signature), who)
