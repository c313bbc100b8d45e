"""`plan` and `apply`: a cluster as a file describes it."""

from pathlib import Path

import click

from core.change import Change, ChangeKind
from core.errors import InvalidInput
from core.view import ClusterLine
from renter_tui import clusterfile
from renter_tui.clusterfile import ClusterFile, Difference
from renter_tui.commands.change import changed
from renter_tui.commands.cluster import launched
from renter_tui.commands.market import quote_text, quoted
from renter_tui.commands.shell import Shell, json_option, pass_shell, yes_option
from renter_tui.commands.tables import table

_file = click.argument(
    "path", required=False, default=clusterfile.FILE_NAME, type=click.Path(path_type=Path), metavar="[FILE]"
)
_HOW = {"resize": "in place", "extend": "in place", "replace": "needs another cluster"}


@click.command()
@_file
@json_option
@pass_shell
def plan(shell: Shell, path: Path) -> None:
    """Check a cluster.toml, and say what `apply` would do about it: nothing, a change, or a launch with its quote.

    \b
    sparecloud plan cluster.toml
    """
    file = clusterfile.read(path)
    line = _live(shell, file)
    if line is None:
        answer, names = quoted(shell, file.request)
        text = f"{file.name} does not run: `sparecloud apply {path}` would launch it.\n\n{quote_text(answer, names)}"
        shell.show({"name": file.name, "running": False, "quote": answer, "differences": []}, text)
        return
    found = clusterfile.differences(line, file.request)
    shell.show({"name": file.name, "running": True, "quote": None, "differences": found}, _told(file, found))


@click.command()
@_file
@yes_option
@json_option
@pass_shell
def apply(shell: Shell, path: Path, yes: bool) -> None:
    """Make a cluster as a cluster.toml describes it: launch it, or resize and extend the one that runs.

    \b
    sparecloud apply cluster.toml --yes
    """
    file = clusterfile.read(path)
    line = _live(shell, file)
    if line is None:
        line = launched(shell, file.name, file.request, yes)
        shell.show(line, f"{line.sentence}\nNext: sparecloud submit {file.name} job.py")
        return
    found = clusterfile.differences(line, file.request)
    fixed = [each for each in found if each.how == "replace"]
    if fixed:
        raise InvalidInput(
            f"{file.name} cannot become what {path} says: {', '.join(each.what for each in fixed)} cannot be changed "
            "about a cluster that runs.",
            f"Change the file's name for another cluster, or `sparecloud destroy {file.name}` first.",
        )
    for each in found:
        if each.how == "resize":
            line = changed(shell, file.name, Change(ChangeKind.RESIZE, workers=file.request.workers), yes)
        else:
            more_s = file.request.duration_s - (line.ends_at - line.opened_at)
            line = changed(shell, file.name, Change(ChangeKind.EXTEND, seconds=more_s), yes)
    shell.show(line, f"{file.name} is as {path} says. {line.sentence}")


def _live(shell: Shell, file: ClusterFile) -> ClusterLine | None:
    view = shell.ask(lambda agent: agent.view())
    return next((line for line in view.clusters if line.name == file.name and not line.ended), None)


def _told(file: ClusterFile, found: tuple[Difference, ...]) -> str:
    if not found:
        return f"{file.name} is as {file.path} says: nothing is to be done."
    rows = [(each.what, each.now, each.wanted, _HOW[each.how]) for each in found]
    return f"{file.name} runs, and {file.path} says otherwise:\n{table(('WHAT', 'NOW', 'WANTED', 'HOW'), rows)}"
