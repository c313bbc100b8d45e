"""`wallet earnings`: what was earned, by day and by lease, from the chain's own record."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.errors import SparecloudError
from core.model import COIN_UNIT
from core.sentences import day
from core.view import spare
from renter_tui.commands.shell import Shell, json_option, pass_shell
from renter_tui.commands.tables import table
from renter_tui.widgets.words import coins

if TYPE_CHECKING:
    from core.chain.history import Earning
    from renter_tui.holder import Holder


@click.command()
@click.option(
    "--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write every payment to a file as well."
)
@json_option
@pass_shell
def earnings(shell: Shell, file: Path | None) -> None:
    """Show what this wallet's shares were paid, by day and by lease, and what of it is held back in its stake.

    \b
    sparecloud wallet earnings
    sparecloud wallet earnings --csv earnings.csv
    """

    async def work(holder: "Holder") -> "tuple[Earning, ...]":
        with holder.earnings() as history:
            shell.say("Reading the chain's events.")
            return await history.sync()

    found = shell.hold(work)
    total, held = sum(one.amount for one in found), sum(one.held for one in found)
    if file is not None:
        _write(file, found)
    shell.show({"earnings": found, "total": total, "held": held}, _text(found) if found else "Nothing was earned yet.")


def _text(found: "Sequence[Earning]") -> str:
    total, held = sum(one.amount for one in found), sum(one.held for one in found)
    in_stake = f", {spare(held)} of it held back in your stake" if held else ""
    return "\n\n".join(
        (
            table(("DAY", "EARNED>", "HELD BACK>", "PAYMENTS>"), _rows(found, lambda one: day(one.at))),
            table(("LEASE", "EARNED>", "HELD BACK>", "PAYMENTS>"), _rows(found, lambda one: one.lease[:18] + "…")),
            f"Earned in all: {spare(total)}{in_stake}.",
        )
    )


def _rows(found: "Sequence[Earning]", heading: "Callable[[Earning], str]") -> list[tuple[str, ...]]:
    groups: dict[str, list[Earning]] = {}
    for one in found:
        groups.setdefault(heading(one), []).append(one)
    return [
        (name, coins(sum(one.amount for one in group)), coins(sum(one.held for one in group)), str(len(group)))
        for name, group in groups.items()
    ]


def _write(file: Path, found: "Sequence[Earning]") -> None:
    try:
        with file.open("w", encoding="utf-8", newline="") as target:
            writer = csv.writer(target)
            writer.writerow(("day", "unix_seconds", "block", "lease", "share", "earned_spare", "held_back_spare"))
            for one in found:
                sums = (_decimal(one.amount), _decimal(one.held))
                writer.writerow((day(one.at), one.at, one.block, one.lease, one.index, *sums))
    except OSError as refused:
        raise SparecloudError(f"{file} cannot be written: {refused}.", "Name another file.") from refused


def _decimal(amount: int) -> str:
    """All 18 decimals, a point and no thousands' separators: what every spreadsheet takes."""
    return f"{amount // COIN_UNIT}.{amount % COIN_UNIT:018d}"
