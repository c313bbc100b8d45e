"""The market: what donors offer now, sorted and filtered as the person likes."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rich.text import Text

from core.view import OfferLine, RenterView, resources_text
from renter_tui.widgets.live_table import Column, Rows
from renter_tui.widgets.palette import COIN, DIM
from renter_tui.widgets.pane import TablePane
from renter_tui.widgets.words import cell, coins, cores, count, gib, number, short, span, traits

ALL_EVERY_S: Final = 3.0
"""A market too large for every view is fetched whole so often, while it is looked at."""

ORDERS: Final[Mapping[str, Callable[[OfferLine], int | str]]] = {
    "price": lambda offer: offer.hourly,
    "speed": lambda offer: -offer.traits.cpu_score,
    "cores": lambda offer: -offer.capacity.cpu_millis,
    "memory": lambda offer: -offer.capacity.memory_mib,
    "name": lambda offer: offer.name.lower(),
}
"""What offers are sorted by; those alike stay as they come, which is by price."""
_FIGURES: Final[Mapping[str, Callable[[OfferLine], float]]] = {
    "cores": lambda offer: offer.capacity.cpu_millis / 1000,
    "gib": lambda offer: offer.capacity.memory_mib / 1024,
    "price": lambda offer: offer.hourly / 10**18,
    "score": lambda offer: offer.traits.cpu_score,
    "gpus": lambda offer: offer.capacity.gpu_count,
}
_COMPARISON: Final = re.compile(r"(cores|gib|price|score|gpus)(<=|>=|<|>|=)([0-9]{1,12}(?:\.[0-9]{1,12})?)")
_COMPARED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": lambda one, other: one < other,
    ">": lambda one, other: one > other,
    "<=": lambda one, other: one <= other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a filter asks for: every one of `tests`, and every one of `words` in an offer's name, donor or traits."""

    tests: tuple[Callable[[OfferLine], bool], ...]
    words: tuple[str, ...]

    def takes(self, offer: OfferLine, said: str) -> bool:
        """Whether the offer, of which so much is `said`, is one of those."""
        return all(word in said for word in self.words) and all(test(offer) for test in self.tests)


def said_of(offer: OfferLine) -> str:
    """What a filter's words are looked for in."""
    return f"{offer.name} {offer.donor} {traits(offer.traits)}".lower()


@dataclass(frozen=True, slots=True)
class Whole:
    """Offers, and what takes a while to say of so many of them."""

    offers: tuple[OfferLine, ...] = ()
    said: tuple[str, ...] = ()
    summary: tuple[str, str] = ("", "")


def whole(offers: tuple[OfferLine, ...]) -> Whole:
    """The market of `offers`."""
    if not offers:
        return Whole()
    free = cores(sum(offer.capacity.cpu_millis for offer in offers))
    memory = gib(sum(offer.capacity.memory_mib for offer in offers))
    cheapest = coins(min(offer.hourly for offer in offers))
    return Whole(offers, tuple(map(said_of, offers)), (f"{free} cores, {memory} GiB free", f"{cheapest} SPARE/h"))


def wanted(text: str) -> Wanted:
    """What "ryzen cores>=4 price<0.03" asks for; a word that compares nothing is looked for."""
    tests, words = [], []
    for word in text.lower().split():
        found = _COMPARISON.fullmatch(word)
        if found is None:
            words.append(word)
        else:
            figure, compare, other = _FIGURES[found[1]], _COMPARED[found[2]], float(found[3])
            tests.append(_test(figure, compare, other))
    return Wanted(tuple(tests), tuple(words))


class MarketPane(TablePane):
    """A row for each offer."""

    COLUMNS = (
        Column("Donor", 15, stretch=1),
        Column("Address", 11),
        Column("Cores", 5, right=True),
        Column("GiB", 5, right=True),
        Column("SPARE/h", 8, right=True),
        Column("Machine", 12, stretch=3),
        Column("Expires", 8, right=True),
    )
    EMPTY = (
        "No offers yet: donors publish every few seconds.\n\n"
        "If this stays so, nobody shares on this market now, or this machine cannot reach its relay."
    )
    HINT = "Words, or cores>=4 gib>8 price<0.03 score>3000 gpus>0; Enter keeps it, Esc clears it"

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.order = "price"
        self._all: Whole | None = None
        self._seen: tuple[OfferLine, ...] = ()
        self._whole = Whole()
        self._drawn: tuple[object, ...] = ()
        self._rows = Rows()

    def on_mount(self) -> None:
        """Follow the view; where it does not hold the whole market, fetch that while it is looked at."""
        super().on_mount()
        self.set_interval(ALL_EVERY_S, self.fetch)

    def fetch(self) -> None:
        """Fetch all offers, where the view has only the cheapest."""
        view = self.app.view
        if view is None or view.offers <= len(view.market):
            self._all = None
        elif self.display and self.app.screen is self.screen:
            self.run_worker(self._fetch(), exclusive=True, group="offers")

    async def _fetch(self) -> None:
        with self.app.reporting():
            offers = await self.app.agent.offers()
            # Beside the loop: keys are read and frames drawn meanwhile.
            self._all = await asyncio.to_thread(whole, offers)
            self.draw()

    def next_order(self) -> None:
        """Sort by what comes next, and look at the first."""
        orders = list(ORDERS)
        self.order = orders[(orders.index(self.order) + 1) % len(orders)]
        self.draw()
        self.table.action_move(-len(self.table))

    def market(self, view: RenterView) -> Whole:
        """The market, as far as it is known."""
        if self._all is not None:
            return self._all
        if self._seen is not view.market:
            self._seen, self._whole = view.market, whole(view.market)
        return self._whole

    def rows(self, view: RenterView, filter: str) -> tuple[Rows, int]:
        """As sorted, those that the filter takes; and of how many."""
        market = self.market(view)
        wished = (market, filter, self.order)
        if any(one is not other for one, other in zip(wished, self._drawn or (None,) * 3, strict=True)):
            self._drawn, self._rows = wished, self._arranged(market, filter)
        return self._rows, len(market.offers)

    def _arranged(self, market: Whole, filter: str) -> Rows:
        taken = list(market.offers)
        if filter:
            chosen = wanted(filter)
            taken = [offer for offer, said in zip(market.offers, market.said, strict=True) if chosen.takes(offer, said)]
        taken.sort(key=ORDERS[self.order])
        return Rows([offer.donor for offer in taken], lambda place: _cells(taken[place], self._now()))

    def _now(self) -> int:
        return self.app.view.now if self.app.view else 0

    def summary(self, view: RenterView) -> Text:
        """How much there is, from which price on, and how it is sorted."""
        market = self.market(view)
        if not market.offers:
            return Text("The market is empty.", DIM)
        donors = count(max(view.offers, len(market.offers)), "donor")
        order = f" · by {self.order}" if self.order != "price" else ""
        free, cheapest = market.summary
        return Text.assemble((donors, "bold"), f"{order} · {free} · from ", (cheapest, COIN), " a core + 2 GiB")

    def detail(self, view: RenterView, key: str) -> Text:
        """All of one offer, and how to go on."""
        offer = next((offer for offer in self.market(view).offers if offer.donor == key), None)
        if offer is None:
            return Text()
        score = f", speed score {offer.traits.cpu_score:,}" if offer.traits.cpu_score else ""
        return Text.assemble(
            (offer.name, "bold"),
            f": {resources_text(offer.capacity)}; {offer.traits.cpu_model or 'processor unknown'}{score}\n",
            (f"{offer.donor}  workers run in a {offer.traits.isolation}", DIM),
        )


def _test(
    figure: Callable[[OfferLine], float], compare: Callable[[float, float], bool], other: float
) -> Callable[[OfferLine], bool]:
    return lambda offer: compare(figure(offer), other)


def _cells(offer: OfferLine, now: int) -> tuple[Text, ...]:
    left = offer.expires_at - now
    return (
        cell(offer.name, "bold"),
        cell(short(offer.donor), DIM),
        number(cores(offer.capacity.cpu_millis)),
        number(gib(offer.capacity.memory_mib)),
        number(coins(offer.hourly), COIN),
        cell(traits(offer.traits)),
        number(_within(left), "" if left > 0 else DIM),
    )


def _within(seconds: int) -> str:
    if seconds <= 0:
        return "expired"
    return f"{seconds} s" if seconds < 600 else span(seconds)
