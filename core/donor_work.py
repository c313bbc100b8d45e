"""Carries out what a donor's shares ask for: workers, heartbeats, claims."""

from dataclasses import dataclass

from core.errors import InvalidInput, SparecloudError, TransactionFailed
from core.lease import Effect, Fact, Lease, Service, ServicePhase
from core.lease import effects as do
from core.lease import facts as was
from core.messages import Accepted, Beat, Message, encode
from core.model import Acceptance, Agreement, Heartbeat, Redemption, Voucher
from core.observed import WorkerReport, WorkerState
from core.ports import Benchmark, Board, Chain, Clock, Journal, Notary, OwnerFile, Peers, Probe, Sensors, WorkerRuntime
from core.updates import NOTHING_NEW, Updates


@dataclass(frozen=True, slots=True)
class DonorPorts:
    """The world as a donor's agent needs it; `notary` signs with the donor's own account, `owner` is its settings.

    `updates` tells of new versions.
    """

    chain: Chain
    notary: Notary
    runtime: WorkerRuntime
    board: Board
    peers: Peers
    journal: Journal
    probe: Probe
    benchmark: Benchmark
    sensors: Sensors
    owner: OwnerFile
    clock: Clock
    updates: Updates = NOTHING_NEW


class DonorWork:
    """The effects of every share of one donor. Each may be carried out twice."""

    def __init__(self, ports: DonorPorts) -> None:
        self._ports = ports

    async def check_escrow(self, agreement: Agreement) -> None:
        """Raise InvalidInput unless the escrow holds all that the agreement promises."""
        record = await self._ports.chain.lease(agreement.lease)
        if record is None or record.closed or record.swept:
            raise InvalidInput("A worker was ordered for a lease that is not open in the escrow.")
        if record.remaining < sum(share.cap for share in agreement.shares):
            # Every voucher redeemed before lowers both sides alike, but none can be before the first worker ran.
            paid = [await self._ports.chain.paid(agreement.lease, share.index) for share in agreement.shares]
            if record.remaining + sum(paid) < agreement.terms.deposit:
                raise InvalidInput("A worker was ordered for a lease whose escrow holds too little.")

    async def carry(self, _key: str, lease: Lease, effect: Effect) -> Fact | None:
        """Do it; the fact that came of it, None where none did yet. Raises SparecloudError: it is asked for again."""
        if not isinstance(lease, Service):
            raise InvalidInput("A donor's journal holds a renter's lease.", "Use one home folder for each role.")
        agreement, index = lease.agreement, lease.index
        clock, runtime = self._ports.clock, self._ports.runtime
        match effect:
            case do.AnswerAccepted():
                donor = self._ports.notary.address
                acceptance = Acceptance(agreement.lease, index, donor, lease.deadline, lease.seats)
                node_key = await runtime.enroll(agreement.lease, index)
                await self._tell(lease, Accepted(acceptance, self._ports.notary.sign(acceptance), node_key))
            case do.StartWorker(master=master, secret=secret, ticket=ticket):
                try:
                    report = await runtime.start_worker(agreement, lease.share, master, secret, ticket)
                except SparecloudError as problem:
                    return was.StartFailed(clock.now(), str(problem))
                return _worker_fact(report, clock.now())
            case do.RenewTicket(ticket=ticket):
                await runtime.renew(agreement.lease, index, ticket)
            case do.LookAtWorker():
                report = await runtime.worker(agreement.lease, index)
                if report.state is WorkerState.ABSENT and lease.phase is ServicePhase.STARTING:
                    return None  # Not yet created: the renter orders it again.
                return _worker_fact(report, clock.now())
            case do.Grant(permille=permille):
                report = await runtime.grant_worker(agreement.lease, index, lease.share.resources, permille)
                running = report.state is WorkerState.RUNNING
                return was.Granted(clock.now(), permille) if running else _worker_fact(report, clock.now())
            case do.CutShort():
                await runtime.stop_worker(agreement.lease, index, within_s=0)
            case do.StopWorker(by=by):
                report = await runtime.stop_worker(agreement.lease, index, within_s=max(0, by - clock.now()))
                await runtime.forget(agreement.lease, index)
                return was.WorkerEnded(clock.now(), report.ended_at, report.cause)
            case do.SendHeartbeat():
                await self.beat(lease, effect)
            case do.LookAtLease():
                record = await self._ports.chain.lease(agreement.lease)
                if record is None or record.closed or record.swept:
                    return was.EndingTold(clock.now())
            case do.ClaimVoucher():
                return await self._claim(lease, effect)
            case _:
                raise InvalidInput(f"A donor cannot carry {type(effect).__name__} out.")
        return None

    async def _claim(self, service: Service, effect: do.ClaimVoucher) -> Fact:
        lease, chain = service.agreement.lease, self._ports.chain
        voucher = Voucher(lease, service.index, effect.amount)
        retiring = None
        if service.phase is ServicePhase.CLAIMING:
            # Who leaves early says so on chain: its seats are free again, and nobody can demand an answer of it.
            record = await chain.lease(lease)
            retiring = service.share if record is not None and not record.closed else None
        try:
            await chain.claim(
                service.agreement, [Redemption(voucher, effect.signature, service.share)], retiring=retiring
            )
        except TransactionFailed:
            record = await chain.lease(lease)
            if record is None or record.swept:
                return was.LeaseSwept(self._ports.clock.now(), service.paid, ())
            raise
        return was.Claimed(self._ports.clock.now(), await chain.paid(lease, service.index))

    async def beat(self, service: Service, beat: do.SendHeartbeat) -> None:
        """State the seconds served to the renter."""
        heartbeat = Heartbeat(service.agreement.lease, service.index, beat.served_s, beat.serving)
        signature = self._ports.notary.sign(heartbeat)
        await self._tell(service, Beat(heartbeat, signature, beat.reason, beat.leaves_at, beat.granted_permille))

    async def _tell(self, service: Service, message: Message) -> None:
        agreement = service.agreement
        await self._ports.peers.send(self._ports.notary, agreement.terms.session, agreement.seal_key, encode(message))


def _worker_fact(report: WorkerReport, now: int) -> Fact:
    if report.state is WorkerState.RUNNING:
        return was.WorkerRuns(now, report.started_at)
    return was.WorkerEnded(now, report.ended_at, report.cause)
