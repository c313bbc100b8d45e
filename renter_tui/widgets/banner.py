"""The banner: what is wrong now and what to do about it; not there while all is well."""

from rich.text import Text
from textual import getters
from textual.widgets import Static

from renter_tui.live import LiveApp, Trouble


class Banner(Static):
    """Shows that the agent is gone, or else the view's own problem."""

    app = getters.app(LiveApp)

    def on_mount(self) -> None:
        """Follow the application."""
        self.watch(self.app, "view", self._draw)
        self.watch(self.app, "away", self._draw)

    def _draw(self) -> None:
        trouble, view = self.app.away, self.app.view
        if trouble is not None:
            hint = trouble.hint or "Clusters that run go on."
            since = " What you see is the last it said." if view else ""
            trouble = Trouble(trouble.title, f"{hint}{since} Looking for it again…")
        elif view is not None and view.problem:
            trouble = Trouble(view.problem, view.hint)
        self.set_class(trouble is not None, "-shown")
        self.set_class(self.app.away is not None, "-away")
        if trouble is not None:
            self.update(Text.assemble(("▲ ", "bold"), (trouble.title, "bold"), " ", trouble.hint))
