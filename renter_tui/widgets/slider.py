"""A labelled slider of a form: left and right move it, Home and End go to its ends."""

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Label

_STEP = 5
_CELLS = 9


class SliderBar(Widget, can_focus=True):
    """From 0 to 100 percent; posts Changed whenever it moves. Its value is shown as a number too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Less"),
        Binding("right", "move(1)", "More"),
        Binding("home", "move(-100)", show=False),
        Binding("end", "move(100)", show=False),
        Binding("enter", "app.focus_next", show=False),
    ]

    percent: reactive[int] = reactive(0)

    class Changed(Message):
        """The slider was moved by the person."""

    def __init__(self, name: str, percent: int, low: str, high: str) -> None:
        super().__init__(id=name)
        self.set_reactive(SliderBar.percent, percent)
        self._low, self._high = low, high

    @property
    def value(self) -> str:
        """The percent as typed into a form."""
        return str(self.percent)

    def render(self) -> Text:
        """The track, the knob and where it stands, in words at the ends."""
        knob = (self.percent * (_CELLS - 1) + 50) // 100
        words = {0: self._low, 100: self._high}.get(self.percent, f"{self.percent} %")
        rest = "─" * (_CELLS - 1 - knob)
        return Text.assemble("─" * knob, ("●", "bold reverse" if self.has_focus else "bold"), rest, " ", words)

    def action_move(self, steps: int) -> None:
        """Move by so many steps, to the end at most."""
        self._go(self.percent + _STEP * steps)

    def on_click(self, event: Click) -> None:
        """Move to where the track was clicked."""
        if event.x < _CELLS:
            self._go(round(event.x * 100 / (_CELLS - 1) / _STEP) * _STEP)

    def _go(self, percent: int) -> None:
        percent = max(0, min(100, percent))
        if percent != self.percent:
            self.percent = percent
            self.post_message(self.Changed())


class Slider(Horizontal):
    """A label and a slider with `name` as its id."""

    def __init__(self, label: str, name: str, *, value: int, low: str, high: str) -> None:
        super().__init__()
        self._label, self._bar = label, SliderBar(name, value, low, high)

    def compose(self) -> ComposeResult:
        """Side by side."""
        yield Label(self._label, classes="label", markup=False)
        yield self._bar
