"""A table drawn from views: only what is seen is made, the cursor stays on its row, columns fill the width.

Textual's DataTable makes every row beforehand: ten thousand offers that change each second would freeze it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

_PADDING = 1
_SCROLLBAR = 1
_HEADER = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column: at least `width` cells wide, `stretch` parts of the room to spare; hidden below `from_width`."""

    title: str
    width: int
    stretch: int = 0
    right: bool = False
    from_width: int = 0


@dataclass(frozen=True, slots=True)
class Rows:
    """What to show: `keys` are the rows' identities across views, `make` gives one cell a column of the row at a place.

    `make` is called for rows that are seen, and each time they are drawn.
    """

    keys: Sequence[str] = ()
    make: Callable[[int], tuple[Text, ...]] = lambda _: ()


def rows(made: Sequence[tuple[str, tuple[Text, ...]]]) -> Rows:
    """A few rows, each a key and its cells."""
    return Rows([key for key, _ in made], lambda place: made[place][1])


class LiveTable(ScrollView, can_focus=True):
    """Rows by key. `show` draws; `selected` is the key under the cursor, which follows its row wherever it goes."""

    class Highlighted(Message):
        """The cursor is on another row, or on none."""

        def __init__(self, table: "LiveTable") -> None:
            super().__init__()
            self.table = table

        @property
        def control(self) -> "LiveTable":
            """Whose cursor it is."""
            return self.table

    class Selected(Highlighted):
        """The row under the cursor was chosen, with Enter or a click."""

    DEFAULT_CSS: ClassVar[str] = "LiveTable { width: 100%; overflow-x: hidden; scrollbar-size-vertical: 1; }"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--header", "table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000000)", show=False),
        Binding("end", "move(1000000000)", show=False),
        Binding("enter", "choose", show=False),
    ]

    cursor: reactive[int] = reactive(0)

    def __init__(self, columns: Sequence[Column], *, id: str) -> None:
        super().__init__(id=id)
        self._specs = tuple(columns)
        self._rows = Rows()
        self._widths: tuple[int, ...] = ()
        self._key: str | None = None
        self._wanted = ""

    @property
    def selected(self) -> str | None:
        """The key of the row under the cursor; None in an empty table."""
        return self._rows.keys[self.cursor] if self.cursor < len(self) else None

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self._rows.keys)

    def __bool__(self) -> bool:
        """A table without rows is a table."""
        return True

    def cells(self, place: int) -> tuple[Text, ...]:
        """The cells of the row at `place`, as they are drawn."""
        return self._rows.make(place)

    def show(self, rows: Rows) -> None:
        """Draw `rows`, in their order; the cursor stays on its key, or near where it was."""
        before, self._rows = self._key, rows
        resized = self.virtual_size.height != len(self) + _HEADER
        self.virtual_size = Size(self.size.width, len(self) + _HEADER)
        wanted = self._wanted or before
        if self.selected != wanted or self._wanted:
            place = rows.keys.index(wanted) if wanted in rows.keys else None
            if place is not None:
                self._wanted = ""
            self._put(place if place is not None else min(self.cursor, max(0, len(self) - 1)))
        self._key = self.selected
        if self._key != before:
            self.post_message(self.Highlighted(self))
        # A table as high as its rows is laid out anew; any other is only drawn.
        self.refresh(layout=resized and self.styles.is_auto_height)

    def select(self, key: str) -> None:
        """Put the cursor on `key`, now or once it is shown."""
        self._wanted = key
        self.show(self._rows)

    def action_move(self, rows: int) -> None:
        """Move the cursor."""
        if len(self):
            self._put(max(0, min(len(self) - 1, self.cursor + rows)))

    def action_page(self, pages: int) -> None:
        """Move the cursor by as many rows as are seen."""
        self.action_move(pages * max(1, self.size.height - _HEADER - 1))

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.selected is not None:
            self.post_message(self.Selected(self))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As high as its rows, where the layout asks."""
        return len(self) + _HEADER

    def on_resize(self, event: Resize) -> None:
        """Share the new width among the columns."""
        self._widths = self._share(event.size.width)
        self.virtual_size = Size(event.size.width, len(self) + _HEADER)
        self.refresh()

    def on_click(self, event: Click) -> None:
        """Put the cursor on a row; choose it where it was on it already."""
        y = self.scroll_offset.y + event.y - _HEADER
        if event.y < _HEADER or y >= len(self):
            return
        if y == self.cursor:
            self.action_choose()
        else:
            self._put(y)

    def render_line(self, y: int) -> Strip:
        """One line of what is seen: the titles, then rows from where it is scrolled to."""
        if y < _HEADER:
            return self._line(
                [Text(spec.title) for spec in self._specs], self.get_component_rich_style("table--header")
            )
        row = self.scroll_offset.y + y - _HEADER
        if row >= len(self):
            return Strip.blank(self.size.width, self.rich_style)
        on_it = row == self.cursor
        style = self.get_component_rich_style("table--cursor") if on_it else self.rich_style
        return self._line(self._rows.make(row), style)

    def watch_cursor(self) -> None:
        """Say who is under the cursor now."""
        self._key = self.selected
        self.post_message(self.Highlighted(self))
        self.refresh()

    def _put(self, row: int) -> None:
        self.cursor = row
        height = self.size.height - _HEADER
        top = self.scroll_offset.y
        if height > 0 and not top <= row < top + height:
            self.scroll_to(y=row if row < top else row - height + 1, animate=False, force=True)

    def _line(self, cells: Sequence[Text], style: Style) -> Strip:
        console, segments = self.app.console, []
        space = Segment(" " * _PADDING, style)
        for spec, width, cell in zip(self._specs, self._widths, cells, strict=bool(self._widths)):
            if not width:
                continue
            text = cell.copy()
            text.truncate(width, overflow="ellipsis")
            text.align("right" if spec.right else "left", width)
            own = style + console.get_style(text.style)
            segments += [space, *Segment.apply_style(text.render(console), own), space]
        return Strip(segments).adjust_cell_length(self.size.width, style)

    def _share(self, width: int) -> tuple[int, ...]:
        """Column widths for a table `width` cells wide; 0 hides a column."""
        shown = [spec.width if width >= spec.from_width else 0 for spec in self._specs]
        spare = max(0, width - _SCROLLBAR - sum(cells + 2 * _PADDING for cells in shown if cells))
        parts = sum(spec.stretch for spec, cells in zip(self._specs, shown, strict=True) if cells)
        for column, spec in enumerate(self._specs):
            if shown[column] and spec.stretch:
                # What is left is shared among the columns that are left, so nothing is lost to rounding.
                extra = spare * spec.stretch // parts
                shown[column] += extra
                spare, parts = spare - extra, parts - spec.stretch
        return tuple(shown)
