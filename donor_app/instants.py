"""Lengths and instants as a person types them: exact, strict, refused with a sentence. Pure."""

import re
from datetime import datetime, timedelta
from typing import Final

from core.allowance import NEVER
from core.errors import InvalidInput

LONGEST_S: Final = 30 * 86_400

_LENGTH: Final = re.compile(r"(?:([0-9]{1,3})d)?(?:([0-9]{1,4})h)?(?:([0-9]{1,5})m)?(?:([0-9]{1,7})s)?")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def length_s(text: str) -> int:
    """Seconds of "45m", "1h30m", "2d". Raises InvalidInput."""
    found = _LENGTH.fullmatch(text)
    if found is None or not text:
        raise InvalidInput(f"{text!r} is not a length of time.", "Write 45m, 1h, 1h30m or 2d.")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    total_s = days * 86_400 + hours * 3600 + minutes * 60 + seconds
    if not 0 < total_s <= LONGEST_S:
        raise InvalidInput(f"{text!r} is out of bounds.", "A pause lasts up to 30 days, or `--until resumed`.")
    return total_s


def until(text: str, local: datetime) -> int:
    """The next instant at which the clock shows "07:00", an hour of the owner's own; "resumed" is NEVER.

    `local` is now, with the owner's time zone. Raises InvalidInput.
    """
    if text == "resumed":
        return NEVER
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise InvalidInput(f"{text!r} is not a time of day.", "Write 07:00, or `resumed` to pause until you resume.")
    wanted = local.replace(hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0)
    if wanted <= local:
        wanted += timedelta(days=1)
    return int(wanted.timestamp())
