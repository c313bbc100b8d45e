"""Whether the application's window grows or dies while it is redrawn and changes its state all the time."""

import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import Final

import psutil

from benchmarks.desktop.desk import Desk
from core.errors import SparecloudError

_RESTLESS: Final = [sys.executable, "-m", "benchmarks.desktop.restless"]
_WARM_S: Final = 60
"""After so long every page was made, and drawn in every state."""

_SAMPLE_EVERY_S: Final = 2
_SAMPLES_OF_AN_END: Final = 10


@dataclass(frozen=True, slots=True)
class Growth:
    """MiB resident: medians over twenty seconds after the first minute and at the end, and the most in between."""

    began_mib: float
    ended_mib: float
    most_mib: float


def soaked(place: Desk, minutes: float) -> Growth:
    """Redraw for so long, a minute at least. Raises SparecloudError where the application ends meanwhile."""
    with place.running("soak", _RESTLESS) as process:
        time.sleep(_WARM_S)
        samples: list[float] = []
        until = time.monotonic() + max(0.0, minutes * 60 - _WARM_S)
        while time.monotonic() < until or len(samples) < _SAMPLES_OF_AN_END:
            if process.poll() is not None:
                raise SparecloudError(f"The application ended after {len(samples)} samples: {place.said('soak')}")
            samples.append(psutil.Process(process.pid).memory_info().rss / 2**20)
            time.sleep(_SAMPLE_EVERY_S)
    ends = samples[:_SAMPLES_OF_AN_END], samples[-_SAMPLES_OF_AN_END:]
    return Growth(round(median(ends[0]), 1), round(median(ends[1]), 1), round(max(samples), 1))
