"""The banner: what is wrong now and what to do about it, or else that a new version is out; not there otherwise."""

from rich.text import Text
from textual import getters
from textual.widgets import Static

from renter_tui.live import LiveApp, Trouble


class Banner(Static):
    """Shows that the agent is gone, or else the view's own problem, or else its news."""

    app = getters.app(LiveApp)

    def on_mount(self) -> None:
        """Follow the application."""
        self.watch(self.app, "view", self._draw)
        self.watch(self.app, "away", self._draw)

    def _draw(self) -> None:
        trouble = self._trouble()
        text = trouble or self._news()
        self.set_class(text is not None, "-shown")
        self.set_class(self.app.away is not None, "-away")
        self.set_class(trouble is None, "-news")
        if text is not None:
            self.update(text)

    def _trouble(self) -> Text | None:
        trouble, view = self.app.away, self.app.view
        if trouble is not None:
            hint = trouble.hint or "Clusters that run go on."
            since = " What you see is the last it said." if view else ""
            trouble = Trouble(trouble.title, f"{hint}{since} Looking for it again…")
        elif view is not None and view.problem:
            trouble = Trouble(view.problem, view.hint)
        if trouble is None:
            return None
        return Text.assemble(("▲ ", "bold"), (trouble.title, "bold"), " ", trouble.hint)

    def _news(self) -> Text | None:
        update = self.app.view.update if self.app.view is not None else None
        if update is None:
            return None
        title = f"● Version {update.version} is out:"
        return Text.assemble((title, "bold"), f" {update.summary} {update.where}")
