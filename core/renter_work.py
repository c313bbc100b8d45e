"""Carries out what a renter's lease asks for: letters to its donors, the escrow, the cluster's master."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.cluster import Cluster, ClusterBook, merge, settled
from core.errors import InvalidInput, NotEnoughCoin, SandboxFailed, SparecloudError, TransactionFailed
from core.lease import Effect, Fact, Lease, Part, PartState, Rental
from core.lease import effects as do
from core.lease import facts as was
from core.messages import Accepted, Ending, Message, Proposal, StartOrder, VoucherNote, decode, encode
from core.model import Agreement, LeaseId, SignedAcceptance, Voucher
from core.ports import Board, Chain, Clock, ClusterRuntime, Fabric, Journal, Peers, Wakefulness
from core.quote import SpendingLimits
from core.ticket import MASTER, Ticket
from core.updates import NOTHING_NEW, Updates


@dataclass(frozen=True, slots=True)
class RenterPorts:
    """The world as a renter's agent needs it; `folder` is where job logs outlive their cluster.

    `limits` says what clusters may cost, and raises InvalidInput where that is unreadable; `updates` tells of new
    versions.
    """

    chain: Chain
    runtime: ClusterRuntime
    fabric: Fabric
    board: Board
    peers: Peers
    journal: Journal
    clock: Clock
    awake: Wakefulness
    folder: Path
    limits: Callable[[], SpendingLimits]
    updates: Updates = NOTHING_NEW


class RenterWork:
    """The effects of every lease of one renter. Each may be carried out twice.

    `lives` says of a cluster whether anything still needs its master.
    """

    def __init__(self, ports: RenterPorts, book: ClusterBook, lives: Callable[[Cluster], bool]) -> None:
        self._ports = ports
        self._book = book
        self._lives = lives
        self._stopping = asyncio.Lock()

    async def carry(self, _key: str, lease: Lease, effect: Effect) -> Fact | None:
        if not isinstance(lease, Rental):
            raise InvalidInput("A renter's journal holds a donor's share.", "Use one home folder for each role.")
        agreement, clock = lease.agreement, self._ports.clock
        chain, runtime = self._ports.chain, self._ports.runtime
        match effect:
            case do.ProposeShare(index=index):
                await self.tell(agreement, index, Proposal(agreement, index))
            case do.OpenLease(held_until=held_until):
                return await self._open(agreement, held_until)
            case do.StartMaster():
                try:
                    address = await self._start_master(agreement)
                except SparecloudError as problem:
                    return was.MasterFailed(clock.now(), str(problem))
                return was.MasterStarted(clock.now(), address)
            case do.OrderStart(index=index):
                known_secret = await runtime.secret(self._book.network_of(agreement.lease))
                if known_secret and lease.master:
                    ticket = await self.ticket(agreement, index)
                    order = StartOrder(agreement.lease, index, lease.master, known_secret, ticket)
                    await self.tell(agreement, index, order)
            case do.LookAtWorkers():
                network = self._book.network_of(agreement.lease)
                if await runtime.secret(network) is None:
                    return was.MasterFailed(clock.now(), "It was gone when the workers were looked at.")
                found = [self._ports.fabric.at(network, host) for host in await runtime.registered(network)]
                here = frozenset(share[1] for share in found if share and share[0] == agreement.lease)
                return was.WorkersSeen(clock.now(), here)
            case do.SignVoucher(index=index, amount=amount):
                voucher = Voucher(agreement.lease, index, amount)
                signature = chain.session(agreement.terms.session).sign(voucher)
                await self.tell(agreement, index, VoucherNote(voucher, signature))
            case do.TellEnding(index=index, hand_over_s=hand_over_s):
                await self.tell(agreement, index, Ending(agreement.lease, index, hand_over_s))
            case do.StopCluster():
                cluster = self._book.of(agreement.lease)
                if cluster is None or not self._lives(cluster):
                    await self.stop_cluster(self._book.network_of(agreement.lease))
            case do.CloseLease():
                await chain.close(agreement.terms)
                record = await chain.lease(agreement.lease)
                if record is not None:
                    return was.LeaseClosed(clock.now(), record.claimable_until)
            case do.SweepLease():
                satisfied = [index for index, part in enumerate(lease.parts) if _kept_its_word(part)]
                refund = await chain.sweep(agreement, satisfied=satisfied)
                paid = [await chain.paid(agreement.lease, share.index) for share in agreement.shares]
                return was.LeaseSwept(clock.now(), refund, tuple(paid))
            case _:
                raise InvalidInput(f"A renter cannot carry {type(effect).__name__} out.")
        return None

    async def _open(self, agreement: Agreement, held_until: int) -> Fact | None:
        """Whether the deposit is paid is the chain's to say: a node that does not answer is asked again."""
        chain, clock = self._ports.chain, self._ports.clock
        try:
            if await chain.lease(agreement.lease) is None:
                if clock.now() >= held_until:
                    return was.OpeningFailed(clock.now(), "The donors no longer hold their room.")
                await chain.open_lease(agreement, self._accepted(agreement))
        except (TransactionFailed, NotEnoughCoin) as refused:
            if await chain.lease(agreement.lease) is None:
                return was.OpeningFailed(clock.now(), str(refused))
        return was.LeaseOpened(clock.now())

    async def recover(self, rental: Rental) -> None:
        """Get a deposit back that was mined after its lease had been given up as not opened."""
        chain, agreement = self._ports.chain, rental.agreement
        record = await chain.lease(agreement.lease)
        if record is None or record.swept:
            return
        await chain.close(agreement.terms)
        record = await chain.lease(agreement.lease)
        if record is not None and self._ports.clock.now() > record.claimable_until:
            await chain.sweep(agreement, satisfied=range(len(agreement.shares)))

    def _accepted(self, agreement: Agreement) -> list[SignedAcceptance]:
        """The donors' acceptances, as the mailbox kept them."""
        found = []
        for share in agreement.shares:
            body = self._ports.journal.get("acceptances", f"{agreement.lease}/{share.index}")
            message = decode(body) if body is not None else None
            if isinstance(message, Accepted):
                found.append(SignedAcceptance(message.acceptance, message.signature))
        return found

    async def tell(self, agreement: Agreement, index: int, message: Message) -> None:
        """Write to a share's donor."""
        donor = agreement.shares[index].donor
        cluster = self._book.of(agreement.lease)
        if cluster is not None and donor in cluster.donors:
            session = self._ports.chain.session(agreement.terms.session)
            await self._ports.peers.send(session, donor, cluster.donors[donor][1], encode(message))

    async def _start_master(self, agreement: Agreement) -> str:
        """The first lease that is opened for a cluster founds its network; later ones join it."""
        ports, lease = self._ports, agreement.lease
        cluster = self._book.of(lease)
        if cluster is not None and cluster.network is None:
            self._book.keep(replace(cluster, network=lease))
        network = self._book.network_of(lease)
        await ports.fabric.open(agreement, network)
        secret = await ports.runtime.secret(network)
        if secret is None and network != lease:
            raise SandboxFailed("The cluster's master is gone.", "Start a new cluster.")
        ticket = await ports.fabric.ticket(network, MASTER, await ports.runtime.enroll(network))
        return await ports.runtime.start_master(network, secret or secrets.token_urlsafe(32), ticket)

    async def ticket(self, agreement: Agreement, index: int) -> Ticket:
        """The ticket of a share's worker, for the node key that its donor accepted with. Raises InvalidInput."""
        network = self._book.network_of(agreement.lease)
        body = self._ports.journal.get("acceptances", f"{agreement.lease}/{index}")
        message = decode(body) if body is not None else None
        if not isinstance(message, Accepted):
            raise InvalidInput("A share has no acceptance, and so nobody to give a ticket.")
        host = self._ports.fabric.place(network, agreement.lease, index)
        return await self._ports.fabric.ticket(network, host, message.node_key)

    async def stop_cluster(self, network: LeaseId) -> None:
        """Keep each job's output and last state, then remove master and drivers, and the network's authority."""
        async with self._stopping:
            cluster = self._book.of(network)
            if cluster is None or not cluster.stopped:
                await self._stop(network)

    async def _stop(self, network: LeaseId) -> None:
        runtime = self._ports.runtime
        jobs = await runtime.jobs(network)
        for job in jobs:
            text = b"".join([chunk async for chunk in runtime.logs(network, job.job, follow=False)])
            await asyncio.to_thread(_write, self._book.log_file(network, job.job), text)
        await runtime.forget(network)
        cluster = self._book.of(network)
        if cluster is not None:
            jobs = settled(merge(cluster.jobs, jobs), self._ports.clock.now())
            self._book.keep(replace(cluster, jobs=jobs, stopped=True))
        await self._ports.fabric.close(network)


def _kept_its_word(part: Part) -> bool:
    """False where a donor accepted and never served, or vanished without a word: its penalty stays reserved."""
    return part.state is not PartState.LOST or part.finished


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
