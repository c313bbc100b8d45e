"""Help: every key, and what the shapes mean."""

from typing import ClassVar, Final

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from renter_tui.widgets.palette import COIN
from renter_tui.widgets.words import state

_KEYS: Final = (
    ("1  2  3  4", "Market, Clusters, Wallet, Events"),
    ("n", "new cluster: describe, see the price, pay"),
    ("Enter", "open the selected cluster; in a cluster, a job's logs"),
    ("s", "submit a program to the cluster"),
    ("l", "follow the logs of the cluster's newest, or the selected, job"),
    ("r  e", "in a cluster: resize it, extend its time"),
    ("x", "in a cluster: lease another machine for the selected worker"),
    ("k", "in a cluster: open it to notebooks here (Spark Connect)"),
    ("d", "destroy the cluster (asks first)"),
    ("/", "filter: words, in the market also cores>=4 price<0.03; Esc shows all again"),
    ("o", "order the market by price, speed, cores, memory, name"),
    ("c", "copy the address (Wallet) or the Spark page (cluster)"),
    ("Esc", "back, or cancel"),
    ("?", "this help"),
    ("q", "quit; clusters that run go on"),
)
_STATES: Final = ("proposed", "opening", "starting", "running", "draining", "closing", "ended", "lost")


class HelpScreen(ModalScreen[None]):
    """Closed by Esc, q or ? again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        """Keys, then states."""
        with VerticalScroll(classes="dialog medium") as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = "Esc closes"
            yield Static(_keys())
            yield Static(Text("\nStates: shape and word", "bold"))
            yield Static(_states())


def _keys() -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style=f"bold {COIN}", no_wrap=True)
    for key, meaning in _KEYS:
        table.add_row(key, meaning)
    return table


def _states() -> Table:
    table = Table.grid(padding=(0, 3))
    for row in range(0, len(_STATES), 4):
        table.add_row(*(state(word) for word in _STATES[row : row + 4]))
    return table
