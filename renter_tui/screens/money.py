"""The question before coin is promised: what can be spent at most, in a sentence; Cancel has the keyboard."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from core.model import Amount
from core.sentences import exact
from core.view import RenterView, spare
from renter_tui.widgets.field import Field
from renter_tui.widgets.quote_text import up_to

TYPED_ABOVE_PERCENT: Final = 10
"""What may cost more than this part of the wallet's coin is confirmed by typing the cluster's name."""


@dataclass(frozen=True, slots=True)
class Payment:
    """What is to be agreed to: `what` happens, to the cluster `name`, for `most` coin at most."""

    title: str
    what: str
    name: str
    most: Amount


class MoneyDialog(ModalScreen[bool]):
    """Answers True for an explicit yes alone: never for a key that was pressed on the way here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Cancel"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, payment: Payment, view: RenterView | None) -> None:
        super().__init__()
        self._payment = payment
        self._view = view
        self._typed = _large(payment, view)

    def compose(self) -> ComposeResult:
        """The sentence, what there is to spend, the name to type where it is much, Cancel beside Pay."""
        payment = self._payment
        with Vertical(classes="dialog medium") as dialog:
            dialog.border_title = payment.title.replace("[", "\\[")
            yield Static(payment.what, classes="sentence", markup=False)
            yield Static(
                f"At most {exact(payment.most)} leave your wallet, into escrow. Donors are paid for the seconds that "
                "they serve; the rest comes back.",
                classes="sentence",
                markup=False,
            )
            yield Static(_means(self._view), classes="sentence", markup=False)
            if self._typed:
                yield Static(
                    f"That is more than {TYPED_ABOVE_PERCENT} % of your coin: type {payment.name} to pay.",
                    classes="refusal",
                    markup=False,
                )
                yield Field("Name", "typed-name", placeholder=payment.name)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="no", compact=True)
                yield Button(
                    f"Pay up to {up_to(payment.most)}",
                    id="yes",
                    compact=True,
                    variant="success",
                    disabled=self._typed,
                )
            yield Static("Tab or arrows move, Enter chooses, Esc is Cancel", classes="keys", markup=False)

    def on_mount(self) -> None:
        """Cancel has the keyboard."""
        self.query_one("#no", Button).focus()

    @on(Input.Changed, "#typed-name")
    def _read(self, event: Input.Changed) -> None:
        self.query_one("#yes", Button).disabled = event.value.strip() != self._payment.name

    @on(Input.Submitted, "#typed-name")
    def _next(self) -> None:
        self.focus_next()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")


def _large(payment: Payment, view: RenterView | None) -> bool:
    balances = view.balances if view else None
    return balances is None or 100 * payment.most > TYPED_ABOVE_PERCENT * balances.coin


def _means(view: RenterView | None) -> str:
    if view is None or view.balances is None:
        return "What your wallet holds is not known yet."
    held = f"Your wallet holds {spare(view.balances.coin)}."
    spending = view.spending
    if spending is None:
        return held
    limits = [
        f"{spare(spent)} of {spare(limit)} {name}"
        for spent, limit, name in (
            (spending.last_hour, spending.limits.per_hour, "an hour"),
            (spending.last_day, spending.limits.per_day, "a day"),
            (spending.in_all, spending.limits.in_all, "in all"),
        )
        if limit is not None
    ]
    return f"{held} Limits: {', '.join(limits)}." if limits else f"{held} You have set no spending limits."
