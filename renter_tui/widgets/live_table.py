"""A table drawn from views: same rows change in place, the cursor stays on its row, columns fill the width."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.coordinate import Coordinate
from textual.events import Resize
from textual.widgets import DataTable

_GUTTER = 2
_SCROLLBAR = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column: at least `width` cells wide, `stretch` parts of the room to spare; hidden below `from_width`."""

    title: str
    width: int
    stretch: int = 0
    right: bool = False
    from_width: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row: `key` is its identity across views, one cell a column, and what the filter looks in."""

    key: str
    cells: tuple[Text, ...]
    words: str = ""


class LiveTable(DataTable[Text]):
    """Rows by key. `show` draws; `filter` hides rows whose words lack it; `selected` is the key under the cursor."""

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:
        super().__init__(id=id, cursor_type="row", cursor_foreground_priority="renderable")
        self._specs = tuple(columns)
        self._all: tuple[Row, ...] = ()
        self._shown: tuple[Row, ...] = ()
        self._widths: tuple[int, ...] = ()
        self._wanted = ""
        self.filter = ""

    @property
    def selected(self) -> str | None:
        """The key of the row under the cursor; None in an empty table."""
        return self._shown[self.cursor_row].key if 0 <= self.cursor_row < len(self._shown) else None

    def show(self, rows: Sequence[Row]) -> None:
        """Draw `rows`, in their order."""
        self._all = tuple(rows)
        self._draw()

    @property
    def counts(self) -> tuple[int, int]:
        """How many rows are shown, of how many."""
        return len(self._shown), len(self._all)

    def narrow(self, text: str) -> None:
        """Show only rows with `text` in their words."""
        self.filter = text.strip().lower()
        self._draw()

    def select(self, key: str) -> None:
        """Put the cursor on `key`, now or once it is shown."""
        self._wanted = key
        self._seek()

    def on_resize(self, event: Resize) -> None:
        """Share the new width among the columns."""
        widths = self._share(event.size.width)
        if widths != self._widths:
            self._widths = widths
            self._rebuild(self._visible())

    def _draw(self) -> None:
        rows = self._visible()
        if not self._widths:
            self._shown = rows
            return
        if [row.key for row in rows] != [row.key for row in self._shown]:
            self._rebuild(rows)
            return
        shown = self._columns_shown()
        for y, (new, old) in enumerate(zip(rows, self._shown, strict=True)):
            for x, column in enumerate(shown):
                cell, drawn = new.cells[column], old.cells[column]
                if cell != drawn or cell.style != drawn.style:
                    self.update_cell_at(Coordinate(y, x), cell)
        self._shown = rows

    def _rebuild(self, rows: tuple[Row, ...]) -> None:
        key, offset, cursor = self.selected, self.scroll_offset, self.cursor_row
        shown = self._columns_shown()
        with self.app.batch_update():
            self.clear(columns=True)
            for column in shown:
                spec = self._specs[column]
                title = Text(spec.title, justify="right" if spec.right else "left", no_wrap=True)
                self.add_column(title, width=self._widths[column])
            for row in rows:
                self.add_row(*(row.cells[column] for column in shown), key=row.key)
            self._shown = rows
            keys = [row.key for row in rows]
            self.move_cursor(row=keys.index(key) if key in keys else min(cursor, max(0, len(rows) - 1)), animate=False)
            self.scroll_to(offset.x, offset.y, animate=False)
        self._seek()

    def _seek(self) -> None:
        keys = [row.key for row in self._shown]
        if self._wanted in keys and self._widths:
            self.move_cursor(row=keys.index(self._wanted), animate=False)
            self._wanted = ""

    def _visible(self) -> tuple[Row, ...]:
        return tuple(row for row in self._all if self.filter in row.words.lower())

    def _columns_shown(self) -> list[int]:
        return [column for column, width in enumerate(self._widths) if width]

    def _share(self, width: int) -> tuple[int, ...]:
        """Column widths for a table `width` cells wide; 0 hides a column."""
        shown = [spec.width if width >= spec.from_width else 0 for spec in self._specs]
        spare = max(0, width - _SCROLLBAR - sum(cells + _GUTTER for cells in shown if cells))
        parts = sum(spec.stretch for spec, cells in zip(self._specs, shown, strict=True) if cells)
        for column, spec in enumerate(self._specs):
            if shown[column] and spec.stretch:
                # What is left is shared among the columns that are left, so nothing is lost to rounding.
                extra = spare * spec.stretch // parts
                shown[column] += extra
                spare, parts = spare - extra, parts - spec.stretch
        return tuple(shown)
