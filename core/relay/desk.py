"""Where asks are answered: checked at the door, looked up on chain, carried out, and the answer sealed."""

import asyncio
import logging
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Final, Protocol

import msgspec

from core.errors import BusUnavailable, ChainUnavailable, InvalidInput, SparecloudError
from core.model import LeaseId
from core.observed import LeaseRecord
from core.ports import Clock
from core.relay.doorman import Doorman
from core.relay.networks import Networks
from core.relay.noticeboard import Noticeboard
from core.relay.refusals import Refusal, Refused
from core.relay.register import is_over
from core.runtime.overlay.certificates import RELAY_GROUP, verified
from core.ticket import FIRST_RELAY
from core.wire.bus import Bus
from core.wire.relay_letters import ASKS, Announce, Answer, Ask, Back, Body, Card, Close, News, Open, read_ask, subject
from core.wire.seal import seal

LOOK_EVERY_S: Final = 20.0
MOST_AT_ONCE: Final = 32
_CHAIN_WITHIN_S: Final = 10.0
_TICK_S: Final = 1.0

_log = logging.getLogger(__name__)


class Escrow(Protocol):
    """What the relay asks of the chain."""

    async def lease(self, lease: LeaseId) -> LeaseRecord | None:
        """What the escrow holds, None where it knows no such lease. Raises ChainUnavailable."""
        ...


class Desk:
    """Answers what is asked on `bus` of the relay with `node_key` (its public half)."""

    def __init__(
        self,
        bus: Bus,
        escrow: Escrow,
        clock: Clock,
        node_key: str,
        doorman: Doorman,
        networks: Networks,
        noticeboard: Noticeboard,
    ) -> None:
        self._bus = bus
        self._escrow = escrow
        self._clock = clock
        self._node_key = node_key
        self._doorman = doorman
        self._networks = networks
        self._noticeboard = noticeboard
        self._register = networks.register
        self._figures = networks.figures
        self._busy = 0
        self._missed: set[LeaseId] = set()
        self.chain_answers = True

    async def serve(self, ready: Callable[[], None]) -> None:
        """Answer, and end what is over, until cancelled; `ready` is told once asks are heard."""
        async with asyncio.TaskGroup() as tasks:

            async def hear(payload: bytes) -> None:
                if self._busy < MOST_AT_ONCE:
                    self._busy += 1
                    tasks.create_task(self._answer(payload))
                else:
                    self._figures.refusals[Refusal.BUSY] += 1

            await self._networks.revive()
            await self._bus.subscribe(ASKS, hear)
            ready()
            tasks.create_task(self._keep_up())
            tasks.create_task(self._follow_chain())

    async def _answer(self, payload: bytes) -> None:
        back: Back | None = None
        answer: Answer | None
        self._figures.totals["asks"] += 1
        try:
            self._doorman.count(self._clock.now())
            ask, body = _read(payload)
            back = body.back
            answer = await self._done(ask, body)
        except Refused as refused:
            self._figures.refusals[refused.why] += 1
            # Who cannot be read, or asks too much, gets no answer: that would only double the flood.
            answer = Answer(number=back.number, refused=refused.why.sentence) if back else None
        except Exception:  # the top of a task that strangers start: none of them may end the relay
            _log.exception("An ask failed")
            return
        finally:
            self._busy -= 1
        if answer is not None and back is not None:
            try:
                sealed = seal(msgspec.json.encode(answer), back.seal_key)
                await self._bus.publish(subject(back.answer_to), sealed)
            except (InvalidInput, BusUnavailable) as problem:
                _log.debug("An answer was not sent: %s", problem.title)

    async def _done(self, ask: Ask, body: Body) -> Answer:
        number, now = body.back.number, self._clock.now()
        match body:
            case Card():
                return Answer(number=number, node_key=self._node_key)
            case Close():
                lease = self._doorman.check(ask, body, now)
                await self._networks.close((body.terms.renter, body.network), lease)
                return Answer(number=number)
            case Open():
                return Answer(number=number, port=await self._opened(ask, body))
            case News():
                return Answer(number=number, announcement=self._noticeboard.newest(now))
            case Announce():
                self._noticeboard.put(body.announcement, now)
                return Answer(number=number)

    async def _opened(self, ask: Ask, body: Open) -> int:
        now = self._clock.now()
        lease = self._doorman.check(ask, body, now)
        if is_over(body.terms, now):
            raise Refused(Refusal.OVER)
        self._check_certificate(body, now)
        self._register.check_room(lease, body)
        await self._check_open(lease, body)
        try:
            return await self._networks.open(lease, body)
        except SparecloudError as problem:
            _log.warning("A network could not be opened: %s", problem)
            raise Refused(Refusal.NOT_STARTED) from problem

    def _check_certificate(self, body: Open, now: int) -> None:
        try:
            said = verified(body.certificate, body.authority)
        except InvalidInput as malformed:
            raise Refused(Refusal.WRONG_CERTIFICATE) from malformed
        addresses = [str(one.ip) for one in said.networks]
        ours = said.key.hex() == self._node_key and said.groups == (RELAY_GROUP,) and said.until > now
        if not ours or addresses != [body.address] or IPv4Address(body.address) < FIRST_RELAY:
            raise Refused(Refusal.WRONG_CERTIFICATE)

    async def _check_open(self, lease: LeaseId, body: Open) -> None:
        try:
            record = await self._record(lease)
        except ChainUnavailable as problem:
            known = self._register.find((body.terms.renter, body.network))
            if known is not None and lease in known.leases:
                return
            raise Refused(Refusal.NO_CHAIN) from problem
        if record is None:
            raise Refused(Refusal.UNKNOWN_LEASE)
        if record.closed:
            raise Refused(Refusal.CLOSED_LEASE)

    async def _record(self, lease: LeaseId) -> LeaseRecord | None:
        try:
            record = await asyncio.wait_for(self._escrow.lease(lease), _CHAIN_WITHIN_S)
        except (ChainUnavailable, TimeoutError) as problem:
            self.chain_answers = False
            raise ChainUnavailable("The chain node does not answer.", "Carried leases go on meanwhile.") from problem
        self.chain_answers = True
        return record

    async def _keep_up(self) -> None:
        """End leases whose time is over, whatever the chain says, and start again what died."""
        while True:
            await asyncio.sleep(_TICK_S)
            for key, lease in self._register.over(self._clock.now()):
                await self._networks.close(key, lease)
            await self._networks.revive()

    async def _follow_chain(self) -> None:
        """End leases that the chain has closed; while it does not answer, all go on."""
        while True:
            for carried in self._register:
                for lease in carried.leases:
                    try:
                        record = await self._record(lease)
                    except ChainUnavailable:
                        break
                    if self._is_closed(lease, record):
                        await self._networks.close(carried.key, lease)
            await asyncio.sleep(LOOK_EVERY_S)

    def _is_closed(self, lease: LeaseId, record: LeaseRecord | None) -> bool:
        """A lease that is missing once may only be missing at a node that lags behind; twice, it is gone."""
        if record is not None:
            self._missed.discard(lease)
            return record.closed
        if lease in self._missed:
            self._missed.discard(lease)
            return True
        self._missed.add(lease)
        return False


def _read(payload: bytes) -> tuple[Ask, Body]:
    try:
        return read_ask(payload)
    except InvalidInput as malformed:
        raise Refused(Refusal.MALFORMED) from malformed
