"""The home screen: market, clusters and wallet, one key away from each other."""

from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import ContentSwitcher, Footer, Static, Tab, Tabs

from core.observed import Job
from core.view import ClusterLine, RenterView, spare
from renter_tui.live import LiveApp
from renter_tui.screens.actions import ask_destroy, ask_launch, ask_submit, open_logs
from renter_tui.screens.cluster import ClusterScreen
from renter_tui.widgets.banner import Banner
from renter_tui.widgets.clusters import ClustersPane
from renter_tui.widgets.events import EventsPane
from renter_tui.widgets.live_table import LiveTable
from renter_tui.widgets.market import MarketPane
from renter_tui.widgets.palette import BAD, COIN, GOOD
from renter_tui.widgets.pane import TablePane
from renter_tui.widgets.wallet import WalletPane

_PLACES = ("market", "clusters", "wallet", "events")


class HomeScreen(Screen[None]):
    """Four views under one row of tabs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "go('market')", "Market", show=False),
        Binding("2", "go('clusters')", "Clusters", show=False),
        Binding("3", "go('wallet')", "Wallet", show=False),
        Binding("4", "go('events')", "Events", show=False),
        Binding("n", "new", "New cluster"),
        Binding("s", "submit", "Submit"),
        Binding("l", "logs", "Logs"),
        Binding("d", "destroy", "Destroy"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("o", "order", "Order"),
        Binding("c", "copy", "Copy address"),
    ]

    app = getters.app(LiveApp)

    def compose(self) -> ComposeResult:
        """The bar on top, trouble beneath it, then one of the views."""
        with Horizontal(id="top"):
            yield Static(Text.assemble(("◆ ", COIN), ("Sparecloud", "bold")), id="brand")
            yield Tabs(*(Tab(f"{n} {place.title()}", id=place) for n, place in enumerate(_PLACES, 1)), id="tabs")
            yield Static(id="purse", markup=False)
        yield Banner(markup=False)
        with ContentSwitcher(initial="market"):
            yield MarketPane(id="market")
            yield ClustersPane(id="clusters")
            yield WalletPane(id="wallet")
            yield EventsPane(id="events")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Follow the application."""
        self.query_one(Tabs).can_focus = False
        self.watch(self.app, "view", self._draw_purse)
        self.watch(self.app, "away", self._draw_purse)
        self._pane().focus_table()

    @property
    def place(self) -> str:
        """Which view is shown."""
        return self.query_one(ContentSwitcher).current or _PLACES[0]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that mean something here."""
        if not self.app.offers(action):
            return False
        match action:
            case "submit" | "logs" | "destroy":
                return self.place == "clusters"
            case "filter":
                return self.place != "wallet"
            case "order":
                return self.place == "market"
            case "copy":
                return self.place == "wallet"
            case _:
                return True

    def action_go(self, place: str) -> None:
        """Show one of the views at once: the next key already belongs to it."""
        self.query_one(ContentSwitcher).current = place
        self._pane().focus_table()
        self.query_one(Tabs).active = place
        self.refresh_bindings()

    def show_cluster(self, lease: str) -> None:
        """Show the clusters, the cursor on `lease`."""
        self.action_go("clusters")
        self.query_one(ClustersPane).table.select(lease)

    def action_new(self) -> None:
        """Describe a cluster."""
        ask_launch(self.app, self._launched)

    def action_submit(self) -> None:
        """Run a program on the selected cluster."""
        ask_submit(self.app, self._cluster())

    def action_logs(self) -> None:
        """Follow the selected cluster's newest job."""
        cluster = self._cluster()
        open_logs(self.app, cluster, _newest(cluster))

    def action_destroy(self) -> None:
        """Ask whether to end the selected cluster."""
        ask_destroy(self.app, self._cluster())

    def action_filter(self) -> None:
        """Filter the table."""
        pane = self._pane()
        if isinstance(pane, TablePane):
            pane.ask_filter()

    def action_order(self) -> None:
        """Sort the market by what comes next."""
        self.query_one(MarketPane).next_order()

    def action_copy(self) -> None:
        """Put the wallet's address on the clipboard."""
        if self.app.view:
            self.app.copy_to_clipboard(self.app.view.address)
            self.app.notify("The address is on the clipboard.", markup=False)

    @on(Tabs.TabActivated)
    def _switch(self, event: Tabs.TabActivated) -> None:
        if event.tab.id and event.tab.id != self.place:
            self.action_go(event.tab.id)

    @on(LiveTable.Selected, "#clusters-table")
    def _open(self) -> None:
        cluster = self._cluster()
        if cluster:
            self.app.push_screen(ClusterScreen(cluster.lease))

    def _launched(self, cluster: ClusterLine | None) -> None:
        if cluster:
            self.show_cluster(cluster.lease)

    def _pane(self) -> TablePane | WalletPane:
        pane = self.query_one(f"#{self.place}")
        assert isinstance(pane, TablePane | WalletPane)
        return pane

    def _cluster(self) -> ClusterLine | None:
        return self.app.cluster(self.query_one(ClustersPane).table.selected)

    def _draw_purse(self) -> None:
        view = self.app.view
        self.query_one("#purse", Static).update(_purse(view, connected=self.app.away is None and view is not None))


def _purse(view: RenterView | None, *, connected: bool) -> Text:
    coin = spare(view.balances.coin, digits=2) if view and view.balances else ""
    return Text.assemble((coin, f"bold {COIN}"), "  ", ("● live", GOOD) if connected else ("○ away", BAD))


def _newest(cluster: ClusterLine | None) -> Job | None:
    return max(cluster.jobs, key=lambda job: job.started_at, default=None) if cluster else None
