"""The demo's live progress: a line a stage, spinning while it lasts, with its seconds once it is over."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from renter_tui.demo.report import Phase


class Stages:
    """Prints to a terminal in place, elsewhere a line at each stage's end; `phases` keeps the times."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._note = ""
        self._name = ""
        self._began = 0.0
        self._phases: list[Phase] = []
        self._notes: list[str] = []

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The stages that are over, in their order."""
        return tuple(self._phases)

    def note(self, sentence: str) -> None:
        """What the stage is doing right now; the last one stays beside its time."""
        self._note = sentence

    def show(self, text: str) -> None:
        """Print something between the stages."""
        self._console.print(text, highlight=False, markup=False)

    @contextmanager
    def stage(self, name: str) -> Generator[None]:
        """One stage. A failure is shown as such and passes on."""
        self._name, self._note, self._began = name, "", time.monotonic()
        spinner = Spinner("dots")
        with Live(
            get_renderable=lambda: self._line(spinner), console=self._console, refresh_per_second=8, transient=True
        ):
            try:
                yield
            except BaseException:
                self._console.print(self._line(Text("✗", style="bold red")), highlight=False)
                raise
        self._phases.append(Phase(name, round(time.monotonic() - self._began, 2)))
        self._console.print(self._line(Text("✓", style="bold green")), highlight=False)

    def _line(self, mark: Spinner | Text) -> Table:
        line = Table.grid(padding=(0, 1))
        line.add_column(width=1)
        line.add_column(width=34, no_wrap=True)
        line.add_column(width=8, justify="right", no_wrap=True)
        line.add_column(overflow="ellipsis", no_wrap=True, max_width=70)
        line.add_row(mark, self._name, f"{time.monotonic() - self._began:.1f} s", Text(self._note, style="dim"))
        return line
