"""The application's theme, of the colours that its words have."""

from typing import Final

from textual.theme import Theme

from renter_tui.widgets.palette import BAD, COIN, GOOD

NIGHT: Final = Theme(
    name="sparecloud",
    primary="#7cc4ff",
    secondary="#8aa2c8",
    accent=COIN,
    foreground="#d7dee9",
    background="#10151d",
    surface="#161d28",
    panel="#202a38",
    success=GOOD,
    warning=COIN,
    error=BAD,
    dark=True,
)
