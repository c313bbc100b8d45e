"""The wallet: its address, what it holds, its account in the vault, and what live leases have locked."""

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text
from textual import getters
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from core.observed import Account
from core.sentences import exact, moment
from core.view import RenterView, Spending, spare
from renter_tui.live import LiveApp
from renter_tui.widgets.palette import COIN, DIM, GOOD
from renter_tui.widgets.words import bar, cell, coins, locked, number, time_left


class WalletPane(VerticalScroll, can_focus=True):
    """Address, balances, locked deposits; a sentence that says what to do about an empty wallet."""

    app = getters.app(LiveApp)

    def compose(self) -> ComposeResult:
        """Three blocks under one another."""
        yield Static(id="wallet-address", markup=False)
        yield Static(id="wallet-holds", markup=False)
        yield Static(id="wallet-sentence", markup=False)
        yield Static(id="wallet-locked", markup=False)

    def on_mount(self) -> None:
        """Follow the application's view."""
        self.watch(self.app, "view", self.draw)

    def focus_table(self) -> None:
        """Take the keyboard."""
        self.focus()

    def draw(self) -> None:
        """Draw the newest view."""
        view = self.app.view
        if view is None:
            self.query_one("#wallet-address", Static).update("Waiting for the background agent's first word…")
            return
        address = Text.assemble(("Address  ", DIM), (view.address, "bold"), ("  c copies it", DIM))
        self.query_one("#wallet-address", Static).update(address)
        self.query_one("#wallet-holds", Static).update(_holds(view))
        self.query_one("#wallet-sentence", Static).update(_sentence(view))
        self.query_one("#wallet-locked", Static).update(_locked(view))


def _holds(view: RenterView) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM)
    table.add_column(justify="right")
    table.add_column(style=DIM)
    in_leases = sum(locked(cluster) for cluster in view.clusters)
    if view.balances is None:
        table.add_row("Free", "–", "The chain has not answered yet.")
    else:
        table.add_row("Free", Text(spare(view.balances.coin), f"bold {COIN}"), _where(view.balances.account))
    table.add_row("Locked", Text(spare(in_leases)), "in live leases: deposits less what is spent")
    if view.balances is not None:
        for row in _stake(view.balances.account, view.now):
            table.add_row(*row)
        table.add_row("For fees", Text(spare(view.balances.native, "coin")), "of the chain's own, for transactions")
    if view.spending is not None:
        for row in _spent(view.spending):
            table.add_row(*row)
    return table


def _spent(spending: Spending) -> Iterator[tuple[str, Text, str]]:
    """What clusters cost, and what they may cost."""
    limits = spending.limits
    for when, spent, limit in (
        ("Last hour", spending.last_hour, limits.per_hour),
        ("Last day", spending.last_day, limits.per_day),
        ("In all", spending.in_all, limits.in_all),
    ):
        bound = "without a limit" if limit is None else f"of {exact(limit)} that it may be"
        yield when, Text(spare(spent, digits=4)), f"spent on clusters, {bound}"


def _where(account: Account) -> str:
    in_vault = f", {spare(account.free)} of it in the vault" if account.free else ""
    return f"to rent with{in_vault}"


def _stake(account: Account, now: int) -> Iterator[tuple[str, Text, str]]:
    """What is bonded and what thaws, where there is any."""
    if account.bonded:
        pledged = f"{spare(account.reserved)} of it pledged" if account.reserved else "none of it pledged"
        yield "Stake", Text(spare(account.bonded)), pledged
    if account.thawing:
        over = account.thaws_at <= now
        until = "thawed: ready to withdraw" if over else f"until {moment(account.thaws_at, now)}"
        yield "Thawing", Text(spare(account.thawing)), until


def _sentence(view: RenterView) -> Text:
    if view.balances is None:
        return Text("")
    if not view.balances.coin:
        return Text("○ This wallet holds no SPARE: send some to the address above, then press n to rent.", COIN)
    if not view.balances.native:
        return Text("○ Nothing to pay fees with: send some of the chain's own coin to the address above.", COIN)
    return Text("● Ready to rent: press n.", GOOD)


def _locked(view: RenterView) -> Table | Text:
    live = [cluster for cluster in view.clusters if locked(cluster)]
    if not live:
        return Text("No lease is live, so nothing is locked.", DIM)
    table = Table.grid(padding=(0, 2))
    table.add_row(*(cell(title, "bold") for title in ("Cluster", "Locked", "Spent of deposit", "Left")))
    for cluster in live:
        table.add_row(
            cell(cluster.name),
            number(coins(locked(cluster)), COIN),
            bar(cluster.spent, cluster.deposit, 16),
            number(time_left(cluster, view.now)),
        )
    return table
