"""What renters write to a donor: read, checked against the share that it is about, answered or told to the engine."""

import asyncio
import logging
from typing import Final

from core.donor_pledges import Pledges
from core.donor_work import DonorPorts, DonorWork
from core.engine import Engine
from core.errors import InvalidInput, SparecloudError
from core.lease import Service, ServicePhase, ended
from core.lease import effects as do
from core.lease import facts as was
from core.lease.serving import accept
from core.messages import Ending, Message, Proposal, Refused, StartOrder, TicketNote, VoucherNote, decode, encode
from core.model import Address, Agreement, LeaseId, Share
from core.offering import objection
from core.pledges import choose_seats
from core.standing import Standing

log = logging.getLogger(__name__)

HOLD_S: Final = 120
"""Room accepted is held so long for the lease to be opened and the worker to be ordered."""


class DonorMail:
    """A donor's letters. What is malformed, forged, or about somebody else's share changes nothing."""

    def __init__(
        self, ports: DonorPorts, standing: Standing, engine: Engine, work: DonorWork, pledges: Pledges
    ) -> None:
        self._ports = ports
        self._standing = standing
        self._engine = engine
        self._work = work
        self._pledges = pledges
        self._ordered: set[str] = set()

    async def read(self) -> None:
        """Read letters for ever."""
        async with asyncio.TaskGroup() as tasks:
            async for sender, _, body in self._ports.peers.letters():
                try:
                    await self._open(sender, decode(body), tasks)
                except SparecloudError as problem:
                    log.warning("a letter from %s changed nothing: %s", sender, problem)

    async def _open(self, sender: Address, message: Message, tasks: asyncio.TaskGroup) -> None:
        now = self._ports.clock.now()
        match message:
            case Proposal(agreement=agreement, index=index):
                await self._consider(sender, agreement, index, now)
            case StartOrder():
                self._take_order(self._mine(sender, message.lease, message.index), message, tasks)
            case TicketNote(lease=lease, index=index, ticket=ticket):
                self._mine(sender, lease, index)
                self._engine.tell(share_key(lease, index), was.TicketRenewed(now, ticket))
            case VoucherNote(voucher=voucher, signature=signature):
                self._mine(sender, voucher.lease, voucher.index)
                if self._ports.notary.signer(voucher, signature) != sender:
                    raise InvalidInput("A voucher is not signed by the renter's session key.")
                key = share_key(voucher.lease, voucher.index)
                self._engine.tell(key, was.VoucherArrived(now, voucher.amount, signature))
            case Ending(lease=lease, index=index, hand_over_s=hand_over_s):
                service = self._mine(sender, lease, index)
                if ended(service):
                    await self._work.beat(service, do.SendHeartbeat(service.served_s(now), False, service.reason))
                self._engine.tell(share_key(lease, index), was.EndingTold(now, hand_over_s))
            case _:
                raise InvalidInput("That message is meant for renters.")

    def _mine(self, sender: Address, lease: LeaseId, index: int) -> Service:
        """The share that a letter is about, if its sender is that lease's renter. Raises InvalidInput."""
        service = self._engine.leases.get(share_key(lease, index))
        if not isinstance(service, Service) or service.agreement.terms.session != sender:
            raise InvalidInput("It is about a share that the sender does not rent from us.")
        return service

    async def _consider(self, sender: Address, agreement: Agreement, index: int, now: int) -> None:
        key = share_key(agreement.lease, index)
        known = self._engine.leases.get(key)
        if isinstance(known, Service):
            if known.phase is ServicePhase.ACCEPTED and known.agreement == agreement:
                await self._work.carry(key, known, do.AnswerAccepted())
            return
        self._ports.chain.check(agreement)
        if agreement.terms.session != sender:
            raise InvalidInput("A lease was proposed by somebody who does not hold its session key.")
        donor, standing = self._ports.notary.address, self._standing
        settings = standing.keeping.donor
        refusal = objection(
            settings, agreement, index, donor=donor, free=standing.room(), stake=standing.stake(), now=now
        )
        seats = None if refusal else self._seats(agreement.shares[index])
        if seats is None:
            refusal = refusal or "All seats of this machine are signed away."
            answer = Refused(agreement.lease, index, refusal)
            await self._ports.peers.send(self._ports.notary, sender, agreement.seal_key, encode(answer))
            return
        patience = settings.patience_intervals
        self._engine.add(
            key, *accept(agreement, index, now=now, hold_s=HOLD_S, seats=seats, patience_intervals=patience)
        )

    def _seats(self, share: Share) -> str | None:
        services = self._standing.services()
        taken = [service.seats for key, service in services.items() if self._holds_seats(key, service)]
        machine_mib = self._standing.measured.total.memory_mib if self._standing.measured else 0
        return choose_seats(share.resources.memory_mib, machine_mib, taken)

    def _holds_seats(self, key: str, service: Service) -> bool:
        """A share keeps its seats until the chain shows that it is over: sold again before, they would convict us.

        Without a penalty of its own it still counts: the other share of a seat that was sold twice may have one.
        """
        return not ended(service) or not self._pledges.is_over(key)

    def _take_order(self, service: Service, order: StartOrder, tasks: asyncio.TaskGroup) -> None:
        """Look at the escrow beside the letter loop: a slow node must not hold up others' vouchers."""
        key = share_key(order.lease, order.index)
        if key in self._ordered:
            return

        async def follow() -> None:
            try:
                await self._work.check_escrow(service.agreement)
                self._engine.tell(
                    key, was.StartOrdered(self._ports.clock.now(), order.master, order.secret, order.ticket)
                )
            except SparecloudError as problem:
                log.warning("an order for share %s changed nothing: %s", key, problem)
            finally:
                self._ordered.discard(key)

        self._ordered.add(key)
        tasks.create_task(follow())


def share_key(lease: LeaseId, index: int) -> str:
    """How the journal names a share that is served."""
    return f"{lease}/{index}"
