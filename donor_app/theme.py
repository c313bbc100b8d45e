"""Colours told from the palette that the desktop gives, so that light, dark and contrast themes all hold."""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QFont, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QWidget


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of one palette. Text on its ground has a contrast of at least 4.5 to 1 in both stock themes."""

    dark: bool
    ground: QColor
    card: QColor
    line: QColor
    text: QColor
    muted: QColor
    track: QColor
    accent: QColor
    on_accent: QColor
    held: QColor
    warning_ground: QColor
    warning_line: QColor
    warning_text: QColor

    @staticmethod
    def of(palette: QPalette) -> "Theme":
        """The theme that goes with `palette`."""
        ground, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
        dark = ground.lightness() < text.lightness()
        return Theme(
            dark=dark,
            ground=ground,
            card=blend(ground, QColor("white"), 0.05) if dark else palette.color(QPalette.ColorRole.Base),
            line=blend(ground, text, 0.14),
            text=text,
            muted=blend(text, ground, 0.34),
            track=blend(ground, text, 0.16 if dark else 0.09),
            accent=QColor("#35c796" if dark else "#0b7a5c"),
            on_accent=QColor("#06281e" if dark else "#ffffff"),
            held=QColor("#86b6f2" if dark else "#2f6fc0"),
            warning_ground=QColor("#382b0c" if dark else "#fff3d6"),
            warning_line=QColor("#b98914" if dark else "#d99a0b"),
            warning_text=QColor("#ffe2a0" if dark else "#573a00"),
        )


def theme() -> Theme:
    """The application's theme now. Ask again on every paint: the desktop may change it at any time."""
    return Theme.of(QGuiApplication.palette())


def blend(one: QColor, other: QColor, part: float) -> QColor:
    """`one` with `part` (0 to 1) of `other` in it."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * part,
        one.greenF() + (other.greenF() - one.greenF()) * part,
        one.blueF() + (other.blueF() - one.blueF()) * part,
    )


def sized(scale: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The application's font, `scale` times its size, figures of one width so that live numbers stand still."""
    font = QFont(QApplication.font())
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * scale)
    else:
        font.setPixelSize(round(font.pixelSize() * scale))
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    # Some fonts' contextual alternates turn the x of 0x into a multiplication sign.
    font.setFeature(QFont.Tag("calt"), 0)
    return font


class Tone(Enum):
    """How loud a text speaks."""

    TEXT = "text"
    MUTED = "muted"
    WARNING = "warning_text"


class Ink(QLabel):
    """A label in one tone of the theme, which follows the palette."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: Tone = Tone.TEXT,
        font: QFont | None = None,
        wraps: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self._tone = tone
        if font is not None:
            self.setFont(font)
        if wraps:
            # In this order: a policy set afterwards would drop the height that goes with each width.
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
            self.setWordWrap(True)
        self._dye()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.ApplicationPaletteChange, QEvent.Type.PaletteChange):
            self._dye()
        super().changeEvent(event)

    def _dye(self) -> None:
        colour: QColor = getattr(theme(), self._tone.value)
        if self.palette().color(QPalette.ColorRole.WindowText) != colour:
            palette = self.palette()
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)
