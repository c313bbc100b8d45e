"""The self-test: a button, the checks as they go on, a summary, and the log of what happened lately."""

from typing import Final

from PySide6.QtCore import QObject, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout

from core.errors import SparecloudError
from core.selftest import Check, State
from donor_app import logs
from donor_app.agent import Problem
from donor_app.bridge import Ask
from donor_app.cards import Card
from donor_app.check_rows import CheckRow, text_of
from donor_app.pages.page import Page
from donor_app.sheet import Sheet
from donor_app.theme import Ink, Tone
from donor_app.words import say, told

LOG_LINES: Final = 200


class SelftestPage(Page):
    """Asks the agent for a self-test, which reads the newest view itself; each check is drawn as it comes."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        sheet = Sheet()
        sheet.column.addWidget(ChecksCard(ask))
        sheet.column.addWidget(LogCard())
        sheet.column.addStretch(1)
        self._fill_with(sheet)


class _Relay(QObject):
    """Carries checks from the agent's thread to Qt's."""

    told = Signal(object)


class ChecksCard(Card):
    """The button, a row a check, and what they come to."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(say("Self-test"))
        self._ask = ask
        self._checks: dict[str, Check] = {}
        self._rows: dict[str, CheckRow] = {}
        self._relay = _Relay()
        self._relay.told.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._start = QPushButton(say("&Test now"))
        self._copy = QPushButton(say("&Copy as text"))
        self._summary = Ink(say("Checks everything between this machine and a renter, and runs a small job here."))
        self._summary.setWordWrap(True)
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._start.clicked.connect(self._test)
        self._copy.clicked.connect(self._copy_all)
        self._copy.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self._start)
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        self.body.addWidget(self._summary)
        self.body.addLayout(buttons)
        self.body.addLayout(self._list)

    @Slot()
    def _test(self) -> None:
        for row in self._rows.values():
            row.deleteLater()
        self._rows, self._checks = {}, {}
        self._start.setEnabled(False)
        self._copy.hide()
        self._summary.setText(say("Testing. This takes a minute or so, and longer the first time."))
        self._ask(lambda agent: agent.selftest(self._relay.told.emit), self._done, self._refused)

    @Slot(object)
    def _show(self, check: Check) -> None:
        if check.name not in self._rows:
            self._rows[check.name] = CheckRow()
            self._list.addWidget(self._rows[check.name])
        self._checks[check.name] = check
        self._rows[check.name].draw(check)

    def _done(self, _: object) -> None:
        self._start.setEnabled(True)
        self._copy.show()
        states = [check.state for check in self._checks.values()]
        failed, warned = states.count(State.FAILED), states.count(State.WARNED)
        if failed:
            self._summary.setText(say("Checks that failed: {count}. What to do stands below each.", count=failed))
        elif warned:
            self._summary.setText(say("Nothing failed. Worth knowing: {count}.", count=warned))
        else:
            self._summary.setText(say("All is well: renters can lease this machine."))

    def _refused(self, problem: Problem) -> None:
        self._start.setEnabled(True)
        self._copy.setVisible(bool(self._checks))
        self._summary.setText(f"{told(problem.title)} {told(problem.hint)}".rstrip())

    @Slot()
    def _copy_all(self) -> None:
        lines = [self._summary.text(), *map(text_of, self._checks.values())]
        QGuiApplication.clipboard().setText("\n".join(lines))


class LogCard(Card):
    """The last lines of the log, without secrets; read when it is looked at, and on demand."""

    def __init__(self) -> None:
        super().__init__(say("Log"))
        self._text = QPlainTextEdit(readOnly=True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(say("The last lines of the log"))
        self._text.setMinimumHeight(12 * self._text.fontMetrics().lineSpacing())
        self._note = Ink(
            say("Passphrases, keys and tokens are hidden. Still read it before you send it to anybody."),
            tone=Tone.MUTED,
            wraps=True,
        )
        buttons = QHBoxLayout()
        for word, do in (
            (say("&Read again"), self.read),
            (say("Copy &log"), self._copy),
            (say("Show &folder"), self._show_folder),
        ):
            button = QPushButton(word)
            button.clicked.connect(do)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.body.addWidget(self._note)
        self.body.addWidget(self._text)
        self.body.addLayout(buttons)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read()

    @Slot()
    def read(self) -> None:
        """Show what the log says by now, its end first in sight."""
        home = logs.written_for()
        try:
            found = logs.tail(home, LOG_LINES) if home is not None else ""
        except SparecloudError as problem:
            found = told(problem.title)
        self._text.setPlainText(found or say("Nothing has been logged yet."))
        bar = self._text.verticalScrollBar()
        bar.setValue(bar.maximum())

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text.toPlainText())

    @Slot()
    def _show_folder(self) -> None:
        home = logs.written_for()
        if home is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(logs.folder_of(home))))
