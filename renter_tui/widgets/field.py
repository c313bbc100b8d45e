"""A labelled line of a form."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label


class Field(Horizontal):
    """A label, an input with `name` as its id, and a unit behind it."""

    def __init__(self, label: str, name: str, *, value: str = "", placeholder: str = "", unit: str = "") -> None:
        super().__init__()
        self._label, self._unit = label, unit
        # A cursor that blinks asks the terminal to redraw twice a second for nothing.
        self._input = Input(value, placeholder=placeholder, id=name, compact=True)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield Label(self._label, classes="label", markup=False)
        yield self._input
        yield Label(self._unit, classes="unit", markup=False)
