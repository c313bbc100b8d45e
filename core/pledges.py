"""What donors pledge beside their machine: a penalty out of their stake, and seats that they sell only once. Pure.

A machine has 256 seats, each a 256th of its memory. A donor signs a share's seats away with its acceptance; two
acceptances of one seat for one time are a proof of double selling that the contract Trials understands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from core.model import Address, Amount, SignedOffer
from core.quote import Quote

SEATS: Final = 256
NO_SEATS: Final = "0x" + "0" * 64


def with_penalties(quote: Quote, offers: Iterable[SignedOffer], percent: int) -> Quote:
    """`quote` with penalties of `percent` of each share's cap, as far as its donor's stake goes.

    A donor's stake is spread over its shares in their order. Without stake a share has no penalty: new donors are
    disciplined by what is held back of their earnings.
    """
    left: dict[Address, int] = {signed.offer.donor: signed.offer.stake for signed in offers}
    shares = []
    for share in quote.shares:
        penalty = min(left.get(share.donor, 0), share.cap * percent // 100)
        left[share.donor] = left.get(share.donor, 0) - penalty
        shares.append(replace(share, penalty=Amount(penalty)))
    return replace(quote, shares=tuple(shares))


def seats_needed(memory_mib: int, machine_mib: int) -> int:
    """How many seats a share of `memory_mib` takes on a machine of `machine_mib`.

    Rounded down, so that shares which fill a machine exactly never need more seats than it has; one at least.
    """
    return max(1, SEATS * memory_mib // machine_mib) if machine_mib else 1


def choose_seats(memory_mib: int, machine_mib: int, taken: Iterable[str]) -> str | None:
    """Free seats for a share, as 0x and 64 hexadecimal digits; None where too few are left."""
    used = 0
    for seats in taken:
        used |= int(seats, 16)
    chosen, wanted = 0, seats_needed(memory_mib, machine_mib)
    for seat in range(SEATS):
        if not wanted:
            break
        if not used >> seat & 1:
            chosen |= 1 << seat
            wanted -= 1
    return None if wanted else f"0x{chosen:064x}"


def enough_seats(seats: str, memory_mib: int, machine_mib: int) -> bool:
    """True where `seats` cover a share of `memory_mib` on a machine that is said to have `machine_mib`."""
    return int(seats, 16).bit_count() >= seats_needed(memory_mib, machine_mib)


def machine_sizes(offers: Iterable[SignedOffer]) -> Mapping[Address, int]:
    """Each donor's machine_mib."""
    return {signed.offer.donor: signed.offer.machine_mib for signed in offers}
