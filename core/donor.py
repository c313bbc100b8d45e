"""What a donor does: publish offers, accept what fits its limits, serve, be paid, and get out of the way."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from core.donor_mail import DonorMail, share_key
from core.donor_pledges import Pledges
from core.donor_view import draw
from core.donor_work import DonorPorts, DonorWork
from core.earnings import Earnings, as_csv, earnings
from core.engine import Engine, Published
from core.errors import EngineUnavailable, NotFound, SparecloudError, first_problem
from core.keeping import LOOK_EVERY_S, LOOK_IDLE_EVERY_S, LOOK_OFF_EVERY_S, Keeping
from core.lease import Lease, ServicePhase, ended
from core.lease import facts as was
from core.model import Address, Amount, LeaseId
from core.offering import grants, room, slowest
from core.owner import Donor
from core.prospects import Prospects, prospects
from core.publishing import Publisher
from core.rehearsal import Rehearsal
from core.rests import Rests
from core.selftest import Check, Selftest
from core.standing import Standing
from core.view import DonorView

log = logging.getLogger(__name__)

MEASURE_EVERY_S: Final = 5
TEND_EVERY_S: Final = 3
SETTLE_EVERY_S: Final = 10
IDLE_FACTOR: Final = 6
"""While nobody is served and nothing is amiss, all but the owner is looked at so many times more rarely."""

CHAIN_PATIENCE: Final = 3
"""So many looks at the wallet may fail in a row before the owner is told."""

RETIRE_WITHIN_S: Final = 40
"""A clean end stops workers and redeems vouchers within so long after their notice."""

COUNT_EVERY_S: Final = 30
"""Earnings are counted anew so often, or where a voucher arrived."""


class DonorAgent:
    """Serves until cancelled. `watch` tells all that a screen may show; the rest is what the owner can ask for."""

    def __init__(self, ports: DonorPorts, *, rehearsal: Rehearsal | None = None, consented: bool = False) -> None:
        """`rehearsal` is what a self-test plays a whole lease on; without one it leaves that out.

        `consented`: share where the owner has not chosen yet; else nothing is shared before the first click.

        Raises InvalidInput where the owner's settings cannot be understood.
        """
        self._ports = ports
        self._work = DonorWork(ports)
        self._pledges = Pledges(ports)
        self._engine = Engine(ports.journal, ports.clock, self._work.carry, self._changed)
        self._keeping = Keeping(ports.owner, ports.sensors, ports.journal, ports.clock)
        self._standing = Standing(ports, self._keeping, self._engine, consented=consented)
        self._publisher = Publisher(ports, self._standing)
        self._mail = DonorMail(ports, self._standing, self._engine, self._work, self._pledges)
        # Before the first view, which would else show a donor that never earned anything.
        self._engine.recall()
        self._rests = Rests(ports.clock)
        self._looking = asyncio.Lock()
        self._swept = False
        self._counted_at = 0
        self._earned = self._count()
        self._published = Published(self._draw())
        self._selftest = Selftest(ports, rehearsal, self._draw)

    def watch(self) -> AsyncIterator[DonorView]:
        """The newest view, then each newest one after a change."""
        return self._published.watch()

    async def share(self, on: bool, *, at_once: bool = False) -> None:
        """Start or stop sharing. Stopping is a clean reclaim: workers hand over and stop, vouchers are redeemed.

        Starting forgets a pause. `at_once` gives workers no notice, and ends that of workers which were given one.
        """
        self._standing.switch(on)
        self._keeping.resume()
        if not on:
            self._reclaim(0 if at_once else self._keeping.donor.reclaim_notice_s)
        self._obey()

    async def pause(self, until: int) -> None:
        """Hold workers up and offer nothing until the instant `until` (allowance.NEVER: until `resume`)."""
        self._keeping.pause(until)
        self._obey()

    async def finish(self) -> None:
        """Take nothing new; once what runs has ended, sharing is off."""
        self._keeping.finish()
        self._obey()

    async def resume(self) -> None:
        """End a pause, or take new work again; what else holds sharing up goes on."""
        self._keeping.resume()
        self._obey()

    async def change(self, donor: Donor) -> None:
        """Keep to the settings `donor` from now on, and write them to the owner's file. Raises InvalidInput."""
        await self._keeping.change(donor)
        self._obey()

    async def stop(self, lease: LeaseId, index: int, *, at_once: bool = False) -> None:
        """Give one share's worker notice, or none. Raises NotFound."""
        key = share_key(lease, index)
        if key not in self._standing.live():
            raise NotFound("That share is not served here, or it is over.", "Look at the list of leases.")
        notice_s = 0 if at_once else self._keeping.donor.reclaim_notice_s
        self._engine.tell(key, was.ReclaimAsked(self._ports.clock.now(), notice_s))

    async def block(self, renter: Address, on: bool = True) -> None:
        """Refuse `renter` from now on, and give notice to what it rents; or serve it again. Raises InvalidInput."""
        donor = self._keeping.donor
        others = tuple(known for known in donor.blocked if known.lower() != renter)
        await self.change(msgspec.structs.replace(donor, blocked=(*others, renter) if on else others))
        if on:
            self._reclaim(donor.reclaim_notice_s, renter)

    async def withdraw(self, to: Address, amount: Amount) -> None:
        """Pay `amount` of the wallet's coin to `to`: twice where it is asked twice.

        Raises NotEnoughCoin, TransactionFailed, ChainUnavailable.
        """
        await self._ports.chain.pay_out(to, amount)
        self._standing.balances = await self._ports.chain.balances()
        self._redraw()

    async def export(self) -> str:
        """Every share that served, as CSV (core.earnings.as_csv)."""
        return as_csv(self._standing.services().values(), self._keeping.donor.costs, self._ports.clock.now())

    async def prospects(self) -> Prospects:
        """What this machine could earn, by the offers on the board now."""
        donor, measured = self._keeping.donor, self._standing.measured
        own = room(donor.limits, measured, ()) if measured else donor.limits.resources()
        offers = self._ports.board.offers(self._ports.clock.now())
        return prospects(offers, own, donor, address=self._ports.notary.address)

    async def look_again(self) -> None:
        """See at once what the machine has and whether its engine answers; the view tells before this returns."""
        async with self._looking:
            await self._look_at_machine()
        self._publisher.soon()
        self._redraw()

    async def selftest(self, tell: Callable[[Check], None]) -> None:
        """Try everything between this machine and a renter. Raises SparecloudError where a self-test runs already."""
        await self._selftest.run(tell)

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
        await self._keeping.look()
        self._keep_within_limits()
        await self._ports.peers.listen(self._ports.notary.address)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._engine.run())
                tasks.create_task(self._look())
                tasks.create_task(self._measure())
                tasks.create_task(self._tend())
                tasks.create_task(self._time_machine())
                tasks.create_task(self._publisher.publish())
                tasks.create_task(self._publisher.answer_asks())
                tasks.create_task(self._mail.read())
                tasks.create_task(self._watch_wallet())
                tasks.create_task(self._settle_pledges())
                tasks.create_task(self._ports.updates.follow(lambda: self._keeping.donor.notifications.updates))
        except BaseExceptionGroup as group:
            raise first_problem(group) from group

    async def _retire(self) -> None:
        notice_s = self._keeping.donor.reclaim_notice_s
        self._standing.withdraw()
        self._reclaim(notice_s)
        self._publisher.soon()
        for _ in range((notice_s + RETIRE_WITHIN_S) * 4):
            if not self._standing.live():
                break
            await asyncio.sleep(0.25)
        await asyncio.sleep(0.25)

    # The owner's limits, and getting out of the way.

    def _obey(self) -> None:
        """The owner asked for something: it shows at once."""
        self._keep_within_limits()
        self._publisher.soon()
        self._rests.news()
        self._redraw()

    def _reclaim(self, notice_s: int, renter: Address | None = None) -> None:
        for key, service in self._standing.live().items():
            if renter in (None, service.agreement.terms.renter):
                self._engine.tell(key, was.ReclaimAsked(self._ports.clock.now(), notice_s))

    def _keep_within_limits(self) -> None:
        now, services = self._ports.clock.now(), self._standing.services()
        allowed, notice_s = self._keeping.allowance, self._keeping.donor.reclaim_notice_s
        for key, permille in grants(allowed, services, overdue=self._keeping.held_too_long).items():
            service = services[key]
            if permille is None:
                if not allowed.runs:
                    # It hands its data over while the owner works: with as little of the processor as that takes.
                    self._engine.tell(key, was.Regranted(now, slowest(service)))
                self._engine.tell(key, was.ReclaimAsked(now, notice_s))
            elif permille != service.permille:
                self._engine.tell(key, was.Regranted(now, permille))

    async def _look(self) -> None:
        """Notice the owner's return, and all else that holds sharing up: within a second while anybody is served."""
        rest = self._rests.of_a_loop()
        while True:
            before = self._keeping.allowance
            await self._keeping.look()
            if self._keeping.allowance != before:
                self._publisher.soon()
            self._keep_within_limits()
            if self._keeping.orders.finishing and not self._standing.live():
                self._standing.switch(False)
                self._keeping.resume()
            self._redraw()
            idle_s = LOOK_IDLE_EVERY_S if self._standing.sharing else LOOK_OFF_EVERY_S
            await rest(LOOK_EVERY_S if self._standing.live() else idle_s)

    async def _measure(self) -> None:
        rest = self._rests.of_a_loop()
        while True:
            await self.look_again()
            await rest(self._pause_s(MEASURE_EVERY_S, hurries=self._standing.problem is not None))

    async def _look_at_machine(self) -> None:
        """See what the machine has; once it is shared, have ready what workers need."""
        standing, runtime, sharing = self._standing, self._ports.runtime, self._standing.sharing
        try:
            standing.measured = await self._ports.probe.measure()
            if not self._swept:
                await self._forget_orphans()
                self._swept = True
            if sharing:
                await runtime.prepare(self._note)
            else:
                # Nothing is built before the owner agreed; whether an engine answers is worth knowing.
                await runtime.held()
            standing.ready, standing.problem = sharing, None
        except SparecloudError as problem:
            standing.ready, standing.problem = False, problem
            # What was half made as the engine vanished is looked for once it is back.
            self._swept = self._swept and not isinstance(problem, EngineUnavailable)

    async def _tend(self) -> None:
        """Bound the networks of workers, and see what they use; both may take seconds."""
        rest = self._rests.of_a_loop()
        while True:
            limits, found = self._keeping.allowance.limits, {}
            for service in self._standing.live().values():
                share = (service.agreement.lease, service.index)
                if not service.started_at:
                    continue
                try:
                    await self._ports.runtime.bound_network(*share, limits.up_kib_s, limits.down_kib_s)
                    if (usage := await self._ports.runtime.usage(*share)) is not None:
                        found[share] = usage
                        self._standing.speed.saw(share, usage)
                except SparecloudError as problem:
                    log.warning("the worker of share %s was not tended: %s", share_key(*share), problem)
            self._standing.usages = found
            await rest(self._pause_s(TEND_EVERY_S))

    async def _time_machine(self) -> None:
        """Measure how fast this machine is, where that is due and disturbs nobody."""
        rest = self._rests.of_a_loop()
        while True:
            measured = self._standing.measured
            quiet = not self._standing.live() and not self._keeping.allowance.holdings
            if (
                measured is not None
                and self._standing.sharing
                and await self._standing.speed.look(measured, quiet=quiet)
            ):
                self._publisher.soon()
            await rest(self._pause_s(MEASURE_EVERY_S))

    def _note(self, sentence: str) -> None:
        # From another thread: a plain assignment is all that happens here, the next view shows it.
        self._standing.preparing = sentence

    async def _forget_orphans(self) -> None:
        """Remove what an earlier run left behind and no live lease needs."""
        await self._selftest.tidy()
        held = await self._ports.runtime.held()
        # Looked up afterwards: what was started meanwhile is held, and live.
        live = {(service.agreement.lease, service.index) for service in self._standing.live().values()}
        for lease, index in held - live:
            log.info("removing what is left of share %s of lease %s", index, lease)
            await self._ports.runtime.forget(lease, index)

    # The wallet.

    async def _settle_pledges(self) -> None:
        """Answer challenges, and get back the stake of shares that are over."""
        rest = self._rests.of_a_loop()
        while True:
            try:
                await self._ports.chain.answer_trials()
                await self._pledges.settle(self._standing.services())
                self._standing.held_back = await self._ports.chain.held_back()
            except SparecloudError as problem:
                log.warning("trials and pledges were not looked at: %s", problem)
            hurries = not self._pledges.settled(self._standing.services())
            await rest(self._pause_s(SETTLE_EVERY_S, hurries=hurries))

    async def _watch_wallet(self) -> None:
        failures, rest = 0, self._rests.of_a_loop()
        while True:
            try:
                self._standing.balances = await self._ports.chain.balances()
                await self._standing.clock_check.look()
                failures, self._standing.chain_problem = 0, None
            except SparecloudError as problem:
                log.warning("balances not read: %s", problem)
                failures += 1
                # A node that misses one answer is no news; serving goes on meanwhile.
                self._standing.chain_problem = problem if failures >= CHAIN_PATIENCE else None
            await rest(self._pause_s(MEASURE_EVERY_S, hurries=failures > 0))

    def _pause_s(self, busy_s: int, *, hurries: bool = False) -> int:
        """How long a loop rests that looks every `busy_s` seconds while anybody is served, or where it `hurries`."""
        return busy_s if hurries or self._standing.live() else busy_s * IDLE_FACTOR

    # The view.

    def _changed(self, _key: str, lease: Lease) -> None:
        self._counted_at = 0
        if lease.phase in (ServicePhase.ACCEPTED, ServicePhase.CLAIMING, ServicePhase.ENDED):
            self._publisher.soon()
            self._rests.news()
        if lease.phase is ServicePhase.CLAIMING or ended(lease):
            # What one worker no longer takes, those that were slowed may have.
            self._keep_within_limits()
        self._redraw()

    def _redraw(self) -> None:
        self._published.publish(self._draw())

    def _count(self) -> Earnings:
        now = self._ports.clock.now()
        if now - self._counted_at >= COUNT_EVERY_S:
            self._counted_at = now
            services = self._standing.services().values()
            self._earned = earnings(services, self._keeping.donor.costs, self._keeping.local())
        return self._earned

    def _draw(self) -> DonorView:
        standing = self._standing
        return draw(
            local=self._keeping.local(),
            keeping=self._keeping,
            address=self._ports.notary.address,
            sharing=standing.sharing,
            problem=standing.problem or self._keeping.misread or standing.chain_problem or standing.clock_check.problem,
            ready=standing.ready,
            preparing=standing.preparing,
            measured=standing.measured,
            offered=standing.room(),
            balances=standing.balances,
            services=tuple(standing.services().values()),
            usages=standing.usages,
            earned=self._count(),
            held_back=standing.held_back,
            image=self._ports.runtime.image,
            chosen=standing.chosen,
            update=self._ports.updates.newest,
        )
