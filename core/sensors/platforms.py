"""The sensors of the machine that this runs on: the one place that asks which system that is."""

import sys
import time

from core.sensors.machine import MachineSensors


def machine_sensors() -> MachineSensors:
    """This platform's sensors. Nothing is opened before the first reading."""
    if sys.platform == "win32":
        from core.sensors.windows import senses
    elif sys.platform == "darwin":
        from core.sensors.darwin import senses
    else:
        from core.sensors.linux import senses
    return MachineSensors(senses(time.monotonic))
