"""The banner that says what is wrong, and offers what helps."""

from PySide6.QtCore import QRectF, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from donor_app.agent import Problem
from donor_app.engine_page import ENGINE_MISSING, installation_page
from donor_app.icon import draw_mark
from donor_app.status import Mark
from donor_app.theme import Ink, Tone, sized, theme
from donor_app.words import say

_RADIUS = 12


class Banner(QWidget):
    """Hidden while nothing is wrong. Where no engine answers it leads to the page that has one."""

    restart_asked = Signal()
    check_asked = Signal()
    """The owner wants to know at once: `checked` ends the waiting."""

    def __init__(self) -> None:
        super().__init__()
        self._title = Ink(tone=Tone.WARNING, font=sized(1.0, QFont.Weight.DemiBold), wraps=True)
        self._hint = Ink(tone=Tone.WARNING, wraps=True)
        for label in (self._title, self._hint):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._install = QPushButton(say("Open the &installation page"))
        self._install.clicked.connect(lambda _=False: QDesktopServices.openUrl(QUrl(installation_page())))
        self._check = QPushButton(say("&Check again"))
        self._check.clicked.connect(self._wait)
        self._check.clicked.connect(self.check_asked)
        self._restart = QPushButton(say("Start &again"))
        self._restart.clicked.connect(self.restart_asked)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self._title)
        words.addWidget(self._hint)
        row = QHBoxLayout(self)
        row.setContentsMargins(58, 14, 18, 14)
        row.setSpacing(12)
        row.addLayout(words, 1)
        row.addWidget(self._install, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._check, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._restart, 0, Qt.AlignmentFlag.AlignVCenter)
        self.hide()

    def draw(self, problem: Problem | None, *, can_restart: bool) -> None:
        """Show `problem`, or nothing; `can_restart` offers to start the agent again."""
        if problem is not None:
            self._title.setText(problem.title)
            self._hint.setText(problem.hint)
            self._hint.setVisible(bool(problem.hint))
            self._install.setVisible(problem.kind == ENGINE_MISSING)
            self._check.setVisible(problem.kind == ENGINE_MISSING and not can_restart)
            self.setAccessibleName(f"{say('Problem')}: {problem.title} {problem.hint}".rstrip())
        else:
            self.checked()
        self._restart.setVisible(can_restart)
        self.setVisible(problem is not None)

    @Slot()
    def _wait(self) -> None:
        self._check.setEnabled(False)
        self._check.setText(say("Checking…"))

    def checked(self) -> None:
        """The agent looked: a banner that still stands is right."""
        self._check.setEnabled(True)
        self._check.setText(say("&Check again"))

    def paintEvent(self, event: QPaintEvent) -> None:
        look = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.warning_line, 1))
        painter.setBrush(look.warning_ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
        painter.translate(18, (self.height() - 26) / 2)
        painter.scale(26 / 32, 26 / 32)
        draw_mark(painter, Mark.PROBLEM, look.warning_line)
        painter.end()
