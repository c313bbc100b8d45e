"""One cluster: its money and time, its workers, its jobs."""

from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Static

from core.change import ChangeKind
from core.observed import Job
from core.view import ClusterLine, WorkerLine, resources_text, spare
from renter_tui.live import LiveApp
from renter_tui.screens.actions import ask_change, ask_connect, ask_destroy, ask_replace, ask_submit, open_logs
from renter_tui.widgets.banner import Banner
from renter_tui.widgets.live_table import Column, LiveTable, rows
from renter_tui.widgets.palette import COIN, DIM
from renter_tui.widgets.words import cell, coins, number, settlement, span, spent_of, state, time_left

_WORKERS: Final = (
    Column("Worker", 6, right=True),
    Column("Donor", 14, stretch=1),
    Column("State", 10),
    Column("Served", 11, right=True),
    Column("Earned", 8, right=True),
    Column("", 15, stretch=3),
)
_JOBS: Final = (
    Column("Job", 16, stretch=1),
    Column("State", 11),
    Column("Took", 11, right=True),
    Column("", 20, stretch=3),
)


class ClusterScreen(Screen[None]):
    """Drawn from the cluster of `lease` in the newest view."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("s", "submit", "Submit"),
        Binding("l", "logs", "Logs"),
        Binding("r", "resize", "Resize"),
        Binding("e", "extend", "Extend"),
        Binding("x", "replace", "Replace", show=False),
        Binding("d", "destroy", "Destroy"),
        Binding("c", "copy", "Copy Spark page", show=False),
        Binding("k", "connect", "Connect a notebook", show=False),
    ]

    app = getters.app(LiveApp)

    def __init__(self, lease: str) -> None:
        super().__init__()
        self._lease = lease

    def compose(self) -> ComposeResult:
        """A headline with the money, then two tables."""
        yield Static(id="cluster-head", markup=False)
        yield Banner(markup=False)
        yield Static(id="cluster-facts")
        yield Static("Workers", classes="heading")
        yield LiveTable(_WORKERS, id="cluster-workers")
        yield Static(id="worker-detail", classes="detail", markup=False)
        yield Static("Jobs", classes="heading")
        yield LiveTable(_JOBS, id="cluster-jobs")
        yield Static("No job yet. Press s to submit a PySpark program.", classes="empty", id="no-jobs")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Follow the application's view."""
        self.watch(self.app, "view", self._draw)
        self.query_one("#cluster-workers", LiveTable).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer nothing that changes anything where only looking is wanted."""
        return self.app.offers(action)

    def action_submit(self) -> None:
        """Run a program."""
        ask_submit(self.app, self.app.cluster(self._lease))

    def action_logs(self) -> None:
        """Follow the selected job."""
        open_logs(self.app, self.app.cluster(self._lease), self._selected_job())

    def action_resize(self) -> None:
        """More workers, or fewer."""
        ask_change(self.app, self.app.cluster(self._lease), ChangeKind.RESIZE)

    def action_extend(self) -> None:
        """More time."""
        ask_change(self.app, self.app.cluster(self._lease), ChangeKind.EXTEND)

    def action_replace(self) -> None:
        """Another machine for the selected worker."""
        ask_replace(self.app, self.app.cluster(self._lease), self._selected_worker())

    def action_destroy(self) -> None:
        """Ask whether to end the cluster."""
        ask_destroy(self.app, self.app.cluster(self._lease))

    def action_copy(self) -> None:
        """Put the Spark master's page on the clipboard."""
        cluster = self.app.cluster(self._lease)
        if cluster and cluster.screen:
            self.app.copy_to_clipboard(cluster.screen)
            self.app.notify("The Spark page's address is on the clipboard.", markup=False)

    def action_connect(self) -> None:
        """Open the cluster to notebooks on this machine."""
        ask_connect(self.app, self.app.cluster(self._lease))

    @on(LiveTable.Selected, "#cluster-jobs")
    def _open_job(self) -> None:
        self.action_logs()

    @on(LiveTable.Highlighted, "#cluster-workers")
    def _explain(self) -> None:
        worker = self._selected_worker()
        if worker:
            self.query_one("#worker-detail", Static).update(_worker_detail(worker))

    def _selected_worker(self) -> WorkerLine | None:
        cluster, key = self.app.cluster(self._lease), self.query_one("#cluster-workers", LiveTable).selected
        return next((worker for worker in cluster.workers if str(worker.index) == key), None) if cluster else None

    def _selected_job(self) -> Job | None:
        cluster, key = self.app.cluster(self._lease), self.query_one("#cluster-jobs", LiveTable).selected
        return next((job for job in cluster.jobs if job.job == key), None) if cluster else None

    def _draw(self) -> None:
        cluster, view = self.app.cluster(self._lease), self.app.view
        if cluster is None or view is None:
            return
        head = Text.assemble(
            (cluster.name, "bold"), "  ", state(cluster.state), f"  {cluster.sentence}", (f" {cluster.changing}", COIN)
        )
        self.query_one("#cluster-head", Static).update(head)
        self.query_one("#cluster-facts", Static).update(_facts(cluster, view.now))
        self.query_one("#cluster-workers", LiveTable).show(rows([_worker_row(worker) for worker in cluster.workers]))
        jobs = sorted(cluster.jobs, key=lambda job: -job.started_at)
        self.query_one("#cluster-jobs", LiveTable).show(rows([_job_row(job, view.now) for job in jobs]))
        self.set_class(not jobs, "-jobless")
        self._explain()


def _facts(cluster: ClusterLine, now: int) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=DIM, no_wrap=True)
    table.add_column()
    table.add_row("Spent", spent_of(cluster, 20).append(" SPARE", DIM))
    rate = f"at most {spare(3600 * cluster.rate, digits=4)} an hour"
    table.add_row("Time left", Text.assemble((time_left(cluster, now), "bold"), (f"   {rate}", DIM)))
    table.add_row("Settlement", Text(settlement(cluster)))
    table.add_row("Spark page", Text(cluster.screen) if cluster.screen else Text("none while no master runs", DIM))
    return table


def _worker_row(worker: WorkerLine) -> tuple[str, tuple[Text, ...]]:
    cells = (
        number(str(worker.index)),
        cell(worker.donor_name, "bold"),
        state(worker.state),
        number(span(worker.served_s)),
        number(coins(worker.vouched), COIN),
        cell(worker.sentence),
    )
    return str(worker.index), cells


def _worker_detail(worker: WorkerLine) -> Text:
    paid = f", {spare(worker.paid, digits=4)} of it paid out" if worker.paid else ""
    return Text.assemble(
        (f"{worker.donor_name}: ", "bold"),
        f"{resources_text(worker.resources)}, {spare(worker.vouched, digits=4)} earned{paid}. ",
        worker.sentence,
        "\n",
        (worker.donor, DIM),
    )


def _job_row(job: Job, now: int) -> tuple[str, tuple[Text, ...]]:
    took = span((job.ended_at or now) - job.started_at)
    cells = (cell(job.job, "bold"), state(job.state, working=True), number(took), cell(job.cause))
    return job.job, cells
