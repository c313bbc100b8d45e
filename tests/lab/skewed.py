"""`python -m tests.lab.skewed SECONDS MODULE [ARGUMENT ...]`: run a module whose clock is off by so much, spans right.

Only what reads time.time and time.time_ns is fooled, as every program of ours does. libfaketime would fool libraries
too, but with Python 3.11 either sleeping fails or waiting hangs.
"""

import runpy
import sys
import time


def main() -> None:
    """Shift the clock, then be the module."""
    off_s = int(sys.argv[1])
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + off_s
    time.time_ns = lambda: right_ns() + off_s * 10**9
    del sys.argv[:2]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
