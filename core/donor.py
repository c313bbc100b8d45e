"""What a donor does: publish offers, accept what fits its limits, serve, be paid, and get out of the way."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from core.donor_pledges import Pledges
from core.donor_view import draw
from core.donor_work import DonorPorts, DonorWork
from core.engine import Engine, Published
from core.errors import InvalidInput, SparecloudError, first_problem
from core.lease import Lease, Service, ServicePhase, ended
from core.lease import effects as do
from core.lease import facts as was
from core.lease.serving import accept
from core.messages import (
    Ending,
    Message,
    Proposal,
    Refused,
    StartOrder,
    TicketNote,
    VoucherNote,
    decode,
    encode,
)
from core.model import Address, Agreement, Amount, LeaseId, Resources, Share, SignedOffer
from core.observed import Balances, Measured
from core.offering import differs, grants, objection, offer, pledged, room
from core.pledges import choose_seats
from core.settings import Donor, Limits
from core.view import DonorView

log = logging.getLogger(__name__)

HOLD_S: Final = 120
"""Room accepted is held so long for the lease to be opened and the worker to be ordered."""

MEASURE_EVERY_S: Final = 5
SETTLE_EVERY_S: Final = 10
RETIRE_WITHIN_S: Final = 40
"""A clean end stops workers and redeems vouchers within so long after their notice."""


class DonorAgent:
    """Serves until cancelled. `watch` tells all that a screen may show, `share` is the one button."""

    def __init__(
        self,
        settings: Donor,
        ports: DonorPorts,
        *,
        consented: bool = False,
        limits: Callable[[], Limits] | None = None,
    ) -> None:
        """`consented`: share where the owner has not chosen yet; else nothing is shared before the first click.

        `limits` reads what the owner's file says of them now, and is followed while serving. Raises InvalidInput.
        """
        self._settings = settings
        self._read_limits = limits
        self._filed_limits = settings.limits
        self._misread: SparecloudError | None = None
        self._ports = ports
        self._work = DonorWork(ports)
        self._pledges = Pledges(ports)
        self._engine = Engine(ports.journal, ports.clock, self._work.carry, self._changed)
        self._measured: Measured | None = None
        self._preparing = ""
        self._balances: Balances | None = None
        self._held_back: Amount | None = None
        self._problem: SparecloudError | None = None
        chosen = ports.journal.get("state", "sharing")
        self._sharing = chosen == b"on" or (chosen is None and consented)
        self._offer_now = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._ordered: set[str] = set()
        # Before the first view, which would else show a donor that never earned anything.
        self._engine.recall()
        self._published = Published(self._draw())

    def watch(self) -> AsyncIterator[DonorView]:
        """The newest view, then each newest one after a change."""
        return self._published.watch()

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        """Start or stop sharing. Stopping is a clean reclaim: workers hand over and stop, vouchers are redeemed.

        `at_once` gives workers no notice, and ends that of workers which were given one.
        """
        self._sharing = on
        self._ports.journal.put("state", "sharing", b"on" if on else b"off")
        if not on:
            self._reclaim(0 if at_once else self._settings.reclaim_notice_s)
        self._offer_now.set()
        self._redraw()

    async def limit(self, limits: Limits) -> None:
        """Share within `limits` from now on: offers follow, workers are slowed or paused, or have to leave."""
        self._settings = msgspec.structs.replace(self._settings, limits=limits)
        self._keep_within_limits()
        self._offer_now.set()
        self._redraw()

    async def run(self) -> None:
        """Serve until cancelled; then reclaim cleanly, within a deadline, before giving way."""
        serving = asyncio.ensure_future(self._serve())
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            if not serving.done():
                await self._retire()
            raise
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    async def _serve(self) -> None:
        self._keep_within_limits()
        await self._ports.peers.listen(self._ports.notary.address)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._engine.run())
                tasks.create_task(self._measure())
                tasks.create_task(self._publish())
                tasks.create_task(self._answer_asks())
                tasks.create_task(self._read_letters())
                tasks.create_task(self._watch_wallet())
                tasks.create_task(self._settle_pledges())
        except BaseExceptionGroup as group:
            raise first_problem(group) from group

    async def _retire(self) -> None:
        self._sharing = False
        notice_s = self._settings.reclaim_notice_s
        self._reclaim(notice_s)
        self._offer_now.set()
        for _ in range((notice_s + RETIRE_WITHIN_S) * 4):
            if all(ended(service) for service in self._services().values()):
                break
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.25)

    def _reclaim(self, notice_s: int) -> None:
        for key, service in self._services().items():
            if not ended(service):
                self._engine.tell(key, was.ReclaimAsked(self._ports.clock.now(), notice_s))

    def _keep_within_limits(self) -> None:
        now, services = self._ports.clock.now(), self._services()
        for key, permille in grants(self._settings.limits.resources(), services).items():
            if permille is None:
                self._engine.tell(key, was.ReclaimAsked(now, self._settings.reclaim_notice_s))
            elif permille != services[key].permille:
                self._engine.tell(key, was.Regranted(now, permille))

    async def _follow_limits(self) -> None:
        """Keep to the owner's file where its limits changed; one that cannot be read changes nothing."""
        if self._read_limits is None:
            return
        try:
            limits = await asyncio.to_thread(self._read_limits)
        except InvalidInput as misread:
            self._misread = misread
            return
        self._misread = None
        if limits != self._filed_limits:
            self._filed_limits = limits
            await self.limit(limits)

    # What the machine can give, and saying so.

    async def _measure(self) -> None:
        swept = False
        while True:
            await self._follow_limits()
            try:
                await self._ports.runtime.prepare(self._note)
                self._measured = await self._ports.probe.measure()
                if not swept:
                    await self._forget_orphans()
                    swept = True
                self._problem = None
            except SparecloudError as problem:
                self._problem = problem
                self._measured = None
            self._offer_now.set()
            self._redraw()
            await self._ports.clock.sleep(MEASURE_EVERY_S)

    def _note(self, sentence: str) -> None:
        # From another thread: a plain assignment is all that happens here, the next view shows it.
        self._preparing = sentence

    async def _forget_orphans(self) -> None:
        """Remove what an earlier run left behind and no live lease needs."""
        held = await self._ports.runtime.held()
        # Looked up afterwards: what was started meanwhile is held, and live.
        live = {(service.agreement.lease, service.index) for service in self._services().values() if not ended(service)}
        for lease, index in held - live:
            log.info("removing what is left of share %s of lease %s", index, lease)
            await self._ports.runtime.forget(lease, index)

    def _room(self) -> Resources:
        return room(self._settings, self._measured, self._services().values(), sharing=self._sharing)

    async def _publish(self) -> None:
        every_s, last_at, last_room = self._settings.offer_every_s, 0, Resources()
        while True:
            self._offer_now.clear()
            now, free = self._ports.clock.now(), self._room()
            if now - last_at >= every_s or differs(free, last_room):
                try:
                    await self._ports.board.publish(self._offer())
                    last_at, last_room = now, free
                except SparecloudError as problem:
                    log.warning("offer not published: %s", problem)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every_s):
                    await self._offer_now.wait()

    async def _answer_asks(self) -> None:
        while True:
            await self._ports.board.asked()
            try:
                await self._ports.board.publish(self._offer())
            except SparecloudError as problem:
                log.warning("offer not published: %s", problem)
            await self._ports.clock.sleep(0.2)

    def _offer(self) -> SignedOffer:
        statement = offer(
            self._settings,
            self._measured,
            self._room(),
            stake=self._stake(),
            donor=self._ports.notary.address,
            seal_key=self._ports.peers.seal_key,
            sequence=self._next_sequence(),
            now=self._ports.clock.now(),
        )
        return SignedOffer(statement, self._ports.notary.sign(statement))

    def _next_sequence(self) -> int:
        """Higher than any before, across restarts: instants are the base, the journal breaks ties and bad clocks."""
        last = int(self._ports.journal.get("state", "offer_sequence") or b"0")
        sequence = max(last + 1, self._ports.clock.now() * 1000)
        self._ports.journal.put("state", "offer_sequence", str(sequence).encode())
        return sequence

    async def _settle_pledges(self) -> None:
        """Answer challenges, and get back the stake of shares that are over."""
        while True:
            try:
                await self._ports.chain.answer_trials()
                await self._pledges.settle(self._services())
                self._held_back = await self._ports.chain.held_back()
            except SparecloudError as problem:
                log.warning("trials and pledges were not looked at: %s", problem)
            await self._ports.clock.sleep(SETTLE_EVERY_S)

    # Letters from renters.

    async def _read_letters(self) -> None:
        async for sender, _, body in self._ports.peers.letters():
            try:
                await self._read(sender, decode(body))
            except SparecloudError as problem:
                log.warning("a letter from %s changed nothing: %s", sender, problem)

    async def _read(self, sender: Address, message: Message) -> None:
        now = self._ports.clock.now()
        match message:
            case Proposal(agreement=agreement, index=index):
                await self._consider(sender, agreement, index, now)
            case StartOrder():
                self._take_order(self._mine(sender, message.lease, message.index), message)
            case TicketNote(lease=lease, index=index, ticket=ticket):
                self._mine(sender, lease, index)
                self._engine.tell(_key(lease, index), was.TicketRenewed(now, ticket))
            case VoucherNote(voucher=voucher, signature=signature):
                self._mine(sender, voucher.lease, voucher.index)
                if self._ports.notary.signer(voucher, signature) != sender:
                    raise InvalidInput("A voucher is not signed by the renter's session key.")
                key = _key(voucher.lease, voucher.index)
                self._engine.tell(key, was.VoucherArrived(now, voucher.amount, signature))
            case Ending(lease=lease, index=index):
                service = self._mine(sender, lease, index)
                if ended(service):
                    await self._work.beat(service, do.SendHeartbeat(service.served_s(now), False, service.reason))
                self._engine.tell(_key(lease, index), was.EndingTold(now))
            case _:
                raise InvalidInput("That message is meant for renters.")

    def _mine(self, sender: Address, lease: LeaseId, index: int) -> Service:
        """The share that a letter is about, if its sender is that lease's renter. Raises InvalidInput."""
        service = self._engine.leases.get(_key(lease, index))
        if not isinstance(service, Service) or service.agreement.terms.session != sender:
            raise InvalidInput("It is about a share that the sender does not rent from us.")
        return service

    async def _consider(self, sender: Address, agreement: Agreement, index: int, now: int) -> None:
        key = _key(agreement.lease, index)
        known = self._engine.leases.get(key)
        if isinstance(known, Service):
            if known.phase is ServicePhase.ACCEPTED and known.agreement == agreement:
                await self._work.carry(key, known, do.AnswerAccepted())
            return
        self._ports.chain.check(agreement)
        if agreement.terms.session != sender:
            raise InvalidInput("A lease was proposed by somebody who does not hold its session key.")
        donor = self._ports.notary.address
        refusal = objection(
            self._settings, agreement, index, donor=donor, free=self._room(), stake=self._stake(), now=now
        )
        seats = None if refusal else self._seats(agreement.shares[index])
        if seats is None:
            refusal = refusal or "All seats of this machine are signed away."
            answer = Refused(agreement.lease, index, refusal)
            await self._ports.peers.send(self._ports.notary, sender, agreement.seal_key, encode(answer))
            return
        patience = self._settings.patience_intervals
        self._engine.add(
            key, *accept(agreement, index, now=now, hold_s=HOLD_S, seats=seats, patience_intervals=patience)
        )

    def _stake(self) -> Amount:
        """What can still be pledged."""
        stake = self._balances.account.unreserved if self._balances else Amount(0)
        return Amount(max(0, stake - pledged(self._services().values())))

    def _holds_seats(self, key: str, service: Service) -> bool:
        """A share keeps its seats until the chain shows that it is over: sold again before, they would convict us.

        Without a penalty of its own it still counts: the other share of a seat that was sold twice may have one.
        """
        return not ended(service) or not self._pledges.is_over(key)

    def _seats(self, share: Share) -> str | None:
        taken = [service.seats for key, service in self._services().items() if self._holds_seats(key, service)]
        machine_mib = self._measured.total.memory_mib if self._measured else 0
        return choose_seats(share.resources.memory_mib, machine_mib, taken)

    def _take_order(self, service: Service, order: StartOrder) -> None:
        """Look at the escrow beside the letter loop: a slow node must not hold up others' vouchers."""
        key = _key(order.lease, order.index)
        if self._tasks is None or key in self._ordered:
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
        self._tasks.create_task(follow())

    # The view.

    async def _watch_wallet(self) -> None:
        while True:
            try:
                self._balances = await self._ports.chain.balances()
            except SparecloudError as problem:
                log.warning("balances not read: %s", problem)
            self._redraw()
            await self._ports.clock.sleep(MEASURE_EVERY_S)

    def _services(self) -> dict[str, Service]:
        return {key: lease for key, lease in self._engine.leases.items() if isinstance(lease, Service)}

    def _changed(self, _key: str, lease: Lease) -> None:
        if lease.phase in (ServicePhase.ACCEPTED, ServicePhase.CLAIMING, ServicePhase.ENDED):
            self._offer_now.set()
        if lease.phase in (ServicePhase.CLAIMING, ServicePhase.ENDED):
            # What one worker no longer takes, those that were slowed may have.
            self._keep_within_limits()
        self._redraw()

    def _redraw(self) -> None:
        self._published.publish(self._draw())

    def _draw(self) -> DonorView:
        return draw(
            now=self._ports.clock.now(),
            settings=self._settings,
            address=self._ports.notary.address,
            sharing=self._sharing,
            problem=self._problem or self._misread,
            preparing="" if self._measured else self._preparing,
            measured=self._measured,
            offered=self._room(),
            balances=self._balances,
            held_back=self._held_back,
            services=tuple(self._services().values()),
        )


def _key(lease: LeaseId, index: int) -> str:
    return f"{lease}/{index}"
