"""A quote, or why there is none, as a person reads it."""

from collections import Counter
from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.model import Address
from core.quote import DonorSpeed, Quote, Shortfall
from core.view import RenterView, resources_text, spare
from renter_tui.widgets.palette import BAD, COIN, DIM
from renter_tui.widgets.words import cell, coins, count, number, short


def pay_words(quote: Quote) -> str:
    """The confirmation, in full: "Pay up to 3.2 SPARE for 2 h of 4 workers"."""
    hours = f"{quote.request.duration_s / 3600:g} h"
    return f"Pay up to {most(quote)} for {hours} of {count(quote.request.workers, 'worker')}"


def most(quote: Quote) -> str:
    """The total, rounded up."""
    return up_to(quote.total())


def up_to(amount: int) -> str:
    """`amount`, rounded up to six decimals: what a person confirms must not be less than what may be spent."""
    step = 10**12
    return spare(-(-amount // step) * step)


def placement(quote: Quote, view: RenterView | None) -> str:
    """On whose machines: "On ada-thinkpad (2), hopper-mini."."""
    names = {offer.donor: offer.name for offer in view.market} if view else {}
    counted = Counter(names.get(share.donor) or short(share.donor) for share in quote.shares)
    return f"On {', '.join(f'{name} ({many})' if many > 1 else name for name, many in counted.items())}."


def pledged_words(quote: Quote) -> str:
    """What the donors stand to lose: "2.1 SPARE, which they stand to lose"."""
    penalties = sum(share.penalty for share in quote.shares)
    if not penalties:
        return "nothing: the donors have no stake"
    return f"{spare(penalties)}, which the donors stand to lose"


def waste_words(quote: Quote) -> str:
    """What the plan makes useless to others, and the least that any plan could."""
    wasted, least = quote.waste.percent(), quote.waste.least_percent()
    if wasted < -0.05:
        return f"none: it uses up oddments worth {-wasted:.1f} % of what is leased ({-least:.1f} % at best)"
    at_best = f"{least:.1f} %" if least > -0.05 else "none"
    return f"{abs(wasted):.1f} % of what is leased ({at_best} at best)"


def network_words(quote: Quote) -> str:
    """How far apart the donors were when they last served together: "12 ms, 85 Mbit/s at worst (3 pairs measured)"."""
    if not quote.links:
        return "not measured yet: these donors have not served together"
    slowest, farthest = min(link.kbit_s for link in quote.links), max(link.rtt_us for link in quote.links)
    measured = f"{count(len(quote.links), 'pair')} measured"
    return f"{farthest / 1000:.3g} ms, {slowest / 1000:.3g} Mbit/s at worst ({measured})"


def speed_words(speed: DonorSpeed) -> str:
    """What a donor signed of its machine, and what it turned out to be; what it did not measure is left out."""
    signed = speed.signed
    turned_out = f" (turned out to be {speed.turned_out:,})" if speed.turned_out is not None else ""
    parts = [f"a core hashes {signed.cpu_score:,} MiB/s{turned_out}"] if signed.cpu_score else []
    for name, unit, figure in (
        ("memory", "MiB/s", signed.memory_mib_s),
        ("disk", "MiB/s", signed.disk_mib_s),
        ("network up", "KiB/s", signed.up_kib_s),
        ("down", "KiB/s", signed.down_kib_s),
    ):
        if figure:
            parts.append(f"{name} {figure:,} {unit}")
    return ", ".join(parts) or "not measured by the donor"


def slowest_words(quote: Quote) -> str:
    """The slowest core that was signed, and how many donors were slower than they had signed."""
    cores = [speed.signed.cpu_score for speed in quote.speeds if speed.signed.cpu_score]
    if not cores:
        return "not measured by the donors"
    slower = sum(speed.turned_out is not None for speed in quote.speeds)
    words = f"a core hashes {min(cores):,} MiB/s or more"
    return f"{words}; {count(slower, 'donor')} turned out slower" if slower else words


def lives_words(quote: Quote) -> str:
    """How likely the cluster keeps its workers."""
    asked, spares = quote.request.workers, quote.spare_workers()
    chance = f"{quote.reckoning.survival_per_mille / 10:g} % that {count(asked, 'worker')} stay to the end"
    return f"{chance}, with {count(spares, 'spare one')}" if spares else chance


def quoted(quote: Quote, view: RenterView | None) -> RenderableType:
    """Which donor hosts which worker at what price; the total, the waste, who could step in."""
    names = {offer.donor: offer.name for offer in view.market} if view else {}
    return Group(_money(quote, view), Text(), _shares(quote, names))


def refused(shortfall: Shortfall) -> RenderableType:
    """What is missing, and what would fit."""
    fits = []
    if shortfall.largest_workers:
        fits.append(f"● {count(shortfall.largest_workers, 'worker')} of this shape")
    if shortfall.largest_shape is not None:
        fits.append(f"● or workers of {resources_text(shortfall.largest_shape)} each")
    would = [Text("What would fit now", "bold"), *map(Text, fits)] if fits else [Text("Nothing of the kind fits now.")]
    return Group(Text(f"▲ {shortfall.sentence}", f"bold {COIN}"), Text(), *would)


def _money(quote: Quote, view: RenterView | None) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM, no_wrap=True)
    table.add_column()
    table.add_row("At most", Text(most(quote), f"bold {COIN}"))
    table.add_row("An hour", spare(3600 * quote.rate()))
    table.add_row("Pledged", pledged_words(quote))
    table.add_row("Waste", waste_words(quote))
    table.add_row("Chance", lives_words(quote))
    if quote.links:
        table.add_row("Network", network_words(quote))
    if quote.speeds:
        table.add_row("Speed", slowest_words(quote))
    table.add_row("Stand-ins", count(len(quote.alternates), "more donor") if quote.alternates else "none")
    if view and view.balances:
        short_of = view.balances.coin < quote.total()
        table.add_row("You have", Text(spare(view.balances.coin), f"bold {BAD}" if short_of else ""))
    return table


def _shares(quote: Quote, names: Mapping[Address, str]) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False, expand=True, header_style=DIM)
    table.add_column("#", justify="right")
    table.add_column("Donor", ratio=1, no_wrap=True)
    table.add_column("Worker", no_wrap=True)
    table.add_column("SPARE/h", justify="right")
    for share in quote.shares:
        table.add_row(
            str(share.index),
            cell(names.get(share.donor, short(share.donor)), "bold"),
            cell(resources_text(share.resources)),
            number(coins(3600 * share.rate), COIN),
        )
    return table
