"""A renter's quotes: the board and its own record in, the allocator's answer out, and the inputs kept for a while."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from core.allocator import Effort, Known, pack, why
from core.errors import InvalidInput, NotFound
from core.lease import Rental
from core.links import LinkBook
from core.model import Address, SignedOffer
from core.paces import PaceBook
from core.pledges import with_penalties
from core.ports import Board, Clock
from core.quote import DonorSpeed, Quote, Request, Shortfall, Why
from core.settings import Renter as RenterSettings
from core.track_record import USUAL, survival

BOARD_PATIENCE_S: Final = 2.0
REMEMBERED_QUOTES: Final = 8
QUOTE_WITHIN_S: Final = 3.0
"""By then a quote is given with the best plan found, even over a market built to delay it."""


class Quoting:
    """Asks the market for its renter, whose `rentals` say how donors have served."""

    def __init__(
        self,
        settings: RenterSettings,
        board: Board,
        clock: Clock,
        rentals: Callable[[], Iterable[Rental]],
        links: LinkBook,
        paces: PaceBook,
    ) -> None:
        self._settings = settings
        self._board = board
        self._clock = clock
        self._rentals = rentals
        self._links = links
        self._paces = paces
        self._inputs: dict[str, tuple[tuple[SignedOffer, ...], Known]] = {}

    async def why(self, quote: Quote, donor: Address) -> Why:
        """Why `quote`, one of the last few, treats `donor` as it does. Raises NotFound where it is too old."""
        inputs = self._inputs.get(quote.market)
        if inputs is None:
            raise NotFound("That quote is too old to be reckoned again.", "Ask for a new one.")
        offers, known = inputs
        found = await asyncio.to_thread(why, quote, offers, donor, known)
        speeds = speeds_of((donor,), offers, self._paces.slow(self._clock.now()))
        return replace(found, speed=speeds[0] if speeds else None)

    async def best(self, request: Request) -> tuple[tuple[SignedOffer, ...], Quote | Shortfall]:
        """The board, and the answer it gives; where that falls short donors are asked, and given a moment."""
        least_mib = request.kind.least_memory_mib
        if request.shape.memory_mib < least_mib:
            raise InvalidInput(
                f"A {request.kind} worker of {request.shape.memory_mib} MiB is too small.",
                f"Ask for at least {least_mib} MiB a worker.",
            )
        request = replace(request, aims=self._settings.aiming.aims())
        offers, answer = await self._packed(request)
        if isinstance(answer, Quote):
            return offers, answer
        try:
            async with asyncio.timeout(BOARD_PATIENCE_S):
                await self._board.ask()
                while isinstance(answer, Shortfall):
                    await self._board.changed()
                    offers, answer = await self._packed(request)
        except TimeoutError:
            pass
        return offers, answer

    async def _packed(self, request: Request) -> tuple[tuple[SignedOffer, ...], Quote | Shortfall]:
        now = self._clock.now()
        offers = self._board.offers(now)
        slow = self._paces.slow(now)
        known = Known(survival(self._rentals(), slow), self._links.latency_ms(now), usual_survival=USUAL)
        # A large market takes half a second: vouchers are signed meanwhile.
        answer = await asyncio.to_thread(pack, request, offers, now, known, Effort(time.monotonic, QUOTE_WITHIN_S))
        if isinstance(answer, Quote):
            self._inputs[answer.market] = offers, known
            while len(self._inputs) > REMEMBERED_QUOTES:
                del self._inputs[next(iter(self._inputs))]
            answer = with_penalties(answer, offers, self._settings.penalty_percent)
            donors = dict.fromkeys(share.donor for share in answer.shares)
            links, speeds = self._links.between(set(donors), now), speeds_of(donors, offers, slow)
            answer = replace(answer, links=links, speeds=speeds)
        return offers, answer


def speeds_of(
    donors: Iterable[Address], offers: Iterable[SignedOffer], slow: Mapping[Address, int]
) -> tuple[DonorSpeed, ...]:
    """What each of `donors` signed in its offer, and what it turned out to be where it is `slow` (thousandths)."""
    signed = {each.offer.donor: each.offer.traits for each in offers}
    return tuple(
        DonorSpeed(donor, signed[donor], signed[donor].cpu_score * slow[donor] // 1000 if donor in slow else None)
        for donor in donors
        if donor in signed
    )
