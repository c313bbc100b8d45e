"""A question before something that cannot be undone: No is the default, and no single key says yes."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, what follows from yes, and the words on the buttons."""

    title: str
    consequences: str
    no: str
    yes: str


class ConfirmDialog(ModalScreen[bool]):
    """Answers True for yes alone."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "No"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """The question, then No beside Yes."""
        with Vertical(classes="dialog narrow") as dialog:
            dialog.border_title = self._question.title.replace("[", "\\[")
            yield Static(self._question.consequences, classes="sentence", markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._question.no, id="no", compact=True)
                yield Button(self._question.yes, id="yes", compact=True, variant="error")
            yield Static("Tab or arrows move, Enter chooses, Esc is No", classes="keys", markup=False)

    def on_mount(self) -> None:
        """No has the keyboard."""
        self.query_one("#no", Button).focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
