"""What was earned in each of the last sixty minutes, as far as this process has watched. Pure."""

from collections import deque
from typing import Final

from core.model import Amount

MINUTES: Final = 60


class EarningsHistory:
    """Minute by minute gains, told from the growing total. The first total is where it starts, and no gain."""

    def __init__(self) -> None:
        self._total: int | None = None
        self._minutes: deque[tuple[int, int]] = deque(maxlen=MINUTES)

    def add(self, now: int, total: Amount) -> None:
        """The total was `total` at `now` (Unix seconds). A clock set back, or a total that fell, gains nothing odd."""
        gained = max(0, total - self._total) if self._total is not None else 0
        self._total = total
        if not gained:
            return
        minute = now // 60
        if self._minutes and self._minutes[-1][0] >= minute:
            newest, before = self._minutes.pop()
            self._minutes.append((newest, before + gained))
        else:
            self._minutes.append((minute, gained))

    def bars(self, now: int) -> tuple[Amount, ...]:
        """Sixty gains, oldest first; the last is the minute of `now`."""
        gains = dict(self._minutes)
        last = now // 60
        return tuple(Amount(gains.get(minute, 0)) for minute in range(last - MINUTES + 1, last + 1))
