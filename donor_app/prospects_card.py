"""What this machine could earn, told before it ever did: three days of different length, and where its price stands."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from core.earnings import money
from core.owner import Costs
from core.prospects import Day, Prospects
from core.view import resources_text, spare
from donor_app.agent import Problem
from donor_app.cards import Card
from donor_app.theme import Ink, Tone, sized
from donor_app.words import say, told

_DECIMALS = 4


class ProspectsCard(Card):
    """Estimates, each with what it assumes."""

    def __init__(self) -> None:
        super().__init__(say("What could I earn?"))
        self._intro = Ink(say("Reading the market…"), tone=Tone.MUTED, wraps=True)
        self._table = _Table()
        self._place = Ink(wraps=True)
        self._caveat = Ink(tone=Tone.MUTED, font=sized(0.92), wraps=True)
        for part in (self._intro, self._table, self._place, self._caveat):
            self.body.addWidget(part)
        self._table.hide()

    def draw(self, prospects: Prospects, costs: Costs) -> None:
        """Show `prospects`, which were reckoned with `costs`."""
        if not prospects.resources.cpu_millis or not prospects.resources.memory_mib:
            self._tell(say("Nothing of this machine can be shared within the limits. Raise them in the settings."))
            return
        self._intro.setText(
            say(
                "If all that you can share is leased ({resources}), a day brings:",
                resources=resources_text(prospects.resources),
            )
        )
        self._table.draw(prospects.days, costs)
        self._place.setText(_place(prospects))
        self._caveat.setText(_caveat(prospects, costs))
        for part in (self._table, self._place, self._caveat):
            part.show()

    def refuse(self, problem: Problem) -> None:
        """Tell why there is nothing to show."""
        self._tell(f"{told(problem.title)} {told(problem.hint)}".strip())

    def _tell(self, sentence: str) -> None:
        self._intro.setText(sentence)
        for part in (self._table, self._place, self._caveat):
            part.hide()


class _Table(QWidget):
    """A row a day; a column that nothing is known for is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 2, 0, 2)
        self._grid.setHorizontalSpacing(14)
        self._grid.setVerticalSpacing(7)
        self._cells: list[list[Ink]] = []

    def draw(self, days: tuple[Day, ...], costs: Costs) -> None:
        rows = [_headings(), *(_row(day, costs) for day in days)]
        while len(self._cells) < len(rows):
            self._add_row(len(rows[0]))
        known = [any(row[column] for row in rows[1:]) for column in range(len(rows[0]))]
        for cells, row in zip(self._cells, rows, strict=True):
            for cell, text, shown in zip(cells, row, known, strict=True):
                cell.setText(text)
                cell.setVisible(shown)
        for column, shown in enumerate(known):
            self._grid.setColumnStretch(column, int(shown))
        sentences = (
            ", ".join(f"{head}: {text}" for head, text in zip(rows[0], row, strict=True) if text) for row in rows[1:]
        )
        self.setAccessibleName(say("What could I earn?"))
        self.setAccessibleDescription(". ".join(sentences))

    def _add_row(self, columns: int) -> None:
        place = len(self._cells)
        tone, font = (Tone.MUTED, sized(0.88)) if not place else (Tone.TEXT, sized(1.0))
        row = [Ink(tone=tone, font=font, wraps=not place) for _ in range(columns)]
        for column, cell in enumerate(row):
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            cell.setAlignment(side | Qt.AlignmentFlag.AlignBottom)
            self._grid.addWidget(cell, place, column)
        self._cells.append(row)


def _headings() -> tuple[str, ...]:
    return (
        say("Leased a day"),
        say("At your price"),
        say("At the market's price"),
        say("Electricity about"),
        say("Left over about"),
    )


def _row(day: Day, costs: Costs) -> tuple[str, ...]:
    return (
        say("{hours} hours", hours=day.hours),
        spare(day.at_own, digits=_DECIMALS),
        "" if day.at_market is None else spare(day.at_market, digits=_DECIMALS),
        money(day.electricity_milli, costs.currency),
        "" if day.left_milli is None else money(day.left_milli, costs.currency),
    )


def _place(prospects: Prospects) -> str:
    own = spare(prospects.own_hourly, digits=_DECIMALS)
    if prospects.market_hourly is None:
        priced = say("You ask {own} for one core with 2 GiB and an hour.", own=own)
    else:
        priced = say(
            "You ask {own} for one core with 2 GiB and an hour; the middle one of {count} other donors asks {market}.",
            own=own,
            count=prospects.donors,
            market=spare(prospects.market_hourly, digits=_DECIMALS),
        )
    return f"{told(prospects.rank)} {priced}"


def _caveat(prospects: Prospects, costs: Costs) -> str:
    said = [say("How many hours a day renters come for is a guess: nobody can know it, and some days none come.")]
    if prospects.break_even_milli is None:
        said.append(say("You ask nothing: no price would pay for the electricity."))
    elif not costs.coin_milli:
        said.append(
            say(
                "The electricity is paid for where one SPARE is worth {worth} or more to you.",
                worth=money(prospects.break_even_milli, costs.currency),
            )
        )
    return " ".join(said)
