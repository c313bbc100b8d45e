"""What the allocator is compared with: textbook greedy rules and a cluster scheduler's, vectorised.

Each rule is a function of a problem and a seed, and gives picks or None where it finds no feasible solution.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from benchmarks.allocator.baselines import choosing, picking, placing, seating
from benchmarks.allocator.instances import Integers

Rule = Callable[[Any, int], Integers | None]

RULES: Final[Mapping[str, Mapping[str, Rule]]] = {
    "mkp": picking.RULES,
    "mmkp": choosing.RULES,
    "vbp": placing.BINS,
    "vsvbp": placing.FLEET,
    "tbpp": seating.RULES,
}
"""The rules of each family, by name."""
