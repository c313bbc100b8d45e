"""How fast donors' workers really were, beside what their offers had signed: kept for a renter's next quotes."""

import statistics
from dataclasses import dataclass
from typing import Final

import msgspec

from core.model import Address, Resources
from core.observed import Pace
from core.ports import Journal

FRESH_S: Final = 30 * 86_400
"""An older measurement says nothing any more."""

KEPT: Final = 5
ENOUGH: Final = 3
"""With fewer measurements nothing is said: a laptop may have been busy once or twice."""

SLOW_PERMILLE: Final = 500
"""Heat, a neighbour on the same core and a clock that slowed down for the battery may halve a speed honestly."""

_TABLE: Final = "paces"


@dataclass(frozen=True, slots=True)
class _Kept:
    permille: int
    at: int


class PaceBook:
    """The last measurements of each donor, in thousandths of what was signed. All of it is the journal's."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def keep(self, donor: Address, pace: Pace, wanted: int, now: int) -> None:
        """Keep one measurement, where `wanted` (`expected`, above 0) is what was signed."""
        row = self._journal.get(_TABLE, donor)
        kept = (*(msgspec.json.decode(row, type=tuple[_Kept, ...]) if row else ()), _Kept(_part(pace, wanted), now))
        self._journal.put(_TABLE, donor, msgspec.json.encode(kept[-KEPT:]))

    def slow(self, now: int) -> dict[Address, int]:
        """Thousandths of what each donor signed, for those whose median lies below `SLOW_PERMILLE`."""
        found = {}
        for donor, row in self._journal.rows(_TABLE).items():
            fresh = [one.permille for one in msgspec.json.decode(row, type=tuple[_Kept, ...]) if now - one.at < FRESH_S]
            if len(fresh) >= ENOUGH and (median := statistics.median_low(fresh)) < SLOW_PERMILLE:
                found[Address(donor)] = median
        return found


def expected(cpu_score: int, resources: Resources, granted_permille: int) -> int:
    """What one thread of a worker with `resources` should reach, where one whole core reaches `cpu_score`.

    A worker of less than a core, or one that was granted less of its time, is held to as much less.
    """
    return cpu_score * min(1000, resources.cpu_millis * granted_permille // 1000) // 1000


def _part(pace: Pace, wanted: int) -> int:
    return pace.cpu_score * 1000 // wanted
