"""What a key does to a cluster, the same from every screen: ask first, call the agent, say how it went."""

from collections.abc import Callable

from core.change import Change, ChangeKind
from core.lease import PartState, RentalPhase
from core.observed import Job
from core.view import ClusterLine, WorkerLine, spare
from renter_tui.live import LiveApp
from renter_tui.screens.change import ChangeDialog, Wanted
from renter_tui.screens.confirm import ConfirmDialog, Question
from renter_tui.screens.launch import LaunchDialog
from renter_tui.screens.logs import LogsScreen
from renter_tui.screens.money import MoneyDialog, Payment
from renter_tui.screens.submit import Submission, SubmitDialog
from renter_tui.widgets.words import count, locked


def ask_launch(app: LiveApp, then: Callable[[ClusterLine | None], None]) -> None:
    """Describe and launch a cluster; `then` gets it, or None where nothing was launched."""
    app.push_screen(LaunchDialog(), then)


def ask_destroy(app: LiveApp, cluster: ClusterLine | None) -> None:
    """End a cluster, once the person has said so."""
    if cluster is None or cluster.ended:
        app.notify("Select a cluster that is live first.", title="Nothing to destroy", markup=False)
        return

    def answered(yes: bool | None) -> None:
        if yes:
            app.run_worker(_destroy(app, cluster.name), group="destroy")

    workers = count(len(cluster.workers), "worker")
    question = Question(
        f"Destroy {cluster.name}?",
        f"Its {workers} and every running job stop, and files on it are lost. Donors are paid for the seconds they "
        f"served ({spare(cluster.spent, digits=4)} so far); the rest of the deposit comes back to you "
        f"(up to {spare(locked(cluster), digits=4)}).",
        no="No, keep it",
        yes="Yes, destroy it",
    )
    app.push_screen(ConfirmDialog(question), answered)


def ask_change(app: LiveApp, cluster: ClusterLine | None, kind: ChangeKind) -> None:
    """Make a cluster larger, smaller or longer, once the person has seen what that means."""
    if cluster is None or cluster.state != RentalPhase.RUNNING:
        app.notify("Select a cluster that runs first.", title="Nothing to change", markup=False)
        return

    def described(wanted: Wanted | None) -> None:
        if wanted:
            _ask_to_pay(app, cluster.name, wanted)

    app.push_screen(ChangeDialog(cluster, kind), described)


def ask_replace(app: LiveApp, cluster: ClusterLine | None, worker: WorkerLine | None) -> None:
    """Lease another machine for a worker, once the person has seen what that means."""
    if cluster is None or worker is None or worker.state != PartState.SERVING:
        app.notify("Select a worker that serves first.", title="Nobody to replace", markup=False)
        return
    app.run_worker(_look_at_replacement(app, cluster.name, worker.index), group="change")


def ask_submit(app: LiveApp, cluster: ClusterLine | None) -> None:
    """Run a program on a cluster."""
    if cluster is None or cluster.ended:
        app.notify("Select a cluster that is live first.", title="Nowhere to submit to", markup=False)
        return

    def answered(submission: Submission | None) -> None:
        if submission:
            app.run_worker(_submit(app, cluster.name, submission), group="submit")

    app.push_screen(SubmitDialog(cluster.name), answered)


def open_logs(app: LiveApp, cluster: ClusterLine | None, job: Job | None) -> None:
    """Follow a job's output."""
    if cluster is None or job is None:
        app.notify("Submit a program with s first.", title="No job to show logs of", markup=False)
        return
    app.push_screen(LogsScreen(cluster.name, job))


def ask_connect(app: LiveApp, cluster: ClusterLine | None) -> None:
    """Open a cluster to notebooks and PySpark on this machine; its address goes to the clipboard."""
    if cluster is None or cluster.state != RentalPhase.RUNNING:
        app.notify("Select a cluster that runs first.", title="Nothing to connect to", markup=False)
        return
    app.notify("Starting Spark Connect.", markup=False)
    app.run_worker(_connect(app, cluster.name), group="connect")


async def _connect(app: LiveApp, name: str) -> None:
    with app.reporting():
        endpoint = await app.agent.connect(name)
        app.copy_to_clipboard(endpoint.url)
        app.notify(
            "Its address is on the clipboard, with the token that is its password: set SPARK_REMOTE to it.",
            title=f"{name} answers to Spark Connect",
            timeout=12,
            markup=False,
        )


async def _look_at_replacement(app: LiveApp, name: str, worker: int) -> None:
    with app.reporting():
        change = Change(ChangeKind.REPLACE, worker=worker)
        _ask_to_pay(app, name, Wanted(change, await app.agent.preview(name, change)))


def _ask_to_pay(app: LiveApp, name: str, wanted: Wanted) -> None:
    def answered(yes: bool | None) -> None:
        if yes:
            app.run_worker(_change(app, name, wanted), group="change")

    preview = wanted.preview
    if preview.most:
        app.push_screen(
            MoneyDialog(Payment(f"Change {name}?", preview.sentence, name, preview.most), app.view), answered
        )
    else:
        question = Question(f"Change {name}?", preview.sentence, no="No, leave it", yes="Yes, change it")
        app.push_screen(ConfirmDialog(question), answered)


async def _change(app: LiveApp, name: str, wanted: Wanted) -> None:
    with app.reporting():
        await app.agent.change(name, wanted.change, most=wanted.preview.most or None)
        app.notify(f"{name} is being changed; its screen shows how far it is.", markup=False)


async def _destroy(app: LiveApp, name: str) -> None:
    with app.reporting():
        await app.agent.destroy(name)
        app.notify(f"{name} is being ended; its settlement shows under Clusters.", markup=False)


async def _submit(app: LiveApp, name: str, submission: Submission) -> None:
    with app.reporting():
        job = await app.agent.submit(
            name, submission.program, submission.arguments, submission.inputs, submission.extras
        )
        app.notify(f"{job.job} runs on {name}; l shows its output.", title="Submitted", markup=False)
