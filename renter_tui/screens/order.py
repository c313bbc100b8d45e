"""What a person typed into the launch form, as a Request: refused with a sentence that names the field."""

from collections.abc import Mapping
from decimal import Decimal, localcontext
from typing import Final

from core.errors import InvalidInput
from core.model import COIN_UNIT, Amount, Resources
from core.quote import Request

_FIELDS: Final = {
    "cpu_millis": "Cores",
    "memory_mib": "Memory",
    "workers": "Workers",
    "duration_s": "Hours",
    "ceiling": "Ceiling",
    "tightness_percent": "Tightness",
}


def read_order(typed: Mapping[str, str]) -> Request:
    """The Request for fields workers, cores, memory (GiB), hours, tightness (percent), ceiling (SPARE, may be empty).

    Raises InvalidInput.
    """
    cpu_millis = _whole(typed["cores"], 1000, "Cores")
    memory_mib = _whole(typed["memory"], 1024, "Memory")
    workers = _whole(typed["workers"], 1, "Workers")
    duration_s = _whole(typed["hours"], 3600, "Hours")
    ceiling = Amount(_whole(typed["ceiling"], COIN_UNIT, "Ceiling")) if typed["ceiling"].strip() else None
    try:
        shape, tightness = Resources(cpu_millis, memory_mib), _whole(typed["tightness"], 1, "Tightness")
        return Request(shape, workers, duration_s, ceiling=ceiling, tightness_percent=tightness)
    except ValueError as error:
        field = next((title for name, title in _FIELDS.items() if name in str(error)), "The order")
        raise InvalidInput(f"{field} is out of bounds: {error}.") from error


def _whole(text: str, units: int, field: str) -> int:
    """`text` as whole `units`, what is smaller cut off; exact, never through a float."""
    sentence = f"{field} must be a number, like {'3' if units == 1 else '2 or 0.5'}."
    try:
        with localcontext(prec=100):
            value = Decimal(text.strip()) * units
            whole = int(value) if value.is_finite() and 0 <= value < 2**128 else -1
    except ArithmeticError as error:
        raise InvalidInput(sentence) from error
    if whole < 0 or (units == 1 and whole != value):
        raise InvalidInput(sentence)
    return whole
