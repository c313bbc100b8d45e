"""Whether the application starts when its owner logs in."""

from donor_app.autostart import Autostart
from donor_app.form_rows import Section, Tick
from donor_app.words import say


class LoginSection(Section):
    """Edits an Autostart, which is changed by `keep` alone. It is the session's own setting, not the file's."""

    def __init__(self, autostart: Autostart) -> None:
        super().__init__(say("Starting"))
        self._autostart = autostart
        self._was = False
        self._at_login = Tick(say("Start when I log in, in the tray"))
        self.wide(self._at_login)
        self._at_login.changed.connect(self.changed)

    @property
    def edited(self) -> bool:
        """Whether what stands here is not what the session does."""
        return self._at_login.isChecked() != self._was

    def look(self) -> None:
        """Show what the session does now, and forget what was edited."""
        self._was = self._autostart.is_on()
        self._at_login.fill(self._was)

    def keep(self) -> None:
        """Have the session do what stands here. Raises InvalidInput."""
        if self.edited:
            self._autostart.switch(self._at_login.isChecked())
            self._was = self._at_login.isChecked()
