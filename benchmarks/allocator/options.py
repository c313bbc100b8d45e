"""What a run was asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Say = Callable[[str], None]
"""Where a run tells how far it is."""


@dataclass(frozen=True, slots=True)
class Options:
    """`baselines` are names as they are typed, None for all; `only` a pattern of names; `sample` so many a family."""

    data: Path
    limit_s: float
    seed: int
    only: str = "*"
    sample: int | None = None
    baselines: frozenset[str] | None = None
    requests: int = 200

    def wants(self, baseline: str) -> bool:
        """True where the baseline is to run."""
        return self.baselines is None or typed(baseline) in self.baselines


def typed(name: str) -> str:
    """A baseline's name as it is typed: lower case, hyphens for spaces."""
    return name.lower().replace(" ", "-")
