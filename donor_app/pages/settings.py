"""The page of all that the owner can set. Nothing counts before it is saved, and what contradicts is explained."""

import asyncio
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout

from core.allowance import contradictions
from core.errors import InvalidInput
from core.model import Resources
from core.owner import Donor
from core.view import DonorView
from donor_app.agent import Agent, Problem
from donor_app.autostart import Autostart
from donor_app.bridge import Ask
from donor_app.donor_table import export_to, import_from
from donor_app.form_rows import Primary
from donor_app.login_section import LoginSection
from donor_app.pages.page import Page
from donor_app.remarks import Remarks
from donor_app.running_programs import running_programs
from donor_app.settings_form import SettingsForm
from donor_app.theme import Ink, Tone
from donor_app.words import say


class SettingsPage(Page):
    """Edits view.settings. What changes elsewhere is shown at once, unless something is being edited here."""

    def __init__(self, ask: Ask, *, autostart: Autostart | None = None) -> None:
        """`autostart` is None where the application cannot be started at login."""
        super().__init__()
        self._ask = ask
        self._base: Donor | None = None
        """What the form was filled from: None before the first view."""
        self._saving = False
        self._refusal: Problem | None = None
        self._form = SettingsForm()
        self._login = LoginSection(autostart) if autostart is not None else None
        self._remarks = Remarks()
        self._state = Ink(tone=Tone.MUTED)
        self._import = QPushButton(say("&Import…"))
        self._export = QPushButton(say("&Export…"))
        self._discard = QPushButton(say("&Discard"))
        self._save = Primary(say("&Save"))
        self._lay_out()
        self._connect()

    def import_file(self, path: Path) -> None:
        """Fill the form from a file, to be looked at and saved; who is blocked here stays blocked."""
        if self._base is None:
            return
        try:
            found = import_from(path)
        except InvalidInput as refused:
            self._refuse(Problem(refused.title, refused.hint))
            return
        here = self._base.blocked
        blocked = (*here, *(renter for renter in found.blocked if renter not in here))
        self._refusal = None
        self._form.fill(msgspec.structs.replace(found, blocked=blocked), self._total())
        self._settle(say("Read from {path}.", path=path))

    def export_file(self, path: Path) -> None:
        """Write what stands in the form to a file."""
        try:
            export_to(path, self._form.read())
        except InvalidInput as refused:
            self._refuse(Problem(refused.title, refused.hint))
        else:
            self._settle(say("Written to {path}.", path=path))

    def showEvent(self, event: QShowEvent) -> None:
        if self._login is not None and not self._login.edited:
            self._login.look()
        super().showEvent(event)
        self._ask(_programs, self._form.offer_programs, _ignore)

    def _show(self, view: DonorView) -> None:
        """Take up what a view brings, beside what is being edited."""
        if self._base is None:
            self._load()
            return
        self._form.measure(self._total())
        if view.settings.blocked != self._base.blocked:
            self._form.follow_blocked(self._base.blocked, view.settings.blocked)
            self._base = msgspec.structs.replace(self._base, blocked=view.settings.blocked)
        if view.settings != self._base and not self._saving and self._edited_donor() == self._base:
            self._load()
        else:
            self._settle(self._state.text())

    def _load(self) -> None:
        """Show the newest settings, and forget what was edited."""
        if self._view is not None:
            self._base, self._refusal = self._view.settings, None
            self._form.fill(self._base, self._total())
            self._settle()

    def _drop(self) -> None:
        if self._login is not None:
            self._login.look()
        self._load()

    def _keep(self) -> None:
        try:
            donor = self._form.read()
            if self._login is not None:
                self._login.keep()
        except InvalidInput as refused:
            self._refuse(Problem(refused.title, refused.hint))
            return
        self._saving, self._refusal = True, None
        self._settle(say("Saving…"))
        self._ask(lambda agent: agent.change(donor), lambda _: self._kept(donor), self._refuse)

    def _kept(self, donor: Donor) -> None:
        self._saving, self._base = False, donor
        self._settle(say("Saved."))

    def _refuse(self, problem: Problem) -> None:
        self._saving, self._refusal = False, problem
        self._settle()

    def _edit(self) -> None:
        self._refusal = None
        self._settle()

    def _edited_donor(self) -> Donor | InvalidInput:
        try:
            return self._form.read()
        except InvalidInput as wrong:
            return wrong

    def _settle(self, done: str = "") -> None:
        """Bring buttons and remarks in line with what stands in the form; `done` is what was just done."""
        donor = self._edited_donor()
        wrong = Problem(donor.title, donor.hint) if isinstance(donor, InvalidInput) else self._refusal
        edited = donor != self._base or (self._login is not None and self._login.edited)
        known = self._base is not None
        self._form.setEnabled(known)
        self._save.setEnabled(known and edited and not self._saving and not isinstance(donor, InvalidInput))
        self._discard.setEnabled(known and edited and not self._saving)
        self._import.setEnabled(known and not self._saving)
        self._export.setEnabled(known)
        unsaved = say("Not saved yet.")
        self._state.setText(done if done != unsaved else "")
        if edited and not done:
            self._state.setText(unsaved)
        view = self._view
        self._remarks.draw(
            wrong,
            () if isinstance(donor, InvalidInput) else contradictions(donor, view.measured if view else None),
            changed_elsewhere=edited and not self._saving and view is not None and view.settings != self._base,
        )

    def _total(self) -> Resources | None:
        return self._view.measured.total if self._view is not None and self._view.measured is not None else None

    def _ask_where_to_read(self) -> None:
        self._dialog(QFileDialog.AcceptMode.AcceptOpen).fileSelected.connect(lambda path: self.import_file(Path(path)))

    def _ask_where_to_write(self) -> None:
        dialog = self._dialog(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile("sparecloud-donor.toml")
        dialog.fileSelected.connect(lambda path: self.export_file(Path(path)))

    def _dialog(self, mode: QFileDialog.AcceptMode) -> QFileDialog:
        dialog = QFileDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(mode)
        dialog.setDefaultSuffix("toml")
        dialog.setNameFilters([say("Settings (*.toml)"), say("All files (*)")])
        # open() returns at once: an exec() would hold up the views that go on arriving.
        dialog.open()
        return dialog

    def _connect(self) -> None:
        self._form.changed.connect(self._edit)
        if self._login is not None:
            self._login.changed.connect(self._edit)
        self._remarks.elsewhere.clicked.connect(self._drop)
        self._discard.clicked.connect(self._drop)
        self._save.clicked.connect(self._keep)
        self._import.clicked.connect(self._ask_where_to_read)
        self._export.clicked.connect(self._ask_where_to_write)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Save), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self._save.click)
        self._settle()

    def _lay_out(self) -> None:
        if self._login is not None:
            self._form.column.addWidget(self._login)
        self._form.column.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._import)
        buttons.addWidget(self._export)
        buttons.addStretch(1)
        buttons.addWidget(self._state)
        buttons.addWidget(self._discard)
        buttons.addWidget(self._save)
        footer = QVBoxLayout()
        footer.setContentsMargins(28, 10, 28, 14)
        footer.setSpacing(10)
        footer.addWidget(self._remarks)
        footer.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._form, 1)
        column.addLayout(footer)


async def _programs(_agent: Agent) -> tuple[str, ...]:
    """Listed beside the agent, off the screen's thread."""
    return await asyncio.to_thread(running_programs)


def _ignore(_problem: Problem) -> None:
    """A name can be typed as well."""
