"""What every page is: a widget that is given each view, and draws while somebody looks."""

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.view import DonorView


class Page(QWidget):
    """Draws the newest view while it is visible; hidden it only remembers it, and catches up once it is shown."""

    def __init__(self) -> None:
        super().__init__()
        self._view: DonorView | None = None

    def draw(self, view: DonorView) -> None:
        """Show `view`; the same again costs nothing."""
        if view is not self._view:
            self._view = view
            if self.isVisible():
                self._show(view)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._view is not None:
            self._show(self._view)

    def _show(self, view: DonorView) -> None:
        """Draw `view`; a page on which nothing hangs on it leaves this out."""

    def _fill_with(self, whole: QWidget) -> None:
        """Give all of the page to `whole`."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(whole)
