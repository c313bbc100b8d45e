"""The parts that forms are made of: a section with labelled rows, a number in its unit, a slider beside it."""

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSlider,
    QWidget,
)

from donor_app.accents import Accent
from donor_app.cards import Card
from donor_app.theme import Ink, Tone, sized


class Section(Card):
    """A card of labelled rows. `changed` follows every edit by the owner, never a `fill`."""

    changed = Signal()

    def __init__(self, title: str, explanation: str = "") -> None:
        super().__init__(title)
        if explanation:
            self.body.addWidget(Ink(explanation, tone=Tone.MUTED, font=sized(0.92), wraps=True))
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(16)
        self.grid.setVerticalSpacing(10)
        self.grid.setColumnStretch(0, 2)
        self.grid.setColumnStretch(1, 3)
        self.body.addLayout(self.grid)

    def row(self, label: str, control: QWidget, hint: str = "") -> None:
        """A control with its label at the left and, below it, a sentence on what it does."""
        at = self.grid.rowCount()
        name = Ink(label, wraps=True)
        name.setBuddy(control)
        if not control.accessibleName():
            control.setAccessibleName(label)
        self.grid.addWidget(name, at, 0, Qt.AlignmentFlag.AlignVCenter)
        fixed = control.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Fixed
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.grid.addWidget(control, at, 1, left if fixed else Qt.AlignmentFlag(0))
        if hint:
            control.setAccessibleDescription(hint)
            below = Ink(hint, tone=Tone.MUTED, font=sized(0.9), wraps=True)
            below.setAlignment(Qt.AlignmentFlag.AlignTop)
            self.grid.addWidget(below, at + 1, 1)

    def wide(self, control: QWidget) -> None:
        """A control that takes the section's whole width."""
        self.grid.addWidget(control, self.grid.rowCount(), 0, 1, 2)


class Tick(QCheckBox):
    """A check box; `changed` follows a click alone."""

    changed = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setAccessibleName(text)
        self.clicked.connect(self.changed)

    def fill(self, on: bool) -> None:
        """Show `on`."""
        self.setChecked(on)


class Line(QLineEdit):
    """A line of text; `changed` follows typing alone."""

    changed = Signal()

    def __init__(self, name: str, *, longest: int, width_chars: int = 0) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMaxLength(longest)
        if width_chars:
            self.setMaximumWidth(self.fontMetrics().horizontalAdvance("0") * width_chars + 24)
        self.textEdited.connect(self.changed)

    def fill(self, text: str) -> None:
        """Show `text`, unless it stands there already: the cursor keeps its place."""
        if self.text() != text:
            self.setText(text)


class Quantity(QDoubleSpinBox):
    """A whole number shown in a larger unit. What is not touched stays exact, however it is rounded to be shown."""

    changed = Signal()

    def __init__(
        self,
        name: str,
        unit: str,
        *,
        most: int,
        least: int = 0,
        per_unit: int = 1,
        step: int = 1,
        zero: str = "",
    ) -> None:
        """`least`, `most` and `step` are in parts, `per_unit` of which make a `unit`; `zero` is what 0 is called."""
        super().__init__()
        self._per_unit, self._least, self._most = per_unit, least, most
        self._value = least
        self.setAccessibleName(name)
        self.setDecimals(0 if per_unit == 1 else 1)
        self.setRange(least / per_unit, most / per_unit)
        self.setSingleStep(step / per_unit)
        self.setSuffix(f" {unit}")
        self.setKeyboardTracking(True)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * (len(unit) + 9) + 24)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        if zero:
            self.setSpecialValueText(zero)
            self.setMinimumWidth(max(self.minimumWidth(), self.fontMetrics().horizontalAdvance(zero) + 40))
        keep_from_wheel(self)
        self.valueChanged.connect(self._edited)

    def read(self) -> int:
        """The number, in parts."""
        return self._value

    def fill(self, value: int) -> None:
        """Show `value`."""
        self._value = value
        with QSignalBlocker(self):
            self.setValue(value / self._per_unit)

    def textFromValue(self, shown: float) -> str:
        """The number with its decimal only where it has one."""
        return self.locale().toString(shown, "f", 0 if shown == round(shown) else self.decimals())

    def _edited(self, shown: float) -> None:
        self._value = min(max(round(shown * self._per_unit), self._least), self._most)
        self.changed.emit()


class Level(QWidget):
    """A Quantity with a slider that reaches up to what the machine has."""

    changed = Signal()

    def __init__(self, name: str, unit: str, *, per_unit: int, step: int) -> None:
        super().__init__()
        self._step = step
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setAccessibleName(name)
        self._slider.setPageStep(2)
        Accent(self._slider, QPalette.ColorRole.Highlight, QPalette.ColorRole.HighlightedText)
        keep_from_wheel(self._slider)
        self.quantity = Quantity(name, unit, most=2**31 - 1, per_unit=per_unit, step=step)
        # Below each other, numbers end at one line and sliders begin at one.
        self.quantity.setMinimumWidth(self.fontMetrics().horizontalAdvance("0") * 15 + 24)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._slider, 1)
        row.addWidget(self.quantity)
        self._slider.valueChanged.connect(self._slid)
        self.quantity.changed.connect(self._typed)

    def read(self) -> int:
        """The number, in parts."""
        return self.quantity.read()

    def fill(self, value: int, total: int | None) -> None:
        """Show `value` of `total`, None while the machine is not measured."""
        self.quantity.fill(value)
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, max(1, (total or value) // self._step))
            self._slider.setValue(value // self._step)
        self._slider.setEnabled(bool(total))

    def _slid(self, steps: int) -> None:
        self.quantity.fill(steps * self._step)
        self.changed.emit()

    def _typed(self) -> None:
        with QSignalBlocker(self._slider):
            self._slider.setValue(self.quantity.read() // self._step)
        self.changed.emit()


class Primary(QPushButton):
    """The one button of a screen that does what the screen is for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        Accent(self, QPalette.ColorRole.Button, QPalette.ColorRole.ButtonText)


def keep_from_wheel(control: QWidget) -> None:
    """Let the wheel scroll the page, and change `control` only while it has the focus: nothing changes by accident."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_WheelGuard(control))


class _WheelGuard(QObject):
    def __init__(self, control: QWidget) -> None:
        super().__init__(control)
        self._control = control

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not self._control.hasFocus():
            event.ignore()
            return True
        return False
