"""The shares served on this machine, newest work first: who, what, how long, for how much, and why it ended."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from core.lease import ServicePhase
from core.view import DonorView, ServiceLine, resources_text, spare
from donor_app.cards import Card
from donor_app.theme import Ink, Tone, sized, theme

_SHOWN = 50
_COLUMNS = (("State", 22), ("Renter", 20), ("Resources", 30), ("Served", 16), ("Earned", 22))


class ServicesCard(Card):
    """A row a share. Rows are kept and drawn over, so that a view a second costs nothing."""

    def __init__(self) -> None:
        super().__init__("Shares served")
        self._rows: list[_Row] = []
        self._header = _grid_of_headings()
        self._empty = Ink(tone=Tone.MUTED, wraps=True)
        self._more = Ink(tone=Tone.MUTED, font=sized(0.92))
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.body.addWidget(self._header)
        self.body.addWidget(self._empty)
        self.body.addLayout(self._list)
        self.body.addWidget(self._more)

    def draw(self, view: DonorView) -> None:
        """Show the shares of `view`: those under way first."""
        services = sorted(view.services, key=lambda service: service.ended)
        shown = services[:_SHOWN]
        while len(self._rows) < len(shown):
            row = _Row()
            self._rows.append(row)
            self._list.addWidget(row)
        for index, row in enumerate(self._rows):
            row.setVisible(index < len(shown))
            if index < len(shown):
                row.draw(shown[index])
        self._header.setVisible(bool(shown))
        self._empty.setVisible(not shown)
        self._empty.setText(_empty_sentence(view))
        self._more.setVisible(len(services) > _SHOWN)
        self._more.setText(f"{len(services) - _SHOWN} earlier shares are not listed; their earnings are counted above.")


class _Row(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._line: ServiceLine | None = None
        self._shape = _Shape()
        self._cells = [Ink(font=sized(1.0)) for _ in _COLUMNS]
        self._sentence = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        grid = _grid(self)
        grid.setContentsMargins(0, 10, 0, 10)
        grid.addWidget(self._shape, 0, 0)
        for column, cell in enumerate(self._cells, start=1):
            grid.addWidget(cell, 0, column)
        self._cells[-1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self._sentence, 1, 1, 1, len(_COLUMNS))

    def draw(self, line: ServiceLine) -> None:
        if line == self._line:
            return
        self._line = line
        words = (
            line.state.capitalize(),
            f"{line.renter[:6]}…{line.renter[-4:]}",
            resources_text(line.resources),
            duration_text(line.served_s),
            spare(line.earned),
        )
        for cell, word in zip(self._cells, words, strict=True):
            cell.setText(word)
            cell.setToolTip(word)
        self._cells[1].setToolTip(line.renter)
        self._sentence.setText(line.sentence)
        self._sentence.setVisible(bool(line.sentence))
        self._shape.draw(line.state)
        self.setAccessibleName(f"{words[0]} {words[2]} for {line.renter}, {words[3]}, {words[4]}. {line.sentence}")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(QPen(theme().line, 1))
        painter.drawLine(0, 0, self.width(), 0)
        painter.end()


class _Shape(QWidget):
    """A phase as a shape: ring, half disc, disc, square, diamond, dash. Empty until told one."""

    def __init__(self) -> None:
        super().__init__()
        self._state = ""
        self.setFixedSize(16, 16)

    def draw(self, state: str) -> None:
        self._state = state
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._state:
            return
        look, state, box = theme(), self._state, QRectF(2.5, 2.5, 11, 11)
        colour: QColor = look.muted if state == ServicePhase.ENDED else look.accent
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour, 1.8))
        if state in (ServicePhase.SERVING, ServicePhase.LEAVING, ServicePhase.STOPPING, ServicePhase.CLAIMING):
            painter.setBrush(colour)
        if state == ServicePhase.ENDED:
            painter.drawLine(QPointF(3, 8), QPointF(13, 8))
        elif state in (ServicePhase.LEAVING, ServicePhase.STOPPING):
            painter.drawRect(box.adjusted(1, 1, -1, -1))
        elif state == ServicePhase.CLAIMING:
            painter.drawPolygon(QPolygonF([QPointF(8, 2), QPointF(14, 8), QPointF(8, 14), QPointF(2, 8)]))
        else:
            painter.drawEllipse(box)
            if state == ServicePhase.STARTING:
                painter.setBrush(colour)
                painter.drawPie(box, 90 * 16, 180 * 16)
        painter.end()


def duration_text(seconds: int) -> str:
    """`seconds` in its two largest units: "1 h 12 min"."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, left = divmod(minutes, 60)
    if hours:
        return f"{hours} h {left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _empty_sentence(view: DonorView) -> str:
    if view.sharing and not view.offered.cpu_millis:
        return "No share has been served yet, and nothing is on the market at the moment."
    if view.sharing:
        return "No renter has taken a share yet. Yours is on the market; nothing more is needed from you."
    return "No share has been served yet. Turn on Share resources to put this machine's idle part on the market."


def _grid(owner: QWidget) -> QGridLayout:
    grid = QGridLayout(owner)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(2)
    grid.setColumnMinimumWidth(0, 16)
    for column, (_, share) in enumerate(_COLUMNS, start=1):
        grid.setColumnStretch(column, share)
        # A width of its own would let one long cell move the columns of one row only.
        grid.setColumnMinimumWidth(column, share * 4)
    return grid


def _grid_of_headings() -> QWidget:
    header = QWidget()
    grid = _grid(header)
    grid.addWidget(_Shape(), 0, 0)
    for column, (word, _) in enumerate(_COLUMNS, start=1):
        heading = Ink(word, tone=Tone.MUTED, font=sized(0.88))
        grid.addWidget(heading, 0, column)
        if column == len(_COLUMNS):
            heading.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return header
