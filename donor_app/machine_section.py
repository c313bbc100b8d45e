"""The machine's name, how workers are kept apart from it, and how the application itself behaves."""

from typing import Final, Literal

import msgspec
from PySide6.QtWidgets import QComboBox

from core.errors import InvalidInput
from core.model import Resources
from core.owner import Donor
from donor_app.form_rows import Line, Section, keep_from_wheel
from donor_app.words import LANGUAGES, say

_Isolation = Literal["container", "gvisor"]
_ISOLATIONS: Final[tuple[_Isolation, ...]] = ("container", "gvisor")


class MachineSection(Section):
    """Name and isolation."""

    def __init__(self) -> None:
        super().__init__(say("This machine"))
        self._name = Line(say("Name"), longest=40)
        self._isolation = QComboBox()
        self._isolation.addItems([say("Containers"), say("Containers under gVisor")])
        keep_from_wheel(self._isolation)
        self.row(say("Name"), self._name, say("Renters see it in your offers."))
        self.row(
            say("Workers run in"),
            self._isolation,
            say("gVisor puts a second wall around workers and slows them; your container engine must have it."),
        )
        self._name.changed.connect(self.changed)
        self._isolation.activated.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says."""
        self._name.fill(donor.name)
        self._isolation.setCurrentIndex(_ISOLATIONS.index(donor.isolation))

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here. Raises InvalidInput."""
        name = self._name.text().strip()
        if not name or not name.isprintable():
            raise InvalidInput("This machine needs a name.", "Give it one of up to 40 letters.")
        return msgspec.structs.replace(donor, name=name, isolation=_ISOLATIONS[self._isolation.currentIndex()])


class LanguageSection(Section):
    """What the application speaks."""

    def __init__(self) -> None:
        super().__init__(say("This application"))
        self._codes = ["", *LANGUAGES]
        self._language = QComboBox()
        self._language.addItems([say("The desktop's"), *LANGUAGES.values()])
        keep_from_wheel(self._language)
        self.row(say("Language"), self._language, say("Used from the next start on."))
        self._language.activated.connect(self.changed)

    def fill(self, donor: Donor, total: Resources | None) -> None:
        """Show what `donor` says; a language that is not spoken here stays as it was written."""
        if donor.language not in self._codes:
            self._codes.append(donor.language)
            self._language.addItem(donor.language)
        self._language.setCurrentIndex(self._codes.index(donor.language))

    def apply(self, donor: Donor) -> Donor:
        """`donor` with what stands here."""
        return msgspec.structs.replace(donor, language=self._codes[self._language.currentIndex()])
