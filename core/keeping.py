"""Keeps to what the owner allows: the settings' file, the owner's orders and the sensors, brought together."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from core.allowance import NEVER, Allowance, Orders, allowance
from core.errors import InvalidInput, SparecloudError
from core.observed import Conditions
from core.owner import Donor
from core.ports import Clock, Journal, OwnerFile, Sensors
from core.zone import OwnersZone

LOOK_EVERY_S: Final = 1
"""The owner's return is noticed within so long while anybody is served."""

LOOK_IDLE_EVERY_S: Final = 5
"""And within so long while nobody is: then it changes no more than what is offered."""

LOOK_OFF_EVERY_S: Final = 15
"""And within so long while nothing is offered, either: then it changes only what a screen tells."""

_READ_FILE_EVERY_S: Final = 10
_TABLE, _ORDERS = "state", "orders"


class Keeping:
    """The allowance at any moment. `file` is followed while it can be read; what cannot be read changes nothing."""

    def __init__(self, file: OwnerFile, sensors: Sensors, journal: Journal, clock: Clock) -> None:
        """Raises InvalidInput where the settings cannot be understood."""
        self._file, self._sensors, self._journal, self._clock = file, sensors, journal, clock
        self._read_at = clock.now()
        self._donor = self._filed = file.read()
        self._orders = _kept(journal)
        self._conditions = Conditions()
        self._held_since = 0
        self.misread: SparecloudError | None = None
        self._allowance = Allowance(self._donor.limits)
        self._reckon()

    @property
    def donor(self) -> Donor:
        """The owner's settings."""
        return self._donor

    @property
    def orders(self) -> Orders:
        """What the owner ordered beside them."""
        return self._orders

    @property
    def conditions(self) -> Conditions:
        """What the sensors said last."""
        return self._conditions

    @property
    def allowance(self) -> Allowance:
        """What may be shared now."""
        return self._allowance

    @property
    def held_too_long(self) -> bool:
        """Whether workers were held up for so long that they are to leave."""
        held_s = self._clock.now() - self._held_since
        return not self._allowance.runs and held_s >= self._donor.when.hold_for_s

    def local(self) -> datetime:
        """Now, with the owner's time zone."""
        return datetime.fromtimestamp(self._clock.now()).replace(tzinfo=OwnersZone())

    async def look(self) -> None:
        """Read the sensors, and the file where it is time to."""
        if self._clock.now() - self._read_at >= _READ_FILE_EVERY_S:
            self._read_at = self._clock.now()
            await self._follow_file()
        self._conditions = await self._sensors.read(self._donor.when.pause_for)
        self._reckon()

    async def change(self, donor: Donor) -> None:
        """Keep to `donor` from now on, and write it to the file. Raises InvalidInput where that cannot be written."""
        await asyncio.to_thread(self._file.write, donor)
        self._donor = self._filed = donor
        self.misread = None
        self._reckon()

    def pause(self, until: int = NEVER) -> None:
        """Serve nothing until then."""
        self._order(replace(self._orders, paused_until=until))

    def finish(self, on: bool = True) -> None:
        """Take nothing new, or take it again."""
        self._order(replace(self._orders, finishing=on))

    def resume(self) -> None:
        """Forget the owner's orders; what else holds sharing up goes on holding it."""
        self._order(Orders())

    def _order(self, orders: Orders) -> None:
        self._orders = orders
        self._journal.put(_TABLE, _ORDERS, msgspec.json.encode(orders))
        self._reckon()

    async def _follow_file(self) -> None:
        try:
            filed = await asyncio.to_thread(self._file.read)
        except InvalidInput as misread:
            self.misread = misread
            return
        self.misread = None
        if filed != self._filed:
            self._donor = self._filed = filed

    def _reckon(self) -> None:
        before = self._allowance.holds
        self._allowance = allowance(self._donor, self._conditions, self._orders, self.local(), before)
        if self._allowance.runs:
            self._held_since = 0
        elif not self._held_since:
            self._held_since = self._clock.now()


def _kept(journal: Journal) -> Orders:
    kept = journal.get(_TABLE, _ORDERS)
    return msgspec.json.decode(kept, type=Orders) if kept is not None else Orders()
