"""How far apart donors are: what this renter's clusters measured between their workers, kept for its next quotes."""

import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from core.model import Address
from core.observed import Way
from core.ports import Journal
from core.quote import Link

FRESH_S = 7 * 86_400
"""An older measurement says nothing any more."""

_TABLE = "links"


@dataclass(frozen=True, slots=True)
class _Kept:
    rtt_us: int
    kbit_s: int
    at: int


class LinkBook:
    """Measurements by pairs of donors, the newest of each."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._links = {
            _pair(*key.split("/")): msgspec.json.decode(row, type=_Kept) for key, row in journal.rows(_TABLE).items()
        }

    def keep(self, one: Address, other: Address, way: Way, now: int) -> None:
        """Keep what was measured between two donors; a donor's way to itself says nothing."""
        if one == other:
            return
        pair = _pair(one, other)
        self._links[pair] = _Kept(way.rtt_us, way.kbit_s, now)
        self._journal.put(_TABLE, "/".join(pair), msgspec.json.encode(self._links[pair]))

    def between(self, donors: Iterable[Address], now: int) -> tuple[Link, ...]:
        """What is known of the ways between these donors."""
        chosen = set(donors)
        return tuple(
            Link(Address(one), Address(other), link.rtt_us, link.kbit_s)
            for (one, other), link in sorted(self._links.items())
            if one in chosen and other in chosen and now - link.at < FRESH_S
        )

    def latency_ms(self, now: int) -> dict[Address, int]:
        """The median round trip between each donor and those that it served beside."""
        trips: defaultdict[Address, list[int]] = defaultdict(list)
        for (one, other), link in self._links.items():
            if now - link.at < FRESH_S:
                trips[Address(one)].append(link.rtt_us)
                trips[Address(other)].append(link.rtt_us)
        return {donor: round(statistics.median(known) / 1000) for donor, known in trips.items()}


def _pair(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)
