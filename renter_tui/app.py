"""The renter's terminal application: it draws the agent's views and hands over what the person decided."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from renter_tui.live import LiveApp
from renter_tui.screens.help import HelpScreen
from renter_tui.screens.home import HomeScreen
from renter_tui.widgets.theme import NIGHT
from renter_tui.widgets.words import count


class SparecloudApp(LiveApp):
    """Keys that work everywhere, and the first screen."""

    TITLE = "Sparecloud"
    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "quit", "Quit"),
    ]

    def on_mount(self) -> None:
        """Follow the agent."""
        self.register_theme(NIGHT)
        self.theme = NIGHT.name
        self.push_screen(HomeScreen())
        # A person sees the screen while what speaks to the agent is still imported.
        self.call_after_refresh(self.follow)

    def action_help(self) -> None:
        """List the keys."""
        self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Quit, and say which clusters go on."""
        live = [cluster.name for cluster in self.view.clusters if not cluster.ended] if self.view else []
        if live:
            goes = "goes" if len(live) == 1 else "go"
            self.exit(message=f"{count(len(live), 'cluster')} {goes} on, and cost coin: {', '.join(live)}.")
        else:
            self.exit()
