"""The dialog that makes a cluster larger, smaller or longer: what it would mean is shown while it is typed."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.change import Change, ChangeKind, Preview
from core.errors import InvalidInput, SparecloudError
from core.parsing import duration_s
from core.view import ClusterLine
from renter_tui.live import LiveApp
from renter_tui.widgets.field import Field
from renter_tui.widgets.quote_text import placement
from renter_tui.widgets.words import serving

_TYPING_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change, and what the person was told that it would mean."""

    change: Change
    preview: Preview


class ChangeDialog(ModalScreen[Wanted | None]):
    """Answers what is wanted, or None. `kind` is RESIZE or EXTEND: one thing at a time."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    app = getters.app(LiveApp)

    def __init__(self, cluster: ClusterLine, kind: ChangeKind) -> None:
        super().__init__()
        self._cluster = cluster
        self._kind = kind
        self._preview: Preview | None = None

    def compose(self) -> ComposeResult:
        """One field, what it means, two buttons."""
        resizes = self._kind is ChangeKind.RESIZE
        with Vertical(classes="dialog medium") as dialog:
            dialog.border_title = f"{'Resize' if resizes else 'Extend'} {self._cluster.name}".replace("[", "\\[")
            if resizes:
                yield Field("Workers", "wanted", value=serving(self._cluster).partition("/")[0], unit="in all")
            else:
                yield Field("More time", "wanted", value="1h", unit="30m, 2h, 1h30m")
            yield Static("Asking the market…", id="meaning", classes="sentence", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Continue", id="go", compact=True, variant="primary", disabled=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """The field has the keyboard; its first value is asked about."""
        self.query_one("#wanted", Input).focus()
        self._look()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._look()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.dismiss(None)

    @on(Button.Pressed, "#go")
    def _go(self) -> None:
        if self._preview is not None:
            self.dismiss(Wanted(self._preview.change, self._preview))

    @work(exclusive=True, group="preview")
    async def _look(self) -> None:
        self._show(None)
        await asyncio.sleep(_TYPING_S)
        try:
            preview = await self.app.agent.preview(self._cluster.name, self._change())
        except SparecloudError as error:
            self.query_one("#meaning", Static).update(f"▲ {error.title}\n{error.hint}".rstrip())
            return
        self._show(preview)

    def _show(self, preview: Preview | None) -> None:
        self._preview = preview
        self.query_one("#go", Button).disabled = preview is None
        if preview is None:
            self.query_one("#meaning", Static).update("Asking the market…")
            return
        where = f"\n{placement(preview.quote, self.app.view)}" if preview.quote else ""
        leaving = ", ".join(map(str, preview.leaving))
        who = f"\nWorker {leaving} leaves." if len(preview.leaving) == 1 else f"\nWorkers {leaving} leave."
        self.query_one("#meaning", Static).update(f"{preview.sentence}{where}{who if leaving else ''}")

    def _change(self) -> Change:
        typed = self.query_one("#wanted", Input).value.strip()
        try:
            if self._kind is ChangeKind.EXTEND:
                return Change(ChangeKind.EXTEND, seconds=duration_s(typed))
            if not typed.isdecimal() or len(typed) > 6:
                raise InvalidInput("Type how many workers there should be in all.", "A whole number, like 4.")
            return Change(ChangeKind.RESIZE, workers=int(typed))
        except ValueError as problem:
            raise InvalidInput(f"{str(problem)[:1].upper()}{str(problem)[1:]}.") from problem
