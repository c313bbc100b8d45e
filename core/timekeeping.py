"""Whether this machine's clock can be right, by the blocks of the chain: letters, offers and terms that are dated wrong
are refused by everybody else."""

from dataclasses import dataclass
from typing import Final

from core.errors import SparecloudError
from core.ports import Chain, Clock

CLOCK_OFF_S: Final = 45
"""Others refuse letters of a clock that is 30 s off (core/wire/freshness.py); a block may be dated 15 s ahead."""

LOOK_EVERY_S: Final = 30
PATIENCE: Final = 3
"""So many blocks in a row must say that the clock is wrong before the owner is told."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """The time of the chain's newest block, and when this machine's clock says that it was asked for."""

    block_at: int
    seen_at: int


def off_s(before: Sighting | None, latest: Sighting) -> int | None:
    """How far this machine's clock is ahead of the chain's (below 0: behind), 0 where both fit; None: nobody can tell.

    An old block alone says nothing, as chains may be idle. But a block that was not there at the look before was made
    after that look: by a clock that is right its time is no earlier.
    """
    behind_s = latest.block_at - latest.seen_at
    if behind_s > CLOCK_OFF_S:
        return -behind_s
    if before is None or latest.block_at <= before.block_at:
        return None
    ahead_s = before.seen_at - latest.block_at
    return ahead_s if ahead_s > CLOCK_OFF_S else 0


class ClockCheck:
    """Looks at the chain's newest block now and then. `problem` says what is wrong for as long as it is."""

    def __init__(self, chain: Chain, clock: Clock) -> None:
        self._chain = chain
        self._clock = clock
        self._seen: Sighting | None = None
        self._wrong = 0
        self.problem: SparecloudError | None = None

    async def look(self) -> None:
        """Compare both clocks, where it is time to. Raises ChainUnavailable."""
        now, before = self._clock.now(), self._seen
        if before is not None and 0 <= now - before.seen_at < LOOK_EVERY_S:
            return
        self._seen = Sighting(await self._chain.now(), now)
        apart_s = off_s(before, self._seen)
        if apart_s is None:
            return
        self._wrong = self._wrong + 1 if apart_s else 0
        if self._wrong >= PATIENCE:
            self.problem = self.problem or _wrong_clock(apart_s)
        elif not apart_s:
            self.problem = None


def _wrong_clock(apart_s: int) -> SparecloudError:
    # The newest block is a little older than the look: clocks are farther apart than it shows.
    minutes = -(-abs(apart_s) // 60)
    return SparecloudError(
        f"This machine's clock is about {minutes} min {'ahead of' if apart_s > 0 else 'behind'} the chain's.",
        "Set it right, best by the network: what is dated wrong is refused. If it is right, use another chain node.",
    )
