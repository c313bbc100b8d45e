"""The launch form: describe a cluster on the left, read the live quote on the right, pay with one confirmation."""

import asyncio
from typing import ClassVar, Final

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.errors import SparecloudError
from core.quote import Quote, Request, Shortfall
from core.view import ClusterLine
from renter_tui.live import LiveApp
from renter_tui.screens.money import MoneyDialog, Payment
from renter_tui.screens.order import read_order
from renter_tui.widgets.field import Field
from renter_tui.widgets.quote_text import pay_words, placement, quoted, refused
from renter_tui.widgets.slider import Slider, SliderBar
from renter_tui.widgets.words import count

_TYPING_S: Final = 0.25
_AGAIN_S: Final = 5.0
_FIELDS: Final = ("workers", "cores", "memory", "hours", "ceiling")


class LaunchDialog(ModalScreen[ClusterLine | None]):
    """Answers the launched cluster; None where nothing was launched.

    What was confirmed is what the button said: its total goes along, and the agent refuses anything dearer.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Cancel"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    app = getters.app(LiveApp)

    def __init__(self) -> None:
        super().__init__()
        self._quote: Quote | None = None
        self._launching = False

    def compose(self) -> ComposeResult:
        """Form, quote, buttons."""
        with Vertical(classes="dialog wide") as dialog:
            dialog.border_title = "New Spark cluster"
            with Horizontal(id="order"):
                with Vertical(id="form"):
                    yield Field("Name", "name", value=self._free_name())
                    yield Field("Workers", "workers", value="2")
                    yield Field("Cores", "cores", value="1", unit="each")
                    yield Field("Memory", "memory", value="2", unit="GiB each")
                    yield Field("Hours", "hours", value="1")
                    yield Field("Ceiling", "ceiling", placeholder="none", unit="SPARE")
                    yield Slider("Tightness", "tightness", value=10, low="cheapest", high="tightest")
                    yield Static(
                        "You pay for the seconds that workers serve; the rest of the deposit comes back.",
                        classes="note",
                    )
                with VerticalScroll(id="quote", can_focus=False):
                    yield Static("Asking the market…", id="quote-text", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Pay", id="pay", compact=True, variant="success", disabled=True)
                yield Button("Cancel", id="cancel", compact=True)

    def on_mount(self) -> None:
        """Ask for the first quote."""
        self.query_one("#workers", Input).focus()
        self._keep_quoting()

    def action_close(self) -> None:
        """Leave; a launch under way goes on."""
        if self._launching:
            self.app.notify("The launch goes on; its cluster shows under Clusters.", markup=False)
        self.dismiss(None)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        if event.input.id != "name":
            self._ask_anew()

    @on(SliderBar.Changed)
    def _slid(self) -> None:
        self._ask_anew()

    def _ask_anew(self) -> None:
        if not self._launching:
            self._set_quote(None)
            self.query_one("#quote").add_class("-stale")
            self._keep_quoting()

    @on(Input.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def _cancel(self) -> None:
        self.action_close()

    @on(Button.Pressed, "#pay")
    def _pay(self) -> None:
        name = self.query_one("#name", Input).value.strip()
        if not name:
            self.app.report(SparecloudError("The cluster has no name.", "Type one: it names the cluster everywhere."))
            self.query_one("#name", Input).focus()
        elif self._quote is not None and not self._launching:
            self._confirm(name, self._quote)

    def _confirm(self, name: str, quote: Quote) -> None:
        def answered(yes: bool | None) -> None:
            if yes and not self._launching:
                # The application owns the launch: it goes on where this dialog is closed meanwhile.
                self.app.run_worker(self._launch(name, quote), group="launch")

        hours = f"{quote.request.duration_s / 3600:g} h"
        what = f"{count(quote.request.workers, 'worker')} for {hours}. {placement(quote, self.app.view)}"
        payment = Payment(f"Pay for {name}?", what, name, quote.total())
        self.app.push_screen(MoneyDialog(payment, self.app.view), answered)

    async def _launch(self, name: str, quote: Quote) -> None:
        self._set_launching(True)
        launched: ClusterLine | None = None
        with self.app.reporting():
            launched = await self.app.agent.launch(name, quote.request, most=quote.total())
        if not self.is_current:
            return
        if launched is not None:
            self.dismiss(launched)
        else:
            self._set_launching(False)
            self._set_quote(None)
            self._keep_quoting()

    @work(exclusive=True, group="quote")
    async def _keep_quoting(self) -> None:
        await asyncio.sleep(_TYPING_S)
        while True:
            with self.app.reporting():
                await self._ask()
            await asyncio.sleep(_AGAIN_S)

    async def _ask(self) -> None:
        typed = {field: self.query_one(f"#{field}", Input).value for field in _FIELDS}
        typed["tightness"] = self.query_one("#tightness", SliderBar).value
        try:
            request = read_order(typed)
        except SparecloudError as error:
            self._say(f"▲ {error.title}")
            return
        try:
            answer = await self.app.agent.quote(request)
        except SparecloudError as error:
            self._set_quote(None)
            self._say(f"▲ {error.title}\n\n{error.hint}")
            return
        self._answered(request, answer)

    def _answered(self, request: Request, answer: Quote | Shortfall) -> None:
        if self._launching:
            return
        text = self.query_one("#quote-text", Static)
        self.query_one("#quote").remove_class("-stale")
        if isinstance(answer, Shortfall):
            self._set_quote(None)
            text.update(refused(answer))
            return
        before = self._quote
        if before is not None and before.request == request and answer.total() > before.total():
            # Dearer under the person's finger: Enter must not confirm a sum that was not read.
            self.query_one("#hours", Input).focus()
        self._set_quote(answer)
        text.update(quoted(answer, self.app.view))

    def _set_quote(self, quote: Quote | None) -> None:
        self._quote = quote
        pay = self.query_one("#pay", Button)
        if quote is None and pay.has_focus:
            self.query_one("#workers", Input).focus()
        pay.disabled = quote is None
        pay.label = pay_words(quote) if quote else "Pay"

    def _set_launching(self, launching: bool) -> None:
        self._launching = launching
        pay = self.query_one("#pay", Button)
        pay.disabled = launching
        pay.label = "Asking the donors, then paying into escrow…" if launching else "Pay"

    def _say(self, sentence: str) -> None:
        self.query_one("#quote").remove_class("-stale")
        self.query_one("#quote-text", Static).update(sentence)

    def _free_name(self) -> str:
        taken = {cluster.name for cluster in self.app.view.clusters} if self.app.view else set()
        return next(name for n in range(1, len(taken) + 2) if (name := f"spark-{n}") not in taken)
