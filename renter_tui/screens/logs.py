"""A job's output, followed as it is written, under how far the job is."""

import asyncio
import codecs
import re
from dataclasses import replace
from typing import ClassVar, Final

from rich.text import Text
from textual import getters, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widgets import Footer, Log, Static

from core.errors import SparecloudError
from core.observed import Job, JobState, Progress
from renter_tui.live import LiveApp
from renter_tui.widgets.banner import Banner
from renter_tui.widgets.palette import DIM
from renter_tui.widgets.words import count, printable, progress_text, state

_LOOK_EVERY_S: Final = 1.0
_MOST_STAGES: Final = 3
_BAR: Final = 24
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
        self._told: Progress | None = None

    def compose(self) -> ComposeResult:
        """A headline, how far the job is, and the lines."""
        yield Static(id="log-head", markup=False)
        yield Static(id="log-progress", markup=False)
        yield Banner(markup=False)
        yield Log(max_lines=_MOST_LINES, auto_scroll=True)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Start to follow."""
        self.watch(self.app, "view", self._draw)
        self.query_one(Log).focus()
        self._stream()
        self._follow()

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

    @work(exclusive=True, group="progress")
    async def _follow(self) -> None:
        """Ask how far the job is, once a second while it runs and this screen is the one that is seen."""
        while self._newest().state is JobState.RUNNING and not self._over:
            if self.is_current:
                try:
                    self._told = await self.app.agent.progress(self._cluster, self._job.job)
                except SparecloudError:
                    # The output's stream meets it, too, and says so; it may be well again at the next look.
                    self._told = None
                self._draw()
            await asyncio.sleep(_LOOK_EVERY_S)

    def _newest(self) -> Job:
        """The job as the view has it by now."""
        view, job = self.app.view, self._job
        for cluster in view.clusters if view else ():
            for newer in cluster.jobs:
                if (newer.lease, newer.job) == (job.lease, job.job):
                    return newer
        return job

    def _draw(self) -> None:
        job = self._newest()
        head = Text.assemble((job.job, "bold"), (f" on {self._cluster}  ", DIM), state(job.state, working=True))
        if job.cause and job.state is JobState.FAILED:
            head.append(f"  {job.cause}")
        if self._over:
            head.append("  that is all of it", DIM)
        self.query_one("#log-head", Static).update(head)
        shown = self._told if job.state is JobState.RUNNING and not self._over else None
        steps = self.query_one("#log-progress", Static)
        steps.display = shown is not None
        if shown:
            steps.update(bars(shown))


def bars(told: Progress) -> Text:
    """How far a job is: in words, then a bar for each of the first stages that run.

    A bar is filled by what is done; what runs is half filled.
    """
    if not told.stages:
        return Text(progress_text(told))
    text = Text(progress_text(replace(told, stages=())))
    for stage in told.stages[:_MOST_STAGES]:
        tasks = max(stage.tasks, 1)
        done = min(_BAR * stage.done // tasks, _BAR)
        running = min(_BAR * (stage.done + stage.running) // tasks, _BAR) - done
        text.append(f"\nstage {stage.number:<3} ")
        text.append("━" * done, "bold").append("╍" * running).append("─" * (_BAR - done - running), DIM)
        text.append(f" {stage.done:,}/{stage.tasks:,}").append(f"  {printable(stage.name)}", DIM)
    if len(told.stages) > _MOST_STAGES:
        text.append(f"\nand {count(len(told.stages) - _MOST_STAGES, 'stage')} more", DIM)
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def plain(line: str) -> str:
    """`line` without what a terminal would act on: a program's output comes from strangers' machines."""
    text = _ESCAPES.sub("", line.rstrip("\r").rpartition("\r")[2]).expandtabs()
    return "".join(char if char.isprintable() else "·" for char in text[:_LONGEST_LINE])
