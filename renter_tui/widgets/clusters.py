"""The renter's clusters: those that live first."""

from rich.text import Text

from core.view import ClusterLine, RenterView, spare
from renter_tui.widgets.live_table import Column, Rows, rows
from renter_tui.widgets.palette import COIN, DIM
from renter_tui.widgets.pane import TablePane
from renter_tui.widgets.words import cell, count, number, serving, settlement, spent_of, state, time_left


class ClustersPane(TablePane):
    """A row for each cluster."""

    COLUMNS = (
        Column("Cluster", 14, stretch=2),
        Column("State", 11),
        Column("Workers", 7, right=True),
        Column("Spent of deposit (SPARE)", 26, stretch=1),
        Column("Left", 10, right=True),
    )
    EMPTY = "No cluster yet.\n\nPress n to describe one: you see the donors and the price before anything is paid."

    def rows(self, view: RenterView, filter: str) -> tuple[Rows, int]:
        """Live ones first, the newest of them on top."""
        clusters = sorted(view.clusters, key=lambda cluster: (cluster.ended, -cluster.opened_at))
        shown = [cluster for cluster in clusters if filter in f"{cluster.name} {cluster.state}".lower()]
        return rows([(cluster.lease, _cells(cluster, view.now)) for cluster in shown]), len(clusters)

    def summary(self, view: RenterView) -> Text:
        """How many live, and what they cost together."""
        live = [cluster for cluster in view.clusters if not cluster.ended]
        if not live:
            return Text("No cluster is live; nothing is being spent.", DIM)
        hourly = 3600 * sum(cluster.rate for cluster in live)
        return Text.assemble(
            (f"{count(len(live), 'cluster')} live", "bold"),
            " · at most ",
            (f"{spare(hourly, digits=4)} an hour", COIN),
        )

    def detail(self, view: RenterView, key: str) -> Text:
        """Why it stands where it stands, and its money."""
        cluster = next((cluster for cluster in view.clusters if cluster.lease == key), None)
        if cluster is None:
            return Text()
        return Text.assemble((f"{cluster.name}: ", "bold"), cluster.sentence, "\n", (settlement(cluster), DIM))


def _cells(cluster: ClusterLine, now: int) -> tuple[Text, ...]:
    dim = DIM if cluster.ended else ""
    return (
        cell(cluster.name, dim or "bold"),
        state(cluster.state),
        number(serving(cluster), dim),
        spent_of(cluster, 7),
        number(time_left(cluster, now), dim),
    )
