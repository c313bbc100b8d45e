"""Prices as people say them, in coin for an hour of a core, a GiB or a GPU, and as offers state them. Pure, exact.

An offer prices the smallest part (a milli-core, a MiB) for one second in the coin's smallest unit. What is typed is
rounded up to that, so that nobody asks for less than they wrote; what is shown is the shortest text that means the
same.
"""

from core.errors import InvalidInput

CORE, GIB, GPU = 1000, 1024, 1
"""How many of the parts that offers price are in what people name."""

HIGHEST_RATE = 10**18

_HOUR_S, _COIN_DIGITS, _MONEY_DIGITS = 3600, 18, 3


def rate_of(text: str, parts: int) -> int:
    """The price of one part for one second that `text`, coin for an hour of `parts`, asks. Raises InvalidInput."""
    rate = -(-_scaled(text, _COIN_DIGITS) // (_HOUR_S * parts))
    if rate > HIGHEST_RATE:
        raise InvalidInput(f"{text} is more than any offer can ask.", "Write a smaller sum.")
    return rate


def price_text(rate: int, parts: int) -> str:
    """The shortest text that `rate_of` reads back as `rate`: 5_555_555_556 for a milli-core is "0.02" for a core."""
    hourly = rate * _HOUR_S * parts
    for digits in range(_COIN_DIGITS):
        step = 10 ** (_COIN_DIGITS - digits)
        shown = hourly // step * step
        if -(-shown // (_HOUR_S * parts)) == rate:
            return _text(shown, _COIN_DIGITS)
    return _text(hourly, _COIN_DIGITS)


def milli_of(text: str) -> int:
    """A sum of money in thousandths, at most 10^9 of them. Raises InvalidInput."""
    milli = _scaled(text, _MONEY_DIGITS)
    if milli > 10**9:
        raise InvalidInput(f"{text} is more than is believable.", "Write a smaller sum.")
    return milli


def milli_text(milli: int) -> str:
    """Thousandths as a sum of money: 300 is "0.3"."""
    return _text(milli, _MONEY_DIGITS)


def _scaled(text: str, digits: int) -> int:
    whole, _, decimals = text.strip().replace(",", ".").partition(".")
    plain = (whole + decimals).isascii() and (whole + decimals).isdigit()
    if not plain or len(decimals) > digits or len(whole) > 12:
        raise InvalidInput(
            f'"{text}" is not a sum.', f"Write it in digits with a point, such as 0.02, and {digits} decimals at most."
        )
    # Padded to so many decimals, the digits are the number of the smallest parts.
    return int((whole or "0") + decimals.ljust(digits, "0"))


def _text(scaled: int, digits: int) -> str:
    whole, rest = divmod(scaled, 10**digits)
    decimals = f"{rest:0{digits}d}".rstrip("0")
    return f"{whole}.{decimals}" if decimals else str(whole)
