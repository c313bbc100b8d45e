"""The colours, once: the theme and the words in tables use the same. None carries a meaning alone."""

from typing import Final

from textual.theme import Theme

COIN: Final = "#ffc66d"
GOOD: Final = "#8fd694"
WAIT: Final = "#f2d479"
TURN: Final = "#7fd3d8"
BAD: Final = "#ff7b85"
DIM: Final = "#8795a8"
LINE: Final = "#3d4a5c"

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
