"""Which donors host a cluster: pure, deterministic, the same for everybody who reads the same offers.

`pack` answers a Quote or a Shortfall; `check` recomputes every rule of docs/allocation.md apart from it.
"""

from core.allocator.check import check
from core.allocator.market import MARGIN_S, NOTHING_KNOWN, Known, Market
from core.allocator.packing import pack, quote
from core.allocator.problems.effort import Effort
from core.allocator.why import why

__all__ = ["MARGIN_S", "NOTHING_KNOWN", "Effort", "Known", "Market", "check", "pack", "quote", "why"]
