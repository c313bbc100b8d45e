"""A pane of the home screen: one line that sums up, a table with a filter, one line on the row under the cursor."""

from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from core.view import RenterView
from renter_tui.live import LiveApp
from renter_tui.widgets.live_table import Column, LiveTable, Rows
from renter_tui.widgets.palette import COIN


class TablePane(Vertical):
    """What the market and the clusters have in common; each says what its rows and sentences are."""

    COLUMNS: ClassVar[tuple[Column, ...]] = ()
    EMPTY: ClassVar[str] = ""
    HINT: ClassVar[str] = "Type to filter; Enter keeps it, Esc clears it"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", "Clear filter", show=False)]

    app = getters.app(LiveApp)
    filter = ""

    def compose(self) -> ComposeResult:
        """Top to bottom; the filter is hidden until it is asked for."""
        yield Static(classes="summary", markup=False)
        yield LiveTable(self.COLUMNS, id=f"{self.id}-table")
        yield Static(classes="empty", markup=False)
        yield Static(classes="detail", markup=False)
        yield Input(placeholder=self.HINT, classes="filter", compact=True)

    def on_mount(self) -> None:
        """Follow the application's view."""
        self.watch(self.app, "view", self.draw)

    @property
    def table(self) -> LiveTable:
        """The pane's table."""
        return self.query_one(LiveTable)

    def rows(self, view: RenterView, filter: str) -> tuple[Rows, int]:
        """The table's rows that `filter` takes (an empty one takes all), and how many there are."""
        raise NotImplementedError

    def summary(self, view: RenterView) -> Text:
        """All rows in one line."""
        raise NotImplementedError

    def detail(self, view: RenterView, key: str) -> Text:
        """The row under the cursor in a sentence."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw the newest view."""
        view, table = self.app.view, self.table
        if view is None:
            self._describe("Waiting for the background agent's first word…")
            return
        rows, of = self.rows(view, self.filter)
        table.show(rows)
        filtered = Text(f"filter: {self.filter} · {len(rows.keys):,} of {of:,} shown · Esc clears it", COIN)
        self.query_one(".summary", Static).update(filtered if self.filter else self.summary(view))
        self._describe(f"Nothing here matches “{self.filter}”. Esc clears the filter." if self.filter else self.EMPTY)

    def focus_table(self) -> None:
        """Take the keyboard."""
        self.table.focus()

    def ask_filter(self) -> None:
        """Open the filter's line."""
        line = self.query_one(".filter", Input)
        line.add_class("-shown")
        line.focus()

    def action_clear_filter(self) -> None:
        """Show all rows again."""
        line = self.query_one(".filter", Input)
        line.value = ""
        line.remove_class("-shown")
        self.filter = ""
        self.draw()
        self.focus_table()

    @on(Input.Changed, ".filter")
    def _narrow(self, event: Input.Changed) -> None:
        self.filter = event.value.strip().lower()
        self.draw()

    @on(Input.Submitted, ".filter")
    def _keep(self, event: Input.Submitted) -> None:
        event.input.remove_class("-shown")
        self.focus_table()

    @on(LiveTable.Highlighted)
    def _explain(self) -> None:
        view, key = self.app.view, self.table.selected
        if view is not None and key is not None:
            self.query_one(".detail", Static).update(self.detail(view, key))

    def _describe(self, otherwise: str) -> None:
        """The selected row's sentence, or the empty table's."""
        empty = self.table.selected is None
        self.set_class(empty, "-empty")
        self.query_one(".empty", Static).update(otherwise)
        self._explain()
