"""Which letters are new: a bounded memory of the last sequence of each sender to each recipient. Pure.

A sequence is the instant of sending in nanoseconds, kept rising by its sender, so that it goes on rising when the
sender restarts, and so that what was forgotten still has a bound: nothing below `floor` is taken from anybody unknown.
"""

from typing import Final

from core.model import Address

LIFE_S: Final = 60
"""A letter counts for so long after it was sent."""
SKEW_S: Final = 30
"""Two honest clocks may differ by so much."""
MOST_KNOWN: Final = 65_536

NANOSECONDS: Final = 10**9

Pair = tuple[Address, Address]


class Freshness:
    """Since `started_at` (Unix seconds): letters older than a life before that are stale, whoever sent them."""

    def __init__(self, started_at: int, *, most_known: int = MOST_KNOWN) -> None:
        self._floor = (started_at - LIFE_S) * NANOSECONDS
        self._most_known = most_known
        self._last: dict[Pair, int] = {}

    def __len__(self) -> int:
        return len(self._last)

    def is_new(self, pair: Pair, sequence: int, expires_at: int, now: int) -> bool:
        """True where a letter with this sequence and expiry may be taken at `now`. Changes nothing."""
        if not now - SKEW_S <= expires_at <= now + LIFE_S + SKEW_S:
            return False
        # A sequence ahead of every honest clock would, once forgotten, raise the floor for everybody.
        if sequence > (now + SKEW_S) * NANOSECONDS:
            return False
        return sequence > self._last.get(pair, self._floor)

    def remember(self, pair: Pair, sequence: int) -> None:
        """A letter whose signature was found good was taken: only later ones are new.

        Beyond the bound the sender heard longest ago is forgotten, and the floor rises to its last sequence, so
        that none of its letters can be played again.
        """
        self._last.pop(pair, None)
        self._last[pair] = sequence
        if len(self._last) > self._most_known:
            self._floor = max(self._floor, self._last.pop(next(iter(self._last))))
