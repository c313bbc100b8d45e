"""Three ways to begin: how much of a machine is shared, from what it has. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import Final

import msgspec

from core.model import Kind, Resources
from core.observed import Measured
from core.owner import Donor, Limits


class Preset(StrEnum):
    """How generous the owner is to begin with."""

    GENTLE = "gentle"
    BALANCED = "balanced"
    GENEROUS = "generous"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What of the machine is shared while its owner is away, and what while they work (None: nothing is)."""

    away: Fraction
    in_use: Fraction | None
    gpus: bool


_PARTS: Final = {
    Preset.GENTLE: _Parts(Fraction(1, 4), None, gpus=False),
    Preset.BALANCED: _Parts(Fraction(1, 2), Fraction(1, 4), gpus=False),
    Preset.GENEROUS: _Parts(Fraction(3, 4), Fraction(1, 2), gpus=True),
}

_LEAST: Final = Resources(1000, Kind.SPARK.least_memory_mib, Kind.SPARK.least_disk_mib)
_STEP: Final = Resources(1000, 512, 1024)
_MOST_DISK_MIB: Final = 100 * 1024


def preset(which: Preset, donor: Donor, measured: Measured) -> Donor:
    """`donor` with the limits of a preset: whole cores, and never less than one worker needs where there is as much.

    Of the disk it is a part of what is free; "gentle" shares only while the owner is away.
    """
    parts = _PARTS[which]
    return msgspec.structs.replace(
        donor,
        limits=_limits(donor.limits, parts.away, measured, gpus=parts.gpus),
        in_use=None if parts.in_use is None else _limits(donor.limits, parts.in_use, measured, gpus=False),
        when=msgspec.structs.replace(donor.when, only_when_idle=parts.in_use is None),
    )


def _limits(limits: Limits, part: Fraction, measured: Measured, *, gpus: bool) -> Limits:
    total = measured.total
    source = replace(total, disk_mib=min(total.disk_mib, measured.free.disk_mib))
    shared = Resources(
        _part(source.cpu_millis, part, _LEAST.cpu_millis, _STEP.cpu_millis),
        _part(source.memory_mib, part, _LEAST.memory_mib, _STEP.memory_mib),
        min(_part(source.disk_mib, part, _LEAST.disk_mib, _STEP.disk_mib), _MOST_DISK_MIB),
        total.gpu_count if gpus else 0,
        total.gpu_memory_mib if gpus else 0,
    )
    return msgspec.structs.replace(limits, **dict(shared.dimensions()))


def _part(has: int, part: Fraction, least: int, step: int) -> int:
    whole_steps = int(has * part) // step * step
    return min(max(whole_steps, least), has)
