"""The colours, once: the theme and the words in tables use the same. None carries a meaning alone.

Verbs of the command line use them too, and do not wait for Textual.
"""

from typing import Final

COIN: Final = "#ffc66d"
GOOD: Final = "#8fd694"
WAIT: Final = "#f2d479"
TURN: Final = "#7fd3d8"
BAD: Final = "#ff7b85"
DIM: Final = "#8795a8"
LINE: Final = "#3d4a5c"
