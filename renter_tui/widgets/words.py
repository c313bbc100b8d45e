"""How nouns look in a terminal: short, aligned, a state always a shape and a word beside its colour.

Everything returns rich `Text`, never markup: names come from strangers.
"""

from typing import Final, Literal

from rich.text import Text

from core.model import COIN_UNIT, Address, Traits
from core.observed import Progress
from core.view import ClusterLine, spare
from renter_tui.widgets.palette import BAD, COIN, DIM, GOOD, LINE, TURN, WAIT

_Justify = Literal["left", "right", "center"]

_STATES: Final = {
    "proposed": ("○", WAIT),
    "opening": ("◔", WAIT),
    "starting": ("◑", WAIT),
    "running": ("●", GOOD),
    "draining": ("◒", TURN),
    "closing": ("◕", TURN),
    "ended": ("□", DIM),
    "accepted": ("◐", WAIT),
    "serving": ("●", GOOD),
    "lost": ("✗", BAD),
    "succeeded": ("✓", GOOD),
    "failed": ("✗", BAD),
    "stopped": ("■", DIM),
}


def cell(text: str, style: str = "", justify: _Justify = "left") -> Text:
    """One line for a table cell, cut with an ellipsis where it is too long."""
    return Text(text, style=style, justify=justify, no_wrap=True, overflow="ellipsis")


def number(text: str, style: str = "") -> Text:
    """A cell of digits: to the right, so that sizes compare at a glance."""
    return cell(text, style, "right")


def state(word: str, *, working: bool = False) -> Text:
    """A state as shape, word and colour; a job that runs (`working`) has a shape of its own."""
    glyph, style = _STATES.get(word, ("?", BAD))
    return cell(f"{'▶' if working and word == 'running' else glyph} {word}", style)


def coins(amount: int, digits: int = 4) -> str:
    """`amount` with a fixed number of decimals and no symbol, for columns; rounded down, never to a false zero."""
    whole, rest = divmod(amount, COIN_UNIT)
    decimals = f"{rest:018d}"[:digits]
    if amount and not whole and not int(decimals):
        return f"<{10**-digits:.{digits}f}"
    return f"{whole:,}.{decimals}"


def short(address: Address) -> str:
    """An address by its ends: "0x1a2b…9f0c"."""
    return f"{address[:6]}…{address[-4:]}"


def span(seconds: int) -> str:
    """A length of time in its two largest units: "1 d 4 h", "2 h 05 min", "4 min 09 s", "58 s"."""
    seconds = max(0, seconds)
    if seconds >= 86_400:
        return f"{seconds // 86_400} d {seconds % 86_400 // 3600} h"
    if seconds >= 3600:
        return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
    if seconds >= 60:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds} s"


def count(amount: int, noun: str) -> str:
    """`amount` and `noun` in the singular or the plural: "1 worker", "3 workers"."""
    return f"{amount:,} {noun}{'' if amount == 1 else 's'}"


def bar(part: int, whole: int, width: int, style: str = COIN) -> Text:
    """How much of `whole` is gone: heavy for the part, light for the rest, so that it reads without colour."""
    filled = min(width, part * width // whole) if whole > 0 else 0
    if part > 0 and not filled:
        filled = 1
    return Text.assemble(("━" * filled, style), ("─" * (width - filled), LINE), no_wrap=True)


def spent_of(cluster: ClusterLine, width: int) -> Text:
    """What a cluster has spent of its deposit, as a bar and in figures."""
    text = bar(cluster.spent, cluster.deposit, width)
    text.append(f" {coins(cluster.spent)}")
    text.append(f" of {coins(cluster.deposit)}", DIM)
    return text


def serving(cluster: ClusterLine) -> str:
    """Workers that serve, of all: "3/4"."""
    return f"{sum(worker.state == 'serving' for worker in cluster.workers)}/{len(cluster.workers)}"


def time_left(cluster: ClusterLine, now: int) -> str:
    """How long a cluster's time still runs; a dash before it is paid for and after it ended."""
    return span(cluster.ends_at - now) if cluster.opened_at and not cluster.ended else "–"


def locked(cluster: ClusterLine) -> int:
    """What of a cluster's deposit is neither spent nor back."""
    return max(0, cluster.deposit - cluster.spent) if cluster.opened_at and not cluster.ended else 0


def settlement(cluster: ClusterLine) -> str:
    """Where the money went, or will go."""
    if not cluster.opened_at:
        return "Nothing was paid." if cluster.ended else "Nothing is paid until every donor has accepted."
    if cluster.ended:
        paid = sum(worker.paid for worker in cluster.workers)
        return f"{spare(paid)} paid to donors, {spare(cluster.refund)} refunded to you."
    return f"{spare(locked(cluster))} is unspent, and comes back to you if it stays so."


def traits(measured: Traits) -> str:
    """What a donor says of its machine beside its capacity."""
    parts = ["on battery"] if measured.on_battery else []
    if measured.cpu_model:
        parts.append(measured.cpu_model)
    if measured.isolation != "container":
        parts.append(measured.isolation)
    return ", ".join(parts) or "–"


def gib(mib: int) -> str:
    """Memory in GiB with one decimal, for columns."""
    return f"{mib / 1024:,.1f}"


def cores(millis: int) -> str:
    """Processor cores with one decimal, for columns."""
    return f"{millis / 1000:,.1f}"


def size(amount: int) -> str:
    """Bytes in the largest unit that leaves at least one: "17 B", "1.5 MiB"."""
    value, unit = float(amount), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{amount} B" if unit == "B" else f"{value:,.1f} {unit}"


def printable(text: str) -> str:
    """`text` without what a terminal would act on."""
    return "".join(char if char.isprintable() else "·" for char in text)


def progress_text(told: Progress) -> str:
    """How far a job is, in a line: "12 of 40 tasks done, 3 running; stage 2, 4 of 8: collect at job.py:9"."""
    failed = f", {told.failed} failed and tried again" if told.failed else ""
    text = f"{told.done:,} of {count(told.tasks, 'task')} done, {told.running} running{failed}"
    if told.stages:
        stage = max(told.stages, key=lambda one: (one.running, -one.number))
        text += f"; stage {stage.number}, {stage.done:,} of {stage.tasks:,}: {printable(stage.name)}"
    return text
