"""What a renter may change about a cluster that runs, and what that would mean (docs/decisions/0023). Pure nouns."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from core.model import MAX_SHARES, Amount
from core.quote import Quote

LEAST_EXTENSION_S: Final = 300
MOST_EXTENSION_S: Final = 30 * 86_400


class ChangeKind(StrEnum):
    """Another number of workers, another machine for one of them, or more time for all."""

    RESIZE = "resize"
    REPLACE = "replace"
    EXTEND = "extend"


@dataclass(frozen=True, slots=True)
class Change:
    """RESIZE to `workers`; REPLACE the worker that screens number `worker`; EXTEND by `seconds`.

    The fields of the other kinds are zero. Raises ValueError, naming the field.
    """

    kind: ChangeKind
    workers: int = 0
    worker: int = 0
    seconds: int = 0

    def __post_init__(self) -> None:
        bounds = {
            "workers": (1, MAX_SHARES, ChangeKind.RESIZE),
            "worker": (0, 100_000, ChangeKind.REPLACE),
            "seconds": (LEAST_EXTENSION_S, MOST_EXTENSION_S, ChangeKind.EXTEND),
        }
        for name, (least, most, kind) in bounds.items():
            low, high = (least, most) if kind is self.kind else (0, 0)
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be between {low} and {high} to {self.kind} a cluster")


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would mean now, and bind nobody to: one sentence, the quote of what is leased, who leaves.

    `quote` is None where nothing is leased; `leaving` are workers as screens number them; `most` is what the change
    can add to what the cluster costs.
    """

    change: Change
    sentence: str
    quote: Quote | None = None
    leaving: tuple[int, ...] = ()
    most: Amount = Amount(0)
