"""A job's output, followed as it is written."""

import codecs
import re
from typing import ClassVar, Final

from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Log, Static

from core.observed import Job, JobState
from renter_tui.live import LiveApp
from renter_tui.widgets.banner import Banner
from renter_tui.widgets.palette import DIM
from renter_tui.widgets.words import state

_MOST_LINES: Final = 20_000
_LONGEST_LINE: Final = 8_192
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


class LogsScreen(Screen[None]):
    """The last 20,000 lines; follows the end unless the person has scrolled up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("end,G", "follow_end", "Follow the end", key_display="End"),
    ]

    app = getters.app(LiveApp)

    def __init__(self, cluster: str, job: Job) -> None:
        super().__init__()
        self._cluster, self._job = cluster, job
        self._over = False

    def compose(self) -> ComposeResult:
        """A headline and the lines."""
        yield Static(id="log-head", markup=False)
        yield Banner(markup=False)
        yield Log(max_lines=_MOST_LINES, auto_scroll=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start to follow."""
        self.watch(self.app, "view", self._draw)
        self.query_one(Log).focus()
        self._stream()

    def action_follow_end(self) -> None:
        """Go to the newest line and stay there."""
        self.query_one(Log).scroll_end(animate=False)

    @work(exclusive=True)
    async def _stream(self) -> None:
        log, decoder, rest = self.query_one(Log), codecs.getincrementaldecoder("utf-8")("replace"), ""
        with self.app.reporting():
            async for chunk in self.app.agent.logs(self._cluster, self._job.job, follow=True):
                *lines, rest = (rest + decoder.decode(chunk)).split("\n")
                if len(rest) > _LONGEST_LINE:
                    lines, rest = [*lines, rest], ""
                log.write_lines([plain(line) for line in lines])
        if rest:
            log.write_line(plain(rest))
        self._over = True
        self._draw()

    def _draw(self) -> None:
        job, view = self._job, self.app.view
        for cluster in view.clusters if view else ():
            for newer in cluster.jobs:
                if (newer.lease, newer.job) == (job.lease, job.job):
                    job = newer
        head = Text.assemble((job.job, "bold"), (f" on {self._cluster}  ", DIM), state(job.state, working=True))
        if job.cause and job.state is JobState.FAILED:
            head.append(f"  {job.cause}")
        if self._over:
            head.append("  that is all of it", DIM)
        self.query_one("#log-head", Static).update(head)


def plain(line: str) -> str:
    """`line` without what a terminal would act on: a program's output comes from strangers' machines."""
    text = _ESCAPES.sub("", line.rstrip("\r").rpartition("\r")[2]).expandtabs()
    return "".join(char if char.isprintable() else "·" for char in text[:_LONGEST_LINE])
