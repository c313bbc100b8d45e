"""What donors write to their renter: read, checked against the lease that it is about, and told to the engine."""

import logging

from core.cluster import ClusterBook
from core.engine import Engine
from core.errors import InvalidInput, SparecloudError
from core.lease import Rental
from core.lease import facts as was
from core.messages import Accepted, Beat, Message, Refused, decode
from core.model import Acceptance, Address, LeaseId, Statement
from core.pledges import enough_seats
from core.renter_work import RenterPorts

log = logging.getLogger(__name__)


class Mailbox:
    """A renter's letters. What is malformed, forged, or about somebody else's share changes nothing."""

    def __init__(self, ports: RenterPorts, engine: Engine, book: ClusterBook) -> None:
        self._ports = ports
        self._book = book
        self._engine = engine

    def open(self, sender: Address, recipient: Address, body: bytes) -> None:
        """Tell the engine what a letter says."""
        try:
            self._read(sender, recipient, decode(body), body)
        except SparecloudError as problem:
            log.warning("a letter from %s changed nothing: %s", sender, problem)

    def _read(self, sender: Address, recipient: Address, message: Message, body: bytes) -> None:
        now = self._ports.clock.now()
        match message:
            case Accepted(acceptance=acceptance, signature=signature):
                self._check_sender(sender, recipient, acceptance.lease, acceptance.index)
                self._check_signature(acceptance, signature, sender, recipient)
                if not self._has_seats(acceptance):
                    log.warning("share %s of lease %s: too few seats signed", acceptance.index, acceptance.lease)
                    self._engine.tell(acceptance.lease, was.DonorRefused(now, acceptance.index))
                    return
                if self._ports.fabric.has_overlay and not message.node_key:
                    log.warning("share %s of lease %s: its donor has no overlay", acceptance.index, acceptance.lease)
                    self._engine.tell(acceptance.lease, was.DonorRefused(now, acceptance.index))
                    return
                # Kept as evidence: a donor that accepts and does not serve, or accepts twice, has signed so.
                self._ports.journal.put("acceptances", f"{acceptance.lease}/{acceptance.index}", body)
                self._engine.tell(acceptance.lease, was.DonorAccepted(now, acceptance.index, acceptance.expires_at))
            case Refused(lease=lease, index=index, why=why):
                self._check_sender(sender, recipient, lease, index)
                log.info("share %s of lease %s was refused: %s", index, lease, why)
                self._engine.tell(lease, was.DonorRefused(now, index))
            case Beat(heartbeat=heartbeat):
                self._check_sender(sender, recipient, heartbeat.lease, heartbeat.index)
                self._check_signature(heartbeat, message.signature, sender, recipient)
                fact = was.HeartbeatArrived(
                    now,
                    heartbeat.index,
                    heartbeat.served_s,
                    heartbeat.serving,
                    message.reason,
                    message.leaves_at,
                    message.granted_permille,
                )
                self._engine.tell(heartbeat.lease, fact)
            case _:
                raise InvalidInput("That message is meant for donors.")

    def _check_sender(self, sender: Address, recipient: Address, lease: LeaseId, index: int) -> None:
        """Raise InvalidInput unless `sender` serves that share of a lease of ours, and wrote to its session."""
        rental = self._engine.leases.get(lease)
        if (
            not isinstance(rental, Rental)
            or index >= len(rental.agreement.shares)
            or rental.agreement.shares[index].donor != sender
            or rental.agreement.terms.session != recipient
        ):
            raise InvalidInput("It is about a share that its sender does not serve.")

    def _has_seats(self, acceptance: Acceptance) -> bool:
        """Whether the donor signed away as much of its machine as the share takes, so that it cannot sell it twice."""
        rental, cluster = self._engine.leases.get(acceptance.lease), self._book.of(acceptance.lease)
        if not isinstance(rental, Rental) or cluster is None:
            return False
        memory_mib = rental.agreement.shares[acceptance.index].resources.memory_mib
        return enough_seats(acceptance.seats, memory_mib, cluster.machines.get(acceptance.donor, 0))

    def _check_signature(self, statement: Statement, signature: str, donor: Address, session: Address) -> None:
        if self._ports.chain.session(session).signer(statement, signature) != donor:
            raise InvalidInput("A statement is not signed by the share's donor.")
