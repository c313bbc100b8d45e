"""Inner loops compiled by Numba where it is installed (the `solver` extra), plain Python where it is not."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

try:
    from numba import njit
except ImportError:
    COMPILED = False

    def jit(function: Callable[P, R]) -> Callable[P, R]:
        """`function` itself: Numba is not installed."""
        return function
else:
    COMPILED = True

    def jit(function: Callable[P, R]) -> Callable[P, R]:
        """`function` compiled at its first call and kept on disk; releases the interpreter's lock."""
        compiled: Callable[P, R] = njit(cache=True, nogil=True)(function)
        return compiled
