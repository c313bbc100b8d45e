"""The market: what donors offer now, the cheapest first."""

from collections.abc import Sequence

from rich.text import Text

from core.view import OfferLine, RenterView, resources_text
from renter_tui.widgets.live_table import Column, Row
from renter_tui.widgets.palette import COIN, DIM
from renter_tui.widgets.pane import TablePane
from renter_tui.widgets.words import cell, coins, cores, count, gib, number, short, span, traits


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

    def rows(self, view: RenterView) -> Sequence[Row]:
        """By price, then name."""
        offers = sorted(view.market, key=lambda offer: (offer.hourly, offer.name, offer.donor))
        return [_row(offer, view.now) for offer in offers]

    def summary(self, view: RenterView) -> Text:
        """How much there is, and from which price on."""
        if not view.market:
            return Text("The market is empty.", DIM)
        free_cores = cores(sum(offer.capacity.cpu_millis for offer in view.market))
        memory = gib(sum(offer.capacity.memory_mib for offer in view.market))
        cheapest = min(offer.hourly for offer in view.market)
        donors = count(len(view.market), "donor")
        return Text.assemble(
            (donors, "bold"),
            f" · {free_cores} cores, {memory} GiB free · from ",
            (f"{coins(cheapest)} SPARE/h", COIN),
            " a core + 2 GiB",
        )

    def detail(self, view: RenterView, key: str) -> Text:
        """All of one offer, and how to go on."""
        offer = next((offer for offer in view.market if offer.donor == key), None)
        if offer is None:
            return Text()
        score = f", speed score {offer.traits.cpu_score:,}" if offer.traits.cpu_score else ""
        return Text.assemble(
            (offer.name, "bold"),
            f": {resources_text(offer.capacity)}; {offer.traits.cpu_model or 'processor unknown'}{score}\n",
            (f"{offer.donor}  workers run in a {offer.traits.isolation}", DIM),
        )


def _row(offer: OfferLine, now: int) -> Row:
    left = offer.expires_at - now
    cells = (
        cell(offer.name, "bold"),
        cell(short(offer.donor), DIM),
        number(cores(offer.capacity.cpu_millis)),
        number(gib(offer.capacity.memory_mib)),
        number(coins(offer.hourly), COIN),
        cell(traits(offer.traits)),
        number(_within(left), "" if left > 0 else DIM),
    )
    return Row(offer.donor, cells, f"{offer.name} {offer.donor} {traits(offer.traits)}")


def _within(seconds: int) -> str:
    if seconds <= 0:
        return "expired"
    return f"{seconds} s" if seconds < 600 else span(seconds)
