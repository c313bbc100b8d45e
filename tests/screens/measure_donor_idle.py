"""What the donor's application costs: `python -m tests.screens.measure_donor_idle [SECONDS]`, on Linux with a tray.

Prints resident and private memory, processor time and wake-ups while hidden in the tray with a view a second, and
how long a first window takes from the start of the process. tests/screens/with_tray.sh has a tray.
"""

import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import psutil

_SETTLES_S: Final = 20
_DEMO: Final = (sys.executable, "-m", "tests.screens.donor_tray_demo")


def main() -> None:
    """Measure, and print a line a figure."""
    watched_s = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"first window      {min(_first_window_s() for _ in range(3)):.2f} s")
    with subprocess.Popen(_DEMO, stderr=subprocess.DEVNULL) as started:
        process = psutil.Process(started.pid)
        time.sleep(_SETTLES_S)
        before_s, before_wakes = _busy_s(process), _wakes(process)
        time.sleep(watched_s)
        busy, wakes = (_busy_s(process) - before_s) / watched_s, (_wakes(process) - before_wakes) / watched_s
        memory = process.memory_full_info()
        print(f"resident          {memory.rss / 2**20:.1f} MiB")
        print(f"private           {memory.uss / 2**20:.1f} MiB")
        print(f"of one core       {100 * busy:.2f} %")
        print(f"wake-ups          {wakes:.2f} a second")
        process.terminate()


def _first_window_s() -> float:
    begun = time.monotonic()
    with subprocess.Popen(
        [*_DEMO, "--window"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as started:
        assert started.stdout is not None
        started.stdout.readline()
        took_s = time.monotonic() - begun
        started.terminate()
    return took_s


def _busy_s(process: psutil.Process) -> float:
    """To the nanosecond: the kernel's ticks of 10 ms are longer than what is measured."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in _tasks(process)) / 1e9


def _wakes(process: psutil.Process) -> int:
    """Of all threads: how often one slept and was woken."""
    told = ((task / "status").read_text().partition("\nvoluntary_ctxt_switches:")[2] for task in _tasks(process))
    return sum(int(rest.split()[0]) for rest in told)


def _tasks(process: psutil.Process) -> list[Path]:
    return list(Path(f"/proc/{process.pid}/task").iterdir())


if __name__ == "__main__":
    main()
